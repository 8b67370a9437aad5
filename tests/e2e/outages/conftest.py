"""An instance on servers that the tests hold down, and an identity provider that can go away."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.e2e.instance import Instance, a_manifest, running

from scoreboard_runtime.local.stores import EmbeddedPostgres, EmbeddedValkey

AUDIENCE = "arcade-client"


@dataclass(slots=True)
class Provider:
    """A real HTTP server that speaks OpenID Connect's discovery."""

    port: int = 0
    key: Any = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    runner: web.AppRunner | None = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _configuration(self, _: web.Request) -> web.Response:
        return web.json_response({"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"})

    async def _keys(self, _: web.Request) -> web.Response:
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return web.json_response({"keys": [{**jwk, "kid": "idp1", "alg": "RS256", "use": "sig"}]})

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._configuration)
        app.router.add_get("/keys", self._keys)
        self.runner = web.AppRunner(app, access_log=None)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self.runner.addresses[0][1]

    async def stop(self) -> None:
        if self.runner is not None:
            await self.runner.cleanup()
            self.runner = None

    def token(self, subject: str, **changes: Any) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": AUDIENCE, "sub": subject, "exp": now + 300, "iat": now}
        return jwt.encode({**claims, **changes}, self.key, "RS256", {"kid": "idp1"})


@dataclass(slots=True)
class Servers:
    """The stores of a test."""

    postgres: EmbeddedPostgres
    queue: EmbeddedValkey
    cache: EmbeddedValkey


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    folder = Path(tempfile.mkdtemp(prefix="sbo"))
    folder.chmod(0o755)
    found = Servers(
        EmbeddedPostgres(folder / "postgres", folder),
        EmbeddedValkey(folder / "queue", folder, durable=True),
        EmbeddedValkey(folder / "cache", folder, durable=False),
    )
    everything = (found.postgres, found.queue, found.cache)
    await asyncio.gather(*(server.start() for server in everything))
    yield found
    await asyncio.gather(*(server.stop() for server in everything))
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    found = Provider()
    await found.start()
    yield found
    await found.stop()


@pytest.fixture
async def arcade(servers: Servers, provider: Provider, tmp_path: Path) -> AsyncIterator[Instance]:
    manifest = a_manifest(auth={"oidc": {"issuer": provider.issuer, "audience": AUDIENCE}})
    urls = ("--database-url", servers.postgres.url, "--redis-url", servers.queue.url,
            "--cache-url", servers.cache.url)  # fmt: skip
    async with running(tmp_path, manifest, *urls) as instance:
        yield instance
