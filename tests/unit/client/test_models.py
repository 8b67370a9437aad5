"""The client reads what the server's own types say: the examples of the description are its input."""

from scoreboard_client import models
from scoreboard_runtime.contract.openapi import examples


def test_sessions_tasks_jobs_and_the_ledger_are_read():
    session = models.Session.of(examples.LOGIN)
    job = models.Job.of(examples.JOB)
    history = models.History.of(examples.HISTORY)

    assert session.signing_key == examples.LOGIN["session"]["signingKey"]
    assert session.user.roles == ("player",)
    assert models.Task.of(examples.TASK).id == examples.TASK_ID
    assert job.finished
    assert job.result is not None
    assert job.result.points == examples.JOB["result"]["points"]
    assert len(history.items) == len(examples.HISTORY["items"])


def test_secrets_are_not_shown():
    shown = repr(models.Session.of(examples.LOGIN))

    for secret in (examples.LOGIN["token"], examples.LOGIN["refreshToken"]):
        assert secret not in shown
    assert examples.LOGIN["session"]["signingKey"] not in shown


def test_a_failed_job_says_why_and_an_open_one_is_not_finished():
    told = {"jobId": "j", "action": "a", "status": "failed", "error": {"code": "X", "detail": "y"}}

    job = models.Job.of(told)

    assert (job.error_code, job.error_detail, job.result) == ("X", "y", None)
    assert not models.Job.of({"jobId": "j", "action": "a", "status": "queued"}).finished


def test_the_body_of_an_action_has_what_was_given():
    assert models.Action("level").body() == {"action": "level"}
    assert models.Action("boss", {"n": 1}, "t").body() == {
        "action": "boss", "data": {"n": 1}, "taskId": "t",
    }  # fmt: skip


def test_the_standings_around_somebody_without_a_score():
    told = {"board": "main", "window": "current", "epoch": "e", "sequence": 3, "total": 0,
            "entries": [], "rank": None, "percentile": None}  # fmt: skip

    around = models.Around.of(told)

    assert (around.rank, around.percentile, around.standings.sequence) == (None, None, 3)
