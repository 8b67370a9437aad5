"""Framing for the fan-out: a message is framed once and written to every transport as it is.

For sockets right only while nothing is compressed and each frame goes out in one synchronous
write, which is how aiohttp itself writes (RFC 6455, section 5.2: unmasked, FIN, opcode text).
"""

import struct

SOCKET, STREAM = 0, 1
Framed = tuple[bytes, bytes]  # one message, for sockets and for streams

HEARTBEAT = b":\n\n"  # of a stream: a comment
CLOSE_REASON = 123  # bytes at most
PING = b"\x89\x00"


def text_frame(payload: bytes) -> bytes:
    """The bytes of one unmasked text frame."""
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", 0x81, size) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload


def close_frame(code: int, reason: str) -> bytes:
    """The bytes of a close frame (RFC 6455, section 5.5.1)."""
    text = reason.encode()[:CLOSE_REASON]
    return struct.pack("!BBH", 0x88, 2 + len(text), code) + text


def event(payload: bytes, ident: str = "") -> bytes:
    """The bytes of one server-sent event; its name is the message's `type`, which comes first."""
    kind = payload[9 : payload.index(b'"', 9)]
    place = b"id: " + ident.encode() + b"\n" if ident else b""
    return b"event: " + kind + b"\n" + place + b"data: " + payload + b"\n\n"


def framed(payload: bytes, ident: str = "") -> Framed:
    """For sockets and for streams; `ident` is a stream's, where it can resume."""
    return text_frame(payload), event(payload, ident)
