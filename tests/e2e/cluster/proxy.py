"""A reverse proxy before the real API server: it records what an operator asks, and makes trouble.

Plain HTTP on this machine in front, the administrator's TLS behind. A hook before a write or after
its answer may raise Cut: the operator's connection ends there. Writes of the Lease and dry runs are
passed on and not counted.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from kubernetes.aio import config
from kubernetes.aio.client import Configuration
from kubernetes.aio.client.rest import RESTClientObject

from scoreboard_operator.kinds import Kind

HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


class Cut(Exception):
    """The connection ends without an answer."""


@dataclass(slots=True)
class Upstream:
    """The API server itself: for the proxy, and for what the tests do beside the operator."""

    host: str
    http: aiohttp.ClientSession
    headers: dict[str, str]

    async def call(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """One request. A dict that is patched is merged, a list is a JSON patch."""
        content = "application/json"
        if method == "PATCH":
            content = f"application/{'json' if isinstance(body, list) else 'merge'}-patch+json"
        data = None if body is None else json.dumps(body)
        headers = {**self.headers, "Content-Type": content}
        url = f"{self.host}{path}"
        async with self.http.request(
            method, url, data=data, headers=headers, params=query
        ) as found:
            text = await found.read()
            assert found.status < 400, f"{method} {path}: {found.status} {text.decode()[:500]}"
            return json.loads(text)

    async def find(self, kind: Kind, namespace: str | None, name: str) -> Any:
        """None if it is not there."""
        async with self.http.get(
            f"{self.host}{kind.path(namespace, name)}", headers=self.headers
        ) as found:
            return None if found.status == 404 else await found.json()

    async def list(self, kind: Kind, namespace: str) -> list[Any]:
        """Of a kind that the cluster does not have: none."""
        async with self.http.get(
            f"{self.host}{kind.path(namespace)}", headers=self.headers
        ) as found:
            return [] if found.status == 404 else (await found.json())["items"]


@asynccontextmanager
async def upstream(kubeconfig: Path) -> AsyncIterator[Upstream]:
    """For the time of the block."""
    said = Configuration()
    await config.load_kube_config(str(kubeconfig), client_configuration=said)
    connector = aiohttp.TCPConnector(ssl=RESTClientObject(said).ssl_context, limit=0)
    token = said.api_key.get("BearerToken")
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as http:
        # What is not compressed needs not be unpacked to be looked at.
        headers = {"Accept-Encoding": "identity"} | ({"Authorization": token} if token else {})
        yield Upstream(said.host, http, headers)


@dataclass(slots=True)
class Write:
    """One write. `status`: of the server's answer; 0 while there is none."""

    number: int
    method: str
    path: str
    body: bytes = field(repr=False)
    status: int = 0

    @property
    def what(self) -> str:
        """The object, without namespace and query: deployments/arcade-gateway."""
        parts = self.path.split("/namespaces/", 1)[-1].split("/", 1)
        return parts[1] if len(parts) > 1 else self.path


Hook = Callable[[Write], Awaitable[None]]
Trouble = Callable[[web.BaseRequest], Awaitable[web.StreamResponse | None]]
Body = tuple[int, dict[str, str], bytes]


async def _nothing(_: Write) -> None:
    return None


async def _calm(_: web.BaseRequest) -> None:
    return None


def is_watch(request: web.BaseRequest) -> bool:
    return request.query.get("watch") in ("true", "1")


def refusal(status: int, reason: str, **headers: str) -> web.Response:
    """As the API server says no."""
    said = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "reason": reason,
        "code": status,
    }
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.json_response(
        {**said, "message": reason, "metadata": {}}, status=status, headers=told
    )


@dataclass(slots=True)
class Proxy:
    """`writes` and `reads` may be cleared. `counts`: of which writes (all that are told of below)."""

    upstream: Upstream
    before: Hook = _nothing
    after: Hook = _nothing
    trouble: Trouble = _calm
    counts: Callable[[str, bytes], bool] = lambda path, body: True
    silent: bool = False  # streams stay open and say nothing
    writes: list[Write] = field(default_factory=list)
    reads: Counter[str] = field(default_factory=Counter)
    answers: dict[str, Body] = field(default_factory=dict)  # the last to each read
    stale: dict[str, Body] = field(default_factory=dict)  # told once instead of the truth
    port: int = 0
    _streams: set[asyncio.Future[None]] = field(default_factory=set)
    _runner: web.ServerRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listens, after `stop` at the same port."""
        self._runner = web.ServerRunner(
            web.Server(self._handle, access_log=None), shutdown_timeout=0
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Nobody listens any more: connections end, new ones are refused."""
        self.cut()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def cut(self) -> None:
        """Ends every stream in the middle."""
        for pump in self._streams:
            pump.cancel()

    @property
    def streams(self) -> int:
        return len(self._streams)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            body = await request.read()
            troubled = await self.trouble(request)
            if troubled is not None:
                return troubled
            if request.method != "GET":
                return await self._write(request, body)
            if is_watch(request):
                return await self._stream(request)
            return await self._read(request)
        except (Cut, aiohttp.ClientConnectionError):
            if request.transport is not None:
                request.transport.abort()
            return web.Response()

    def _forwarded(self, request: web.BaseRequest, body: bytes | None = None) -> Any:
        headers = {
            name: value for name, value in request.headers.items() if name.lower() not in HOP
        }
        url = f"{self.upstream.host}{request.path_qs}"
        headers |= self.upstream.headers
        return self.upstream.http.request(request.method, url, data=body, headers=headers)

    async def _asked(self, request: web.BaseRequest, body: bytes | None = None) -> Body:
        async with self._forwarded(request, body) as found:
            kept = {name: value for name, value in found.headers.items() if name.lower() not in HOP}
            return found.status, kept, await found.read()

    @staticmethod
    def _answer(found: Body) -> web.Response:
        status, headers, body = found
        return web.Response(status=status, headers=headers, body=body)

    async def _read(self, request: web.BaseRequest) -> web.Response:
        self.reads[request.path] += 1
        found = self.stale.pop(request.path_qs, None)
        if found is None:
            found = self.answers[request.path_qs] = await self._asked(request)
        return self._answer(found)

    async def _write(self, request: web.BaseRequest, body: bytes) -> web.Response:
        ignored = "/leases" in request.path or "dryRun" in request.query
        if ignored or not self.counts(request.path, body):
            return self._answer(await self._asked(request, body))
        write = Write(len(self.writes) + 1, request.method, request.path, body)
        self.writes.append(write)
        await self.before(write)
        found = await self._asked(request, body)
        write.status = found[0]
        await self.after(write)
        return self._answer(found)

    async def _pump(self, request: web.BaseRequest, answer: web.StreamResponse) -> None:
        async with self._forwarded(request) as found:
            answer.set_status(found.status)
            answer.content_type = "application/json"
            await answer.prepare(request)
            async for chunk in found.content.iter_any():
                if not self.silent:
                    await answer.write(chunk)
        await answer.write_eof()

    async def _stream(self, request: web.BaseRequest) -> web.StreamResponse:
        answer = web.StreamResponse()
        pump = asyncio.ensure_future(self._pump(request, answer))
        self._streams.add(pump)
        try:
            await asyncio.wait({pump})
        finally:
            pump.cancel()  # the operator may have gone
            self._streams.discard(pump)
        if pump.cancelled() or pump.exception() is not None:
            raise Cut
        return answer


@asynccontextmanager
async def proxied(server: Upstream) -> AsyncIterator[Proxy]:
    """A proxy that listens for the time of the block."""
    proxy = Proxy(server)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
