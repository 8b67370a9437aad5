"""aiohttp's WebSocket, whose ends are ours."""

from aiohttp import web

from scoreboard_runtime.contract.frames import BAD_MESSAGE, TOO_LARGE

# What aiohttp's reader says of bytes that are no message, by the contract's close codes.
_CODES = {1002: BAD_MESSAGE, 1003: BAD_MESSAGE, 1007: BAD_MESSAGE, 1009: TOO_LARGE}


class Socket(web.WebSocketResponse):
    """One connection; `goodbye` once our close frame was written, beside aiohttp's writer."""

    goodbye = False
    broken = 0  # the close code of what cannot be read: `receive` told ERROR, and would for ever
    request: web.BaseRequest | None = None

    async def close(self, *, code: int = 1000, message: bytes = b"", drain: bool = True) -> bool:
        """aiohttp's own closes, and the end after ours: then no second close frame goes out.

        Of broken bytes it is only noted: aiohttp would end the connection while more of them come
        in, and TCP then resets it, the close frame with it.
        """
        if code in _CODES:
            self.broken = _CODES[code]
            return True
        if self.goodbye:
            if self.request is not None and self.request.transport is not None:
                self.request.transport.close()
            return True
        return await super().close(code=code, message=message, drain=drain)
