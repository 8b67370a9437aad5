"""An answer that is known whole: its head and body leave in one write."""

from collections.abc import Mapping

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http import SERVER_SOFTWARE, HttpVersion10, HttpVersion11


class WholeResponse(web.StreamResponse):
    """`web.Response` without what ours never have: cookies, compression, chunks, payloads, signals.

    Every action has one, so its cost counts. Not for 1xx, 204 and 304, which have no length.
    """

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(status=status, headers=headers)
        self._headers["Content-Length"] = str(len(body))
        self.body = body

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Writes all of it; aiohttp calls this once the handler has answered."""
        if self._eof_sent:
            return None
        self._eof_sent = True
        version, headers = request.version, self._headers
        if self._keep_alive is None:
            self._keep_alive = request.keep_alive
        headers["Date"] = rfc822_formatted_time()
        headers["Server"] = SERVER_SOFTWARE
        if self._keep_alive and version == HttpVersion10:
            headers["Connection"] = "keep-alive"
        elif not self._keep_alive and version == HttpVersion11:
            headers["Connection"] = "close"
        status = f"HTTP/{version.major}.{version.minor} {self.status} {self.reason}"
        writer = request.writer
        await writer.write_headers(status, headers)
        await writer.write_eof(b"" if request.method == "HEAD" else self.body)
        return writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to write."""
