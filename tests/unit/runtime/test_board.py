"""contract/board.py: what the runtime obeys of a manifest."""

import json
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from tests.unit.runtime.manifests import a_manifest, an_action

from scoreboard_runtime.contract import crd
from scoreboard_runtime.contract.board import Action, Board, Limit, Oidc, Points

SECOND = 1_000_000
EXAMPLE = Path(__file__).parents[3] / "examples" / "arcade.yaml"


def parsed(change: str = ""):
    return crd.load(json.dumps(a_manifest(change)))


def test_the_example_is_the_contracts():
    arcade = crd.load(EXAMPLE.read_text(encoding="utf-8"))

    assert arcade.name == "arcade"
    assert arcade.boards == (Board(name="main", size=10, public=True),)
    assert arcade.actions == {
        "finish_level": Action(
            name="finish_level",
            points=Points(fixed=100),
            cooldown_us=10 * SECOND,
            limit=Limit(count=30, per_us=60 * SECOND),
            roles=frozenset({"player"}),
        ),
        "collect_coins": Action(
            name="collect_coins",
            points=Points(field="coins", each=2, max=500),
            limit=Limit(count=60, per_us=60 * SECOND),
        ),
        "daily_quiz": Action(name="daily_quiz", points=Points(fixed=250), once=True),
        "boss_fight": Action(
            name="boss_fight",
            points=Points(fixed=1000),
            issued=True,
            min_us=20 * SECOND,
            max_us=1800 * SECOND,
        ),
    }
    assert arcade.global_limit == Limit(count=20000, per_us=SECOND)
    assert arcade.address_limit == Limit(count=200, per_us=10 * SECOND)
    assert arcade.user_limit == Limit(count=60, per_us=60 * SECOND)


def test_a_small_manifest_has_the_defaults_of_the_example():
    arcade, small = crd.load(EXAMPLE.read_text(encoding="utf-8")), parsed()

    for name in ("global_limit", "address_limit", "user_limit", "registration_open", "signing",
                 "token_ttl_us", "refresh_ttl_us", "key_rotation_us", "l1_ttl_us", "l2_ttl_us",
                 "eager", "max_rate", "max_connections", "allowed_origins", "boards"):  # fmt: skip
        assert getattr(arcade, name) == getattr(small, name), name


@pytest.mark.parametrize(
    ("change", "attribute", "expected"),
    [
        ("auth: {registration: Closed}", "registration_open", False),
        ("auth: {tokenTTL: 1s}", "token_ttl_us", SECOND),
        ("security: {signing: 'Off'}", "signing", "Off"),
        ("cache: {refresh: Lazy}", "eager", False),
        ("cache: {l1TTL: 0ms}", "l1_ttl_us", 0),
        ("realtime: {maxRate: 60}", "max_rate", 60),
        ("exposure: {allowedOrigins: ['https://a.b']}", "allowed_origins", ("https://a.b",)),
        (
            "auth: {oidc: {issuer: 'https://id.example.com/', audience: us}}",
            "oidc",
            Oidc(issuer="https://id.example.com", audience="us"),
        ),
        (
            "boards: [{name: b, size: 3, visibility: Authenticated}]",
            "board",
            Board(name="b", size=3, public=False),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and ":" in value else "",
)
def test_a_field_is_obeyed(change, attribute, expected):
    assert getattr(parsed(change), attribute) == expected


def test_an_issued_task_without_times_lasts_an_hour():
    action = parsed(an_action("task: Issued")).actions["go"]

    assert (action.min_us, action.max_us) == (0, 3600 * SECOND)


def test_what_was_parsed_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        parsed().signing = "Off"
