"""An identity provider on loopback: discovery, keys, and tokens of the tests' making."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt import algorithms

from scoreboard_runtime.process.serving import listening

RSA_KEY = rsa.generate_private_key(65537, 2048)
OTHER_RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()
AUDIENCE = "scoreboard-client"


def _public(kid: str, algorithm: Any, private: Any, **more: str) -> dict[str, Any]:
    return {**algorithm.to_jwk(private.public_key(), as_dict=True), "kid": kid, **more}


RSA_JWK = _public("rsa", algorithms.RSAAlgorithm, RSA_KEY, alg="RS256")
KEYS = [
    RSA_JWK,
    _public("ec", algorithms.ECAlgorithm, EC_KEY),
    _public("ed", algorithms.OKPAlgorithm, ED_KEY),
    _public("encryption", algorithms.RSAAlgorithm, OTHER_RSA_KEY, use="enc"),
    {"kty": "oct", "k": "c2VjcmV0" * 6, "kid": "symmetric"},
    {"kty": "unheard of", "kid": "odd"},
]


class Provider:
    """`keys` and `configuration` are what it answers next; without `talking` it answers nothing."""

    def __init__(self) -> None:
        self.keys: Any = list(KEYS)
        self.configuration: dict[str, Any] = {}
        self.issuer = ""
        self.asked: list[str] = []
        self.talking = asyncio.Event()
        self.talking.set()
        self.port = 0
        self._stack = AsyncExitStack()

    async def _answer(self, request: web.Request, value: Any) -> web.Response:
        self.asked.append(request.path)
        await self.talking.wait()
        return web.json_response(value)

    async def _configuration(self, request: web.Request) -> web.Response:
        known = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}
        return await self._answer(request, {**known, **self.configuration})

    async def _keys(self, request: web.Request) -> web.Response:
        return await self._answer(request, {"keys": self.keys})

    async def start(self) -> None:
        """On the same port as before."""
        application = web.Application()
        application.router.add_get("/.well-known/openid-configuration", self._configuration)
        application.router.add_get("/keys", self._keys)
        runner = await self._stack.enter_async_context(
            listening(application, None, "127.0.0.1", self.port)
        )
        self.port = runner.addresses[0][1]
        self.issuer = f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        self.talking.set()
        await self._stack.aclose()
        self._stack = AsyncExitStack()

    def token(
        self, key: Any = RSA_KEY, algorithm: str = "RS256", kid: str | None = "rsa", **claims: Any
    ) -> str:
        """A good one for the subject "1" unless it is told otherwise; None leaves a claim out."""
        now = int(time.time())
        known = {"iss": self.issuer, "aud": AUDIENCE, "sub": "1", "iat": now, "exp": now + 300}
        kept = {name: value for name, value in {**known, **claims}.items() if value is not None}
        return jwt.encode(kept, key, algorithm, {"kid": kid} if kid else {})

    def spec(self) -> dict[str, Any]:
        return {"oidc": {"issuer": self.issuer, "audience": AUDIENCE}}


@asynccontextmanager
async def a_provider() -> AsyncIterator[Provider]:
    provider = Provider()
    await provider.start()
    try:
        yield provider
    finally:
        await provider.stop()
