"""Every code that an error can carry: layer, HTTP status, title, and what the user should do.

The order of `REJECTIONS` is the contract's order: when several apply, the first wins. The Valkey
functions answer with these codes; a test compares them with this table.
"""

from dataclasses import dataclass

RATE_LIMIT, AUTHENTICATION = "rate_limit", "authentication"
SIGNING, ZERO_TRUST = "signing", "zero_trust"
LAYERS = (RATE_LIMIT, AUTHENTICATION, SIGNING, ZERO_TRUST)


@dataclass(frozen=True, slots=True)
class Code:
    """One row: `layer` is None for what is not a rejection of the four layers."""

    code: str
    status: int
    title: str
    detail: str
    layer: str | None = None


_ROWS = (
    Code("TOO_MANY_REQUESTS", 429, "Too many requests",
         "The budget of this board or of your address is spent. Wait for Retry-After seconds.",
         RATE_LIMIT),
    Code("INVALID_TOKEN", 401, "Invalid token",
         "The access token is missing, malformed, expired or revoked. Refresh it or log in again.",
         AUTHENTICATION),
    Code("USER_RATE_LIMIT", 429, "User rate limit",
         "Your budget of requests is spent. Wait for Retry-After seconds.", RATE_LIMIT),
    Code("PAYLOAD_TOO_LARGE", 413, "Payload too large",
         "A body may have 64 KiB at most. Send less at once, a batch as several."),
    Code("UNSUPPORTED_MEDIA_TYPE", 415, "Unsupported media type",
         "Send JSON with Content-Type: application/json."),
    Code("VALIDATION_ERROR", 400, "Validation error",
         "The request does not have the documented shape. Correct each place that errors names."),
    Code("ACTION_LIMIT", 429, "Action limit",
         "Your budget for this action is spent. Wait for Retry-After seconds.", RATE_LIMIT),
    Code("FORBIDDEN", 403, "Forbidden",
         "Your roles do not allow this. Ask an admin of this board for the role and log in again.",
         AUTHENTICATION),
    Code("STALE_REQUEST", 401, "Stale request",
         "X-Timestamp must be Unix milliseconds less than 60 s from the server's clock; "
         "compare yours with the Date header and sign again.", SIGNING),
    Code("REPLAY_ATTACK", 401, "Replay attack",
         "This nonce is spent. Sign every request with a nonce of its own.", SIGNING),
    Code("INVALID_SIGNATURE", 401, "Invalid signature",
         "X-Nonce or X-Signature is missing, malformed or wrong. Sign v1, method, path with query, "
         "timestamp, nonce and the body's SHA-256 with session.signingKey.", SIGNING),
    Code("IDEMPOTENCY_MISMATCH", 422, "Idempotency mismatch",
         "This Idempotency-Key was used with another body. Use a new key for a new request."),
    Code("TASK_NOT_FOUND", 404, "Task not found",
         "There is no such action, or no such task for it, or the task has expired. "
         "Ask POST /api/tasks for one.", ZERO_TRUST),
    Code("UNAUTHORIZED", 403, "Unauthorized",
         "This task was issued to another user. Ask POST /api/tasks for one of your own.",
         ZERO_TRUST),
    Code("ALREADY_COMPLETED", 409, "Already completed",
         "This task is done already and counts once. Do not send it again; where tasks are "
         "issued, ask POST /api/tasks for a new one.", ZERO_TRUST),
    Code("COOLDOWN", 409, "Cooldown",
         "Too soon. Wait for Retry-After seconds and try again.", ZERO_TRUST),
    Code("QUEUE_FULL", 503, "Queue full",
         "The queue is full; nothing was accepted. Wait for Retry-After seconds, send it again."),
    Code("NOT_FOUND", 404, "Not found",
         "There is nothing here, or it is not yours to see. Check the address and the ids in it; "
         "/docs lists the routes."),
    Code("METHOD_NOT_ALLOWED", 405, "Method not allowed", "Use one of the methods in Allow."),
    Code("INVALID_CREDENTIALS", 401, "Invalid credentials",
         "The user name or the password is wrong. Check both and try again, or ask an admin of "
         "this board."),
    Code("USERNAME_TAKEN", 409, "Username taken", "Choose another user name."),
    Code("SCORE_OUT_OF_RANGE", 422, "Score out of range",
         "The score would pass 9007199254740991, the largest that this board counts, so it stays. "
         "Do not send it again; ask an admin of this board to adjust the score."),
    Code("UNAVAILABLE", 503, "Unavailable",
         "A part that this needs is not reachable. Wait for Retry-After seconds and send it again "
         "with the same Idempotency-Key."),
    Code("INTERNAL", 500, "Internal error",
         "Something failed on our side. Give the requestId to the operator of this board."),
)  # fmt: skip

REJECTIONS: dict[str, Code] = {row.code: row for row in _ROWS}
TWELVE = tuple(row.code for row in _ROWS if row.layer is not None)
