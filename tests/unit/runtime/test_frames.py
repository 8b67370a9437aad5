"""contract/frames.py and snapshots.py: the socket's messages to the letter, `type` first."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreboard_runtime.contract import frames
from scoreboard_runtime.contract.changes import COMPLETED, FAILED, Change, Ranked
from scoreboard_runtime.contract.snapshots import Entry, Snapshot, UserSnapshot

NOW = 1_795_520_000_123_456
AT = "2026-11-24T11:33:20.123Z"
ENTRY = Entry(1, "u1", "Ann", 700, AT)
BOARD = Snapshot(
    board="main", window="current", epoch="e1", sequence=4, total=9, entries=[ENTRY]
)  # fmt: skip


def a_change(**more) -> Change:
    known = {
        "job": "j1", "user": "u1", "username": "Ann", "action": "level", "status": COMPLETED,
        "points": 100, "score": 700, "version": 7, "reached_us": NOW, "submitted_us": NOW,
        "committed_us": NOW,
    }  # fmt: skip
    return Change(**{**known, **more})


def read(payload: bytes) -> dict:
    assert payload.startswith(b'{"type":"'), "type is the first field"
    return json.loads(payload)


def test_a_version_of_the_board():
    assert read(frames.scoreboard_updated(BOARD, NOW)) == {
        "type": "scoreboard_updated", "board": "main", "window": "current", "epoch": "e1",
        "sequence": 4, "total": 9, "at": AT,
        "entries": [{"rank": 1, "userId": "u1", "username": "Ann", "score": 700, "reachedAt": AT}],
    }  # fmt: skip


@pytest.mark.parametrize("ident", [None, 7, "x", {"a": [1]}])
def test_a_board_that_is_joined_comes_with_its_snapshot(ident):
    found = read(frames.subscribed_board(BOARD, recovered=True, ident=ident))

    assert found.pop("snapshot") == json.loads(msgspec.json.encode(BOARD))
    assert found.pop("id", None) == ident
    assert found == {
        "type": "subscribed", "channel": "scoreboard", "board": "main", "window": "current",
        "epoch": "e1", "sequence": 4, "recovered": True,
    }  # fmt: skip


def test_a_stream_begins_with_what_the_api_answers():
    found = read(frames.snapshot_event(BOARD, recovered=True))

    assert (found.pop("type"), found.pop("recovered")) == ("snapshot", True)
    assert found == json.loads(msgspec.json.encode(BOARD))


def test_a_streams_end_has_a_sockets_code():
    said = read(frames.closed_event(frames.RESTART, "restarting"))

    assert said == {"type": "closed", "code": 1012, "reason": "restarting"}


def test_who_is_curious_hears_a_rate():
    joined = read(frames.subscribed_activity("main", None))

    assert joined == {"type": "subscribed", "channel": "activity", "board": "main"}
    assert read(frames.activity("main", 2.4, NOW)) == {
        "type": "activity", "board": "main", "actionsPerSecond": 2.4, "at": AT,
    }  # fmt: skip


@given(st.text(min_size=1), st.integers(0, 10**17))
def test_an_events_id_says_where_its_client_was(epoch: str, sequence: int):
    assert frames.since_event(frames.event_id(epoch, sequence)) == frames.Since(epoch, sequence)


@pytest.mark.parametrize(
    "ident", [None, "", "7", ":7", "e:", "e:x", "e:-1", "e:1.5", "e:²", "e:" + "9" * 19]
)
def test_what_is_no_id_says_nothing(ident: str | None):
    assert frames.since_event(ident) is None


def test_a_users_channel_that_is_joined_comes_with_score_rank_and_jobs():
    mine = UserSnapshot(user_id="u1", username="Ann", score=0, rank=None, pending_jobs=["j2"])

    assert read(frames.subscribed_user(mine, ("e1", 0), recovered=False, ident=None)) == {
        "type": "subscribed", "channel": "user", "epoch": "e1", "sequence": 0, "recovered": False,
        "snapshot": {"userId": "u1", "username": "Ann", "score": 0, "rank": None, "pendingJobs": ["j2"]},
    }  # fmt: skip


@pytest.mark.parametrize(("job", "rank"), [("j1", 3), ("", None)])
def test_a_users_score_has_every_field_even_where_nothing_is_known(job, rank):
    ranked = Ranked(a_change(job=job), rank, None)

    assert read(frames.user_score_updated("main", "e1", ranked)) == {
        "type": "user_score_updated", "board": "main", "score": 700, "rank": rank, "delta": 100,
        "jobId": job or None, "epoch": "e1", "sequence": 7, "at": AT,
    }  # fmt: skip


def test_a_job_that_is_done_says_what_it_was_worth():
    assert read(frames.job_finished(Ranked(a_change(), 3, 5))) == {
        "type": "job_finished", "jobId": "j1", "action": "level", "status": "completed", "at": AT,
        "result": {"points": 100, "score": 700, "rank": 3, "previousRank": 5},
    }  # fmt: skip


def test_a_job_that_failed_says_why():
    failed = a_change(status=FAILED, error="ALREADY_COMPLETED", version=0)

    found = read(frames.job_finished(Ranked(failed, None, None)))
    assert (found["status"], found["error"]["code"]) == ("failed", "ALREADY_COMPLETED")
    assert found["error"]["detail"]
    assert "result" not in found


def test_an_error_leaves_the_id_out_where_there_was_none():
    assert read(frames.error("NOT_FOUND", "no such board")) == {
        "type": "error", "code": "NOT_FOUND", "detail": "no such board",
    }  # fmt: skip
    assert read(frames.error("NOT_FOUND", "no such board", 0))["id"] == 0


@given(st.text(max_size=200))
def test_no_text_is_taken_for_a_message_that_it_is_not(text):
    try:
        found = frames.decode(text)
    except (msgspec.DecodeError, ValueError):
        return
    assert isinstance(found, frames.Message)
