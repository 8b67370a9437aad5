"""WebSocket framing for the fan-out: a frame is built once and written to every transport as it is.

Right only while nothing is compressed and each frame goes out in one synchronous write, which is
how aiohttp itself writes (RFC 6455, section 5.2: unmasked, FIN, opcode text).
"""

import struct

PING = b"\x89\x00"


def text_frame(payload: bytes) -> bytes:
    """The bytes of one unmasked text frame."""
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", 0x81, size) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload
