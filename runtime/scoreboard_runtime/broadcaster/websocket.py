"""aiohttp's WebSocket with the contract's close codes."""

from aiohttp import web

from scoreboard_runtime.contract.frames import BAD_MESSAGE, TOO_LARGE

_CODES = {1009: TOO_LARGE, 1007: BAD_MESSAGE}


class Socket(web.WebSocketResponse):
    """One connection; `goodbye` once our close frame was written, beside aiohttp's writer."""

    goodbye = False
    request: web.BaseRequest | None = None

    async def close(self, *, code: int = 1000, message: bytes = b"", drain: bool = True) -> bool:
        """aiohttp's own closes, and the end after ours: then no second close frame goes out."""
        if self.goodbye:
            if self.request is not None and self.request.transport is not None:
                self.request.transport.close()
            return True
        return await super().close(code=_CODES.get(code, code), message=message, drain=drain)
