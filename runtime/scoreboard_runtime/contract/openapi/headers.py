"""Headers of answers, each described once; answers refer to those that they have.

What HTTP itself brings along (a length, a connection's end) is not among them. `Date` is: clients
that sign correct their clock by it.
"""

from typing import Any

Json = dict[str, Any]
# What each page and part of a page has, beside its ETag; and what HTML has on top of that.
KEPT = ("ETag", "Cache-Control")
HARDENED = ("X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Resource-Policy")
FRAMED = ("Content-Security-Policy", "X-Frame-Options")
# What lets a page of another origin read an answer; it has them when the request has an `Origin`.
SHARED = ("Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "Vary")


def _header(description: str, example: str, **schema: Any) -> Json:
    return {
        "description": description,
        "schema": {"type": "string", **schema},
        "example": example,
    }


def _always(value: str, description: str) -> Json:
    return _header(description, value, const=value)


def headers() -> Json:
    """The header objects of OpenAPI by their names."""
    return {**_of_the_api(), **_of_pages(), **_across_origins()}


def _of_the_api() -> Json:
    return {
        "X-Request-Id": _header("Names this request in every log line.", "0f5c2a9e4b7d4c1e"),
        "RateLimit-Policy": _header(
            "Budgets that this route charges: quota `q` in `w` seconds (IETF draft 11).",
            '"address";q=200;w=10',
        ),
        "RateLimit": _header(
            "What is left (`r`), and the seconds until there is more (`t`).",
            '"address";r=199;t=1',
        ),
        "Retry-After": _header("Whole seconds to wait.", "1", pattern="^[0-9]+$"),
        "WWW-Authenticate": _always("Bearer", "How to authenticate."),
        "Date": _header(
            "The server's clock, by which a client corrects its own and signs again.",
            "Mon, 23 Nov 2026 19:00:00 GMT",
            pattern="^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}(:[0-9]{2}){2} GMT$",
        ),
        "Allow": _header("The methods that this path has.", "GET,HEAD", pattern="^[A-Z, ]+$"),
        "ETag": _header(
            "Names this version; send it back in If-None-Match.",
            '"1f0c-42"',
            pattern='^(W/)?"[^"]+"$',
        ),
        "Cache-Control": _header(
            "`no-store`: of this moment and this caller. `no-cache`: keep it, and ask with "
            "If-None-Match each time.",
            "no-store",
            enum=["no-store", "no-cache"],
        ),
        "Location": _header(
            "Where the job can be asked for.", "/api/jobs/019ab3f0-5c1e-7000-8003-5d1f0a9c3e77"
        ),
        "Idempotency-Replayed": _always("true", "The first answer to this key, again."),
        "Content-Disposition": _always(
            'attachment; filename="scoreboard-export.json"', "A browser keeps it as this file."
        ),
    }


def _of_pages() -> Json:
    return {
        "Content-Security-Policy": _header(
            "Nothing inline, and no origin but this one and that of the sockets.",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        "X-Frame-Options": _always("DENY", "No page may frame it."),
        "X-Content-Type-Options": _always("nosniff", "It is what Content-Type says."),
        "Referrer-Policy": _always("no-referrer", "Where it leads does not learn of it."),
        "Cross-Origin-Resource-Policy": _always("same-origin", "No page of elsewhere embeds it."),
    }


def _across_origins() -> Json:
    return {
        "Access-Control-Allow-Origin": _header(
            "The `Origin` of the request: its page may read this answer.",
            "https://game.example.com",
        ),
        "Access-Control-Expose-Headers": _header(
            "Headers that such a page may read.", "RateLimit, Retry-After, X-Request-Id"
        ),
        "Access-Control-Allow-Headers": _header(
            "Headers that such a page may send.", "Authorization, Last-Event-ID"
        ),
        "Access-Control-Max-Age": _header(
            "Seconds for which a browser need not ask again.", "600", pattern="^[0-9]+$"
        ),
        "Vary": _always("Origin", "To another origin the answer is another."),
        "X-Accel-Buffering": _always("no", "nginx passes each event on at once."),
    }
