"""rules/standings.py, admission.py, addresses.py, retry.py, shards.py, conflation.py, outbox.py,
origins.py and derivation.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreboard_runtime.contract.actions import ActionRequest
from scoreboard_runtime.contract.board import Action, Points
from scoreboard_runtime.contract.keys import SHARDS, shard_of
from scoreboard_runtime.rules.addresses import client_address
from scoreboard_runtime.rules.admission import Fault, Finding, judge, judge_all
from scoreboard_runtime.rules.conflation import Conflation
from scoreboard_runtime.rules.derivation import REFRESH, SIGNING, TOKEN, derive
from scoreboard_runtime.rules.origins import allowed
from scoreboard_runtime.rules.outbox import MOST_OWED, PATIENCE_US, Outbox
from scoreboard_runtime.rules.retry import FIRST, LONGEST, delay
from scoreboard_runtime.rules.shards import assigned
from scoreboard_runtime.rules.standings import Standings


def order(*rows: tuple[str, int, int]) -> list[str]:
    board = Standings()
    for user, score, reached in rows:
        board.apply(user, score, reached, 1)
    return [place.user for place in board.order()]


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        pytest.param([("a", 1, 0), ("b", 3, 9), ("c", 2, 5)], "bca", id="the higher score"),
        pytest.param([("a", 5, 30), ("b", 5, 10), ("c", 5, 20)], "bca", id="who was first"),
        pytest.param([("b", 5, 10), ("a", 5, 10)], "ab", id="the smaller id"),
        pytest.param([("a", 2**53 - 2, 0), ("b", 2**53 - 1, 9)], "ba", id="53 bits"),
    ],
)
def test_the_order_of_the_standings(rows, wanted):
    assert order(*rows) == list(wanted)


def test_a_change_that_is_not_newer_does_nothing_and_who_has_no_score_has_no_rank():
    board = Standings()
    assert board.apply("a", 5, 10, 1)

    assert not board.apply("a", 4, 5, 1)
    assert (board.rank("a"), board.rank("b")) == (1, None)


def test_the_model_counts_who_has_a_lower_score_and_shows_the_top():
    board = Standings()
    for user, score in (("a", 5), ("b", 7), ("c", 5), ("d", 1)):
        board.apply(user, score, 10, 1)

    assert [board.lower(user) for user in "abcd"] == [1, 3, 1, 0], "equals are not lower"
    assert [place.user for place in board.top(2)] == ["b", "a"]


CATALOGUE = {
    action.name: action
    for action in (
        Action(name="level", points=Points(fixed=100), roles=frozenset({"player"})),
        Action(name="boss", points=Points(fixed=1000), issued=True),
        Action(name="coins", points=Points(field="coins", each=2, max=500)),
    )
}
PLAYER = frozenset({"player"})


@pytest.mark.parametrize(
    ("roles", "forbidden"),
    [(PLAYER, False), (frozenset({"player", "admin"}), False), (frozenset({"admin"}), True)],
)
def test_the_users_roles_decide_whether_it_is_forbidden(roles, forbidden):
    found = judge(ActionRequest("level"), CATALOGUE, roles)

    assert isinstance(found, Finding)
    assert (found.forbidden, found.points) == (forbidden, 100)


def test_an_action_that_is_not_there_is_layer_fours_to_refuse():
    found = judge(ActionRequest("fly", task_id="x", data={"a": 1}), CATALOGUE, PLAYER)

    assert found == Finding(ActionRequest("fly", task_id="x", data={"a": 1}), None)


@pytest.mark.parametrize(
    ("request_", "pointer"),
    [
        pytest.param(ActionRequest("boss"), "/taskId", id="an issued action needs its task"),
        pytest.param(ActionRequest("level", task_id="t"), "/taskId", id="another takes none"),
        pytest.param(ActionRequest("level", data={"x": 1}), "/data/x", id="data it does not take"),
        pytest.param(ActionRequest("coins"), "/data/coins", id="data it needs"),
        pytest.param(ActionRequest("coins", data={"a/b~": 1}), "/data/a~1b~0", id="an odd name"),
    ],
)
def test_the_requests_own_shape_is_a_fault_with_its_place(request_, pointer):
    found = judge(request_, CATALOGUE, PLAYER)

    assert isinstance(found, Fault)
    assert found.pointer == pointer


def test_every_fault_of_a_batch_is_named_with_its_entry():
    batch = [ActionRequest("level"), ActionRequest("boss"), ActionRequest("coins")]

    findings, faults = judge_all(batch, CATALOGUE, PLAYER)

    assert len(findings) == 1
    assert [fault.pointer for fault in faults] == ["/actions/1/taskId", "/actions/2/data/coins"]


PROXIES = ("10.0.0.0/8", "192.0.2.1")


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        pytest.param("203.0.113.9", None, "203.0.113.9", id="no proxy: the peer"),
        pytest.param("203.0.113.9", "1.1.1.1", "203.0.113.9", id="a stranger's word is no proof"),
        pytest.param("10.0.0.1", "203.0.113.9", "203.0.113.9", id="a trusted proxy is believed"),
        pytest.param("10.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9", id="only its own entry"),
        pytest.param("10.0.0.1", "203.0.113.9, 10.0.0.7, 192.0.2.1", "203.0.113.9", id="a chain"),
        pytest.param("10.0.0.1", None, "10.0.0.1", id="a proxy that says nothing"),
        pytest.param("10.0.0.1", "nonsense", "10.0.0.1", id="a proxy that says nonsense"),
        pytest.param("::ffff:203.0.113.9", None, "203.0.113.9", id="mapped IPv4 is IPv4"),
        pytest.param("2001:db8:1:2:3:4:5:6", None, "2001:db8:1:2::/64", id="IPv6 is its /64"),
        pytest.param("10.0.0.1", "[2001:db8::1]:443", "2001:db8::/64", id="IPv6 with a port"),
        pytest.param("10.0.0.1", "203.0.113.9:4711", "203.0.113.9", id="IPv4 with a port"),
        pytest.param("", None, "unknown", id="a unix socket"),
    ],
)
def test_the_nearest_address_that_is_no_trusted_proxy_is_charged(peer, forwarded, address):
    assert client_address(peer, forwarded, PROXIES) == address


chance = st.floats(0, 1, exclude_max=True)


@given(st.integers(1, 1000), chance)
def test_a_wait_is_bounded_never_nothing_and_grows(failures, jitter):
    assert FIRST / 2 <= delay(failures, jitter) <= LONGEST
    assert delay(failures + 1, jitter) >= delay(failures, jitter)


@given(st.sets(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=20))
def test_every_shard_has_one_owner_and_shares_are_even(workers):
    shares = [assigned(worker, workers, SHARDS) for worker in workers]

    assert sorted(shard for share in shares for shard in share) == list(range(SHARDS))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_users_spread_over_all_shards():
    assert {shard_of(f"user-{number}") for number in range(1000)} == set(range(SHARDS))


def test_the_first_version_goes_at_once_and_the_next_waits():
    conflation = Conflation(10)
    assert conflation.wait(5) == 0

    conflation.sent(1_000_000)

    assert conflation.wait(1_000_000) == 100_000
    assert conflation.wait(1_060_000) == 40_000
    assert conflation.wait(1_200_000) == 0


def test_a_slow_client_gets_the_latest_board_and_everything_of_its_own():
    outbox = Outbox()
    outbox.skip_board(1)
    outbox.skip_board(2)
    assert outbox.owe(b"a", 3)
    assert outbox.owe(b"b", 4)

    assert not outbox.too_slow(1 + PATIENCE_US)
    assert outbox.too_slow(2 + PATIENCE_US)
    assert outbox.take(b"latest") == b"ablatest"
    assert not outbox.behind
    assert outbox.take(b"latest") == b""


def test_a_client_that_is_owed_too_much_is_given_up():
    outbox = Outbox()

    assert all(outbox.owe(b"x", 1) for _ in range(MOST_OWED))
    assert not outbox.owe(b"x", 1)


@pytest.mark.parametrize(
    ("origin", "listed", "good"),
    [(None, ("https://a.example",), True), ("https://b.example", (), True),
     ("https://A.example", ("https://a.example/",), True),
     ("https://b.example", ("https://a.example",), False), ("null", ("https://a.example",), False)],
)  # fmt: skip
def test_only_listed_origins_may_open_a_socket(origin, listed, good):
    assert allowed(origin, listed) is good


def test_every_purpose_and_every_context_has_a_key_of_its_own():
    keys = {derive(b"m" * 32, purpose, context) for purpose in (TOKEN, SIGNING, REFRESH)
            for context in (b"", b"s1", b"s2")}  # fmt: skip

    assert len(keys) == 9
