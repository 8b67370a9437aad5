"""contract/keys.py: every name in Valkey is its board's and nobody else's."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from scoreboard_runtime.contract.keys import SHARDS, Keys

# One argument of each name; two of each must give two names.
GIVEN: dict[str, tuple[Any, ...]] = {"shard": (1, 2), "minute": (5, 6)}


def names_of(keys: Keys) -> dict[str, Callable[..., Any]]:
    return {
        name: method
        for name, method in inspect.getmembers(keys, inspect.ismethod)
        if not name.startswith("_") and name != "streams"
    }


def called(method: Callable[..., Any], which: int) -> str:
    wanted = list(inspect.signature(method).parameters)
    found: str = method(*(GIVEN.get(name, (f"{name}1", f"{name}2"))[which] for name in wanted))
    return found


@pytest.mark.parametrize("name", names_of(Keys("arcade")))
def test_a_name_holds_the_instance_as_its_hash_tag_and_tells_its_arguments_apart(name):
    method, other = names_of(Keys("arcade"))[name], names_of(Keys("other"))[name]

    assert called(method, 0).startswith("sb:{arcade}:")
    assert called(method, 0) != called(other, 0)
    if inspect.signature(method).parameters:
        assert called(method, 0) != called(method, 1)


def test_no_two_names_are_the_same():
    found = [called(method, 0) for method in names_of(Keys("arcade")).values()]

    assert len(found) == len(set(found))


def test_board_and_window_are_in_the_names_of_the_standings():
    keys = Keys("arcade")

    for method in (keys.standings_ranks, keys.standings_players):
        assert method("daily", "w1", "e1") == method("daily", "w1", "e1")
        named = {method(*place) for place in (("a", "w", "e"), ("b", "w", "e"), ("a", "v", "e"))}
        assert len(named) == 3
    assert keys.standings_meta("daily", "w1") != keys.standings_meta("daily", "w2")


def test_there_is_a_stream_for_each_shard():
    streams = Keys("arcade").streams()

    assert len(set(streams)) == SHARDS
    assert streams[3] == Keys("arcade").stream(3)
