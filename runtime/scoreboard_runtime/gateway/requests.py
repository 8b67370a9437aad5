"""Reading what clients send, strictly, and writing what they get."""

import json as standard_json
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from scoreboard_runtime.process.answers import WholeResponse
from scoreboard_runtime.process.problems import Rejected

T = TypeVar("T")
MAX_BODY = 64 * 1024
MAX_DEPTH = 16
_WHOLE = re.compile(r"[0-9]{1,10}")
_PLACE = re.compile(r" - at `\$([^`]*)`$")
_MEMBER = re.compile(r"Object (?:contains unknown|missing required) field `([^`]*)`")


def invalid(pointer: str, detail: str) -> Rejected:
    """A 400 for one place of the request."""
    return Rejected("VALIDATION_ERROR", errors=[{"pointer": pointer, "detail": detail}])


async def raw_body(request: web.Request) -> bytes:
    """The bytes of a JSON body. Raises Rejected for the wrong size or media type."""
    if (request.content_length or 0) > MAX_BODY:
        raise Rejected("PAYLOAD_TOO_LARGE", headers={"Connection": "close"})
    # The usual text first: reading the parameters of a media type costs more.
    given = request.headers.get("Content-Type")
    if given != "application/json" and request.content_type != "application/json":
        raise Rejected("UNSUPPORTED_MEDIA_TYPE")
    try:
        # What came with the head in one packet is there already; waiting for it costs more.
        content = request.content
        data = content.read_nowait() if content.is_eof() else await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise Rejected("PAYLOAD_TOO_LARGE", headers={"Connection": "close"}) from None
    except web.RequestPayloadError:
        error = invalid("", "the body is not what Content-Encoding or Transfer-Encoding says")
        error.headers["Connection"] = "close"  # where the body ends is not known
        raise error from None
    if len(data) > MAX_BODY:  # unpacked
        raise Rejected("PAYLOAD_TOO_LARGE", headers={"Connection": "close"})
    return data


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name appears twice in one object")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def _strict(data: bytes) -> None:
    """What msgspec lets pass: names given twice, deep nesting. Raises ValueError."""
    value = standard_json.loads(data, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    if _depth(value) > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")


def _plain(data: bytes) -> bool:
    """Whether no name can be given twice in one object, nor anything nest deeply.

    Cheap, for the hot path: without escapes every second part between quotes is a string, and those
    before a colon are the names; if all are different, no second parse is needed.
    """
    if b"\\" in data or data.count(b"{") + data.count(b"[") > MAX_DEPTH:
        return False
    if data.count(b":") == 1:
        return True
    parts = data.split(b'"')
    names = [
        text
        for text, after in zip(parts[1::2], parts[2::2], strict=False)
        if after.lstrip()[:1] == b":"
    ]
    return len(names) == len(set(names))


def _fault(text: str) -> Rejected:
    """A 400 from what msgspec says of a value: `... - at `$.actions[1].action``."""
    place, found = _PLACE.search(text), _PLACE.sub("", text)
    # `[...]` is any place of a value of any shape, which no pointer can name.
    path = place[1].partition("[...]")[0] if place else ""
    pointer = re.sub(r"\.|\[(\d+)\]", r"/\1", path)
    member = _MEMBER.fullmatch(found)
    return invalid(f"{pointer}/{member[1]}" if member else pointer, found)


def decode(data: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """The value of a body. Raises Rejected with the place of the fault."""
    try:
        value = decoder.decode(data)
        if not _plain(data):
            _strict(data)
        return value
    except msgspec.ValidationError as error:
        raise _fault(str(error)) from None
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise invalid("", f"not valid JSON: {str(error)[:200]}") from None


_decoders: dict[type, msgspec.json.Decoder[Any]] = {}


def decoder_of(kind: type[T]) -> msgspec.json.Decoder[T]:
    """Made once for each kind: making one costs more than decoding with it."""
    found = _decoders.get(kind)
    if found is None:
        found = _decoders[kind] = msgspec.json.Decoder(kind)
    return found


async def body(request: web.Request, kind: type[T]) -> T:
    """The body as `kind`. Raises Rejected: 413, 415 or 400 with the place of the fault."""
    return decode(await raw_body(request), decoder_of(kind))


def whole(request: web.Request, name: str, default: int, least: int, most: int) -> int:
    """A whole number of the query. Raises Rejected when it is none or out of range."""
    text = request.query.get(name)
    if text is None:
        return default
    if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
        raise invalid(f"/query/{name}", f"must be a whole number from {least} to {most}")
    return int(text)


_encode = msgspec.json.Encoder().encode


def json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> WholeResponse:
    """A JSON answer that no cache keeps."""
    common = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    if headers:
        common.update(headers)
    return WholeResponse(status, common, _encode(value))
