"""The client's end of a socket, against the frames that the server makes."""

import json
from typing import Any

import msgspec
import pytest

from scoreboard_client import conversation as talk
from scoreboard_client.conversation import Conversation, after
from scoreboard_client.models import JobFinished, SocketError, Standings, Subscribed, UserScore
from scoreboard_runtime.contract import frames
from scoreboard_runtime.contract.changes import FAILED, Change, Ranked
from scoreboard_runtime.contract.endpoints import SUBPROTOCOL
from scoreboard_runtime.contract.openapi.shapes import UserName
from scoreboard_runtime.contract.snapshots import Entry, Snapshot, UserSnapshot

BOTH = ("scoreboard", "user")
AT = 1_795_633_200_000_000


def standings(sequence: int, epoch: str = "e") -> Snapshot:
    entry = Entry(rank=1, user_id="u", username="ada", score=sequence, reached_at="t")
    return Snapshot(
        board="main", window="current", epoch=epoch, sequence=sequence, total=1, entries=[entry]
    )


def joined(sequence: int, *, recovered: bool = False, epoch: str = "e") -> bytes:
    return frames.subscribed_board(standings(sequence, epoch), recovered=recovered, ident=None)


def updated(sequence: int) -> bytes:
    return frames.scoreboard_updated(standings(sequence), AT)


def joined_user(sequence: int) -> bytes:
    mine = UserSnapshot(user_id="u", username="ada", score=9, rank=2, pending_jobs=["j"])
    return frames.subscribed_user(mine, ("e", sequence), recovered=False, ident=None)


def hear(conversation: Conversation, frame: bytes) -> tuple[list[Any], list[Any]]:
    return conversation.received(json.loads(frame))


def sequences(events: list[Any]) -> list[int]:
    return [event.sequence for event in events if isinstance(event, Standings)]


def test_a_guest_subscribes_at_once_to_what_is_public():
    guest = Conversation("main", BOTH)
    guest.connecting()

    assert guest.opened(None) == [{"type": "subscribe", "channel": "scoreboard", "board": "main"}]
    assert guest.state == talk.CONNECTED


def test_a_user_authenticates_then_subscribes_then_has_all():
    user = Conversation(None, BOTH)
    user.connecting()
    assert user.opened("token") == [{"type": "authenticate", "token": "token"}]
    assert user.state == talk.AUTHENTICATING

    asked, told = hear(user, frames.authenticated(UserName(id="u", username="ada", roles=[]), AT))

    assert [message["channel"] for message in asked] == ["scoreboard", "user"]
    assert (told, user.state) == ([], talk.AUTHENTICATED)
    _, told = hear(user, joined(4))
    assert isinstance(told[0], Subscribed)
    assert sequences(told) == [4]
    assert not user.whole
    _, (mine,) = hear(user, joined_user(7))
    assert (mine.score, mine.rank, mine.pending_jobs) == (9, 2, ("j",))
    assert user.whole
    user.lost()
    assert not user.whole


def test_what_the_client_says_is_what_the_server_reads():
    user = Conversation("main", BOTH)
    user.opened("t")
    hear(user, joined(4))
    asked, _ = hear(user, frames.authenticated(UserName(id="u", username="ada", roles=[]), AT))

    for message in [*user.opened("token"), *asked]:
        frames.decode(json.dumps(message))
    assert talk.SUBPROTOCOL == SUBPROTOCOL


def test_it_resumes_by_since_and_a_snapshot_that_was_seen_tells_nothing_new():
    watcher = Conversation("main", ("scoreboard",))
    watcher.opened(None)
    hear(watcher, joined(4))
    watcher.connecting()

    (asked,) = watcher.opened(None)

    assert asked["since"] == {"epoch": "e", "sequence": 4}
    _, told = hear(watcher, joined(4, recovered=True))
    assert sequences(told) == []
    assert told[0].recovered


def test_nothing_goes_back_in_time_but_a_new_epoch_begins_anew():
    watcher = Conversation("main", ("scoreboard",))

    assert sequences(hear(watcher, joined(4))[1]) == [4]
    assert sequences(hear(watcher, updated(6))[1]) == [6]
    assert sequences(hear(watcher, updated(5))[1]) == []
    assert sequences(hear(watcher, updated(6))[1]) == []
    assert sequences(hear(watcher, joined(1, epoch="f"))[1]) == [1]


def change(**more: Any) -> Ranked:
    made = Change(
        job="j", user="u", username="ada", action="level", status="completed", points=5, score=15,
        version=8, reached_us=AT, submitted_us=AT, committed_us=AT,
    )  # fmt: skip
    return Ranked(msgspec.structs.replace(made, **more), rank=3, previous_rank=4)


def test_scores_and_jobs_are_told_once():
    user = Conversation("main", BOTH)
    frame = frames.user_score_updated("main", "e", change())

    _, (score,) = hear(user, frame)

    assert isinstance(score, UserScore)
    assert (score.score, score.delta, score.rank, score.job_id) == (15, 5, 3, "j")
    assert hear(user, frame)[1] == []
    _, (done,) = hear(user, frames.job_finished(change()))
    assert isinstance(done, JobFinished)
    assert done.job.result is not None
    assert done.job.result.previous_rank == 4
    _, (failed,) = hear(user, frames.job_finished(change(status=FAILED, error="INTERNAL")))
    assert failed.job.error_code == "INTERNAL"


def test_errors_are_told_and_what_is_not_known_is_a_newer_servers():
    watcher = Conversation("main", ("scoreboard",))

    _, told = hear(watcher, frames.error("NOT_FOUND", "there is no board 'x'"))

    assert told == [SocketError("NOT_FOUND", "there is no board 'x'")]
    assert hear(watcher, b'{"type":"confetti"}') == ([], [])


@pytest.mark.parametrize("code", [*frames.CLOSES, 1000, 1001, 1006, None])
def test_closes_are_obeyed_as_the_contract_says(code: int | None):
    """After 4400, 4401 and 4403 something new is needed; after the others a client comes back."""
    wanted = {4400: "stop", 4403: "stop", 4401: "token"}

    assert after(code) == wanted.get(code or 0, "again")
    assert after(4403) == "stop"
