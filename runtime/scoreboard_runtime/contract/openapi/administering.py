"""Operations of role admin, and those on oneself: export and erase."""

from typing import Any

from scoreboard_runtime.contract.board import Scoreboard
from scoreboard_runtime.contract.openapi import admin_examples as examples
from scoreboard_runtime.contract.openapi.operation import Answer, Operation

ADMIN, ACCOUNTS = "admin", "accounts"
USER, BOARD = "/api/admin/users/{userId}", "/api/admin/boards/{boardName}"
LETTER = "/api/admin/dead-letters/{letterId}"
KEY = "Idempotency-Key"
AUDITED = "The call is in the audit log."


def _read(
    path: str, name: str, said: tuple[str, str], answer: Answer, *parameters: str
) -> Operation:
    own = ("NOT_FOUND",) if "{" in path else ()
    return Operation(
        method="get",
        path=path,
        name=name,
        tag=ADMIN,
        summary=said[0],
        description=said[1],
        session="required",
        parameters=parameters,
        answers={200: answer},
        codes=("FORBIDDEN", *(("VALIDATION_ERROR",) if parameters else ()), *own),
    )


def _change(
    path: str, name: str, said: tuple[str, str], answer: Answer, body: tuple[str, Any], **more: Any
) -> Operation:
    parameter = path.partition("{")[2].partition("}")[0]
    codes = ("FORBIDDEN", "NOT_FOUND", "IDEMPOTENCY_MISMATCH", *more.pop("codes", ()))
    return Operation(
        method=more.pop("method", "post"),
        path=path,
        name=name,
        tag=ADMIN,
        summary=said[0],
        description=f"{said[1]} {AUDITED}",
        session="required",
        parameters=(parameter, KEY),
        body=body[0],
        bodies={"why": body[1]},
        answers={200: answer},
        codes=codes,
        **more,
    )


def _person(description: str, *, ends: bool = False) -> Answer:
    shown = {**examples.PERSON, **({"sessionsEnded": 1} if ends else {})}
    return Answer(
        description=description,
        schema="PersonChanged",
        example=shown,
        headers=("Idempotency-Replayed",),
    )


_REASON = ("Reason", examples.REASON)
_FIND = _read(
    "/api/admin/users",
    "findUsers",
    (
        "Find users",
        "In name order: whose name holds the text, or who has the id. Without a text: all.",
    ),
    Answer(description="A page.", schema="People", example=examples.PEOPLE),
    "query",
    "pageSize",
    "cursor",
)
_ROLES = _change(
    f"{USER}/roles",
    "setRoles",
    (
        "Replace a user's roles",
        "All sessions of the user end: the next login has the new roles. The last admin stays one.",
    ),
    _person("The user.", ends=True),
    ("RolesOf", examples.ROLES),
    method="put",
)
_PEOPLE = (
    _change(
        f"{USER}/disable",
        "disableUser",
        (
            "Disable a user",
            "Logins are refused; every session ends here at once, elsewhere and on sockets within "
            "a second. Ranks stay. The last admin cannot be disabled.",
        ),
        _person("The user.", ends=True),
        _REASON,
    ),
    _change(
        f"{USER}/enable",
        "enableUser",
        ("Enable a user", "Logins are allowed again."),
        _person("The user."),
        _REASON,
    ),
    _change(
        f"{USER}/disqualify",
        "disqualifyUser",
        (
            "Take a player out of the ranks",
            "Everybody below moves up. Score and ledger stay, and what the player still does "
            "counts; it shows after a restore.",
        ),
        _person("The user."),
        _REASON,
    ),
    _change(
        f"{USER}/restore",
        "restoreUser",
        (
            "Put a disqualified player back",
            "At the place of score and time, as if they had never been away.",
        ),
        _person("The user."),
        _REASON,
    ),
    _change(
        f"{USER}/adjust",
        "adjustScore",
        (
            "Change a score by hand",
            "A row of the ledger with its reason; ranks and sockets follow as for an action. With "
            "an Idempotency-Key it is done once, however often it is sent.",
        ),
        Answer(
            description="The row.",
            schema="Adjustment",
            example=examples.ADJUSTMENT,
            headers=("Idempotency-Replayed",),
        ),
        ("Adjust", examples.ADJUST),
        codes=("SCORE_OUT_OF_RANGE",),
    ),
)


def _explain(board: Scoreboard) -> Operation:
    return _read(
        f"{USER}/explain",
        "explainRank",
        (
            "Explain a rank",
            "The rows of the ledger that make the score, the neighbours and what decides between "
            "them, and whether ledger, score and rank agree. They are read one after the other: "
            "while scores move, a rank may be one moment older than the other.",
        ),
        Answer(
            description="Why.",
            schema="Explanation",
            example=examples.explanation(board),
        ),
        "userId",
        "cursor",
    )


_LETTERS = _read(
    "/api/admin/dead-letters",
    "getDeadLetters",
    ("Jobs that were set aside", "With the reason of each, the newest first."),
    Answer(description="A page.", schema="DeadLetters", example=examples.LETTERS),
    "pageSize",
    "cursor",
)
_REDRIVE = _change(
    f"{LETTER}/redrive",
    "redrive",
    ("Put a dead letter back", "At the end of its queue, under its own id: it counts once."),
    Answer(
        description="Queued.",
        schema="Redriven",
        example=examples.REDRIVEN,
        headers=("Idempotency-Replayed",),
    ),
    ("MaybeReason", examples.REASON),
    body_needed=False,
)


def _freeze(board: Scoreboard, verb: str, *, frozen: bool) -> Operation:
    said = (
        "No job changes a score of the board from the moment of this answer. New actions are "
        "answered 409 `COOLDOWN` with `Retry-After` and spend nothing, by every gateway within a "
        "second; what was accepted before is held back and counts after the unfreeze."
        if frozen
        else "Scores change again; what was held back counts, in its order."
    )
    return _change(
        f"{BOARD}/{verb}",
        f"{verb}Board",
        (f"{verb.capitalize()} a board", said),
        Answer(
            description="The board.",
            schema="Frozen",
            example=examples.frozen(board, stands=frozen),
            headers=("Idempotency-Replayed",),
        ),
        ("MaybeReason", examples.REASON),
        body_needed=False,
    )


_AUDIT = _read(
    "/api/admin/audit",
    "getAudit",
    ("The audit log", "Every call of an admin, done or refused, the newest first."),
    Answer(description="A page.", schema="AuditLog", example=examples.AUDIT),
    "about",
    "pageSize",
    "cursor",
)


def _overview(board: Scoreboard) -> Operation:
    return _read(
        "/api/admin/overview",
        "getOverview",
        (
            "The running board",
            "Frozen or not, the queue, the budgets, and what the answering gateway has counted. It "
            "is the one admin route that is not audited: the console asks again and again.",
        ),
        Answer(description="Now.", schema="Overview", example=examples.overview(board)),
    )


_EXPORT = Operation(
    method="get",
    path="/api/users/me/export",
    name="exportMe",
    tag=ACCOUNTS,
    summary="All that is kept about me",
    description="The user, the ledger, the jobs, the sessions, what admins did; as one document.",
    session="required",
    answers={
        200: Answer(
            description="All.",
            schema="Export",
            example=examples.EXPORT,
            headers=("Content-Disposition",),
        )
    },
    codes=("NOT_FOUND",),
)
_ERASE = Operation(
    method="delete",
    path="/api/users/me",
    name="eraseMe",
    tag=ACCOUNTS,
    summary="Erase me",
    description="For good: name, password, roles, sessions and rank are gone; the name is free. "
    "The rows of the ledger stay under a pseudonym that nothing leads to. Not for the last admin.",
    session="required",
    answers={204: Answer(description="Erased.")},
    codes=("FORBIDDEN", "NOT_FOUND"),
)


def on_oneself() -> tuple[Operation, ...]:
    return (_EXPORT, _ERASE)


def administering(board: Scoreboard) -> tuple[Operation, ...]:
    return (
        _overview(board), _FIND, _explain(board), *_PEOPLE, _ROLES,
        _freeze(board, "freeze", frozen=True), _freeze(board, "unfreeze", frozen=False),
        _LETTERS, _REDRIVE, _AUDIT,
    )  # fmt: skip
