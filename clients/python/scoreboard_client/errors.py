"""What can go wrong, with all that the server says about it."""

from collections.abc import Mapping, Sequence
from typing import Any

# Which layer answers a code (contract, section 1.3); a test holds it against the server's table.
LAYERS = {
    "TOO_MANY_REQUESTS": "rate_limit",
    "USER_RATE_LIMIT": "rate_limit",
    "ACTION_LIMIT": "rate_limit",
    "INVALID_TOKEN": "authentication",
    "FORBIDDEN": "authentication",
    "STALE_REQUEST": "signing",
    "REPLAY_ATTACK": "signing",
    "INVALID_SIGNATURE": "signing",
    "TASK_NOT_FOUND": "zero_trust",
    "UNAUTHORIZED": "zero_trust",
    "ALREADY_COMPLETED": "zero_trust",
    "COOLDOWN": "zero_trust",
}


class Unreachable(Exception):
    """Nobody answered in time. Whether the request was done is known only if it was a read."""


class ScoreboardError(Exception):
    """An answer that is an error. Decide by `code`; `detail` is for people."""

    def __init__(
        self,
        code: str,
        status: int,
        detail: str = "",
        *,
        request_id: str = "",
        retry_after: float | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        where = f" (request {request_id})" if request_id else ""
        faults = "; ".join(f"{fault['pointer']}: {fault['detail']}" for fault in errors)
        said = f"{detail} {faults}" if faults else detail
        super().__init__(f"{status} {code}: {said}{where}")
        self.code = code
        self.layer = LAYERS.get(code)
        self.status = status
        self.detail = detail
        self.request_id = request_id
        self.retry_after = retry_after
        self.errors = tuple(errors)


def seconds(text: object) -> float | None:
    """`Retry-After` in seconds; a date is not ours, and is as none."""
    try:
        return max(0.0, float(str(text)))
    except ValueError:
        return None


def of_problem(problem: Mapping[str, Any], headers: Mapping[str, str]) -> ScoreboardError:
    """A problem document (RFC 9457) as an exception."""
    return ScoreboardError(
        str(problem["code"]),
        int(problem["status"]),
        str(problem.get("detail", "")),
        request_id=str(problem.get("requestId", "")),
        retry_after=seconds(headers.get("Retry-After", problem.get("retryAfter"))),
        errors=problem.get("errors", ()),
    )


def of_answer(status: int, body: object, headers: Mapping[str, str]) -> ScoreboardError:
    """An answer from 400 on; one that is no problem document is not ours, but a proxy's."""
    if isinstance(body, dict) and "code" in body and "status" in body:
        return of_problem(body, headers)
    return ScoreboardError(
        "NOT_OF_THE_SCOREBOARD",
        status,
        "What answered is no Scoreboard: a proxy before it, or another address.",
        request_id=headers.get("X-Request-Id", ""),
        retry_after=seconds(headers.get("Retry-After")),
    )
