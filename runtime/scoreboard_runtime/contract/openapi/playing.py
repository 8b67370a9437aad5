"""Operations of play: tasks, signed actions, what became of a job."""

from scoreboard_runtime.contract.board import Action, Scoreboard
from scoreboard_runtime.contract.openapi import examples
from scoreboard_runtime.contract.openapi.errors import example
from scoreboard_runtime.contract.openapi.operation import Answer, Operation
from scoreboard_runtime.contract.rejections import REJECTIONS, SIGNING, ZERO_TRUST

PLAY = "play"
SIGNED = ("X-Timestamp", "X-Nonce", "X-Signature")
_SIGNING_CODES = tuple(row.code for row in REJECTIONS.values() if row.layer == SIGNING)
_TRUST_CODES = tuple(row.code for row in REJECTIONS.values() if row.layer == ZERO_TRUST)


def _signing(board: Scoreboard) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Parameters and codes of layer 3, where the board has one."""
    return ((), ()) if board.signing == "Off" else (SIGNED, _SIGNING_CODES)


def _worth(action: Action) -> str:
    points = action.points
    if points.field is None:
        worth = f"{points.fixed} points"
    else:
        worth = f"{points.each} for each of `data.{points.field}`, {points.max} at most"
    once = ", once" if action.once else ""
    task = ", with a task" if action.issued else ""
    roles = f", for {', '.join(sorted(action.roles))}" if action.roles else ""
    return f"- `{action.name}`: {worth}{once}{task}{roles}"


def catalogue(board: Scoreboard) -> str:
    """What can be done and what it is worth, as a list."""
    return "\n".join(map(_worth, board.actions.values()))


def _task(board: Scoreboard) -> Operation:
    return Operation(
        method="post",
        path="/api/tasks",
        name="issueTask",
        tag=PLAY,
        summary="Ask for a task",
        description="A single-use task, bound to this user, for an action that needs one "
        "(`task: Issued`). It can be completed from `notBefore` until `expiresAt`; for another "
        "action the answer is 400.",
        session="required",
        body="TaskRequest",
        bodies=examples.task_bodies(board),
        answers={201: Answer(description="The task.", schema="Task", example=examples.TASK)},
        codes=("USER_RATE_LIMIT", "ACTION_LIMIT", "FORBIDDEN", "TASK_NOT_FOUND"),
    )


def _execute(board: Scoreboard) -> Operation:
    parameters, codes = _signing(board)
    return Operation(
        method="post",
        path="/api/actions/execute",
        name="execute",
        tag=PLAY,
        summary="Do an action",
        description="Four layers judge it; 202 means that it is durable and will count exactly "
        "once. The server computes the points; nothing that a client sends decides them.\n\n"
        f"{catalogue(board)}",
        session="required",
        parameters=(*parameters, "Idempotency-Key"),
        body="ActionRequest",
        bodies=examples.action_bodies(board),
        answers={
            202: Answer(
                description="Queued.",
                schema="Accepted",
                example=examples.ACCEPTED,
                headers=("Location", "Idempotency-Replayed"),
            )
        },
        codes=(
            *("USER_RATE_LIMIT", "ACTION_LIMIT", "FORBIDDEN", "IDEMPOTENCY_MISMATCH"),
            *("QUEUE_FULL", *codes, *_TRUST_CODES),
        ),
    )


def _batch(board: Scoreboard) -> Operation:
    parameters, codes = _signing(board)
    refused = example(REJECTIONS["COOLDOWN"])
    return Operation(
        method="post",
        path="/api/actions/execute-batch",
        name="executeBatch",
        tag=PLAY,
        summary="Do up to 100 actions",
        description="Layers 1 to 3 judge the whole request; `ACTION_LIMIT`, `FORBIDDEN`, layer 4 "
        "and `QUEUE_FULL` judge each entry, whose result is then a problem. An entry charges what "
        "an action charges. An empty list or one malformed entry refuses the whole with 400.",
        session="required",
        parameters=(*parameters, "Idempotency-Key"),
        body="BatchRequest",
        bodies=examples.batch_bodies(board),
        answers={
            202: Answer(
                description="The entries' results, in their order.",
                schema="BatchAnswer",
                example=examples.batch_results(refused),
                headers=("Idempotency-Replayed",),
            )
        },
        codes=("USER_RATE_LIMIT", "IDEMPOTENCY_MISMATCH", *codes),
    )


_JOB = Operation(
    method="get",
    path="/api/jobs/{jobId}",
    name="getJob",
    tag=PLAY,
    summary="What became of a job",
    description="With `wait` the answer comes when the job is finished, or when the time is up. "
    "404 for a job of somebody else, except to an admin.",
    session="required",
    parameters=("jobId", "wait"),
    answers={200: Answer(description="The job.", schema="JobStatus", example=examples.JOB)},
    codes=("NOT_FOUND", "VALIDATION_ERROR"),
)


def playing(board: Scoreboard) -> tuple[Operation, ...]:
    return (_task(board), _execute(board), _batch(board), _JOB)
