"""Where a span belongs, as it travels: in the header `traceparent`, in a job, in a change (W3C)."""

import re
from typing import NamedTuple
from urllib.parse import unquote

HEADER = "traceparent"
_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


class Context(NamedTuple):
    """One span of one trace."""

    trace_id: int
    span_id: int
    sampled: bool = True

    @property
    def trace(self) -> str:
        """The trace's id as it is written."""
        return f"{self.trace_id:032x}"

    @property
    def text(self) -> str:
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-0{int(self.sampled)}"


def pairs(text: str) -> dict[str, str] | None:
    """`a=1,b=2`, with what is special percent-encoded, as OpenTelemetry writes headers and
    attributes; None for what is not that."""
    found = {}
    for entry in filter(None, (each.strip() for each in text.split(","))):
        key, equals, value = entry.partition("=")
        if not (equals and key.strip()):
            return None
        found[unquote(key.strip())] = unquote(value.strip())
    return found


def trace_of(text: str | None) -> str:
    """The id of the trace that a context names; empty for none."""
    found = parse(text)
    return "" if found is None else found.trace


def parse(text: str | None) -> Context | None:
    """None for what is no traceparent: a broken one is as none (W3C Trace Context, section 3.2)."""
    found = _FORM.fullmatch(text) if text is not None else None
    if found is None or found[1] == "ff" or (found[1] == "00" and found[5] is not None):
        return None
    trace_id, span_id = int(found[2], 16), int(found[3], 16)
    if not trace_id or not span_id:
        return None
    return Context(trace_id, span_id, bool(int(found[4], 16) & 1))
