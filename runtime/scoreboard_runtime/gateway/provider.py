"""The identity provider: its discovery document, its keys, its tokens (OpenID Connect).

The provider's keys are fetched when they are first needed and kept; while the provider is away,
tokens under known keys are still exchanged, and everything that has a session goes on.
"""

import asyncio
import time
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import jwt
import orjson
import structlog

from scoreboard_runtime.contract.board import Oidc
from scoreboard_runtime.stores.errors import IDENTITY_PROVIDER, StoreUnavailable

log = structlog.get_logger()
ALGORITHMS = ["RS256", "ES256", "EdDSA"]
LEEWAY = 30  # seconds between the provider's clock and ours
TIMEOUT = aiohttp.ClientTimeout(total=2)
MOST_BYTES = 256 * 1024
MOST_TOKEN = 16 * 1024
MOST_KEYS = 64
REFETCH = 10.0  # seconds between two fetches for a key that is not known
KEEP = 3600.0  # seconds after which keys are asked for anew, so that a withdrawn one goes
PAUSE = 1.0  # seconds after a failed fetch in which nobody waits for another
CHECK = 5.0  # seconds for which an answer proves that the provider is there
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _is_safe(address: str) -> bool:
    """Keys come from an authenticated place; plain HTTP is for this machine only."""
    url = urlsplit(address)
    return url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK)


def _within(since: float | None, seconds: float) -> bool:
    return since is not None and time.monotonic() - since < seconds


class Identity:
    """One issuer."""

    def __init__(self, oidc: Oidc) -> None:
        if not _is_safe(oidc.issuer):
            raise ValueError("auth.oidc.issuer must be https (http is for loopback only)")
        self._oidc = oidc
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched: float | None = None
        self._failed: float | None = None
        self._answered: float | None = None
        self._http: aiohttp.ClientSession | None = None
        self._lock = asyncio.Lock()

    async def _get(self, url: str) -> dict[str, Any]:
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=TIMEOUT)
        try:
            async with self._http.get(url, allow_redirects=False) as response:
                if response.status != 200:
                    raise StoreUnavailable(IDENTITY_PROVIDER, f"HTTP {response.status}")
                document = bytearray()
                async for chunk in response.content.iter_any():
                    document += chunk
                    if len(document) > MOST_BYTES:
                        raise StoreUnavailable(IDENTITY_PROVIDER, "its answer is too large")
            found = orjson.loads(document)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise StoreUnavailable(IDENTITY_PROVIDER, type(error).__name__) from error
        if not isinstance(found, dict):
            raise StoreUnavailable(IDENTITY_PROVIDER, "its answer is no object")
        return found

    async def check(self) -> None:
        """Whether the provider answers. Raises StoreUnavailable."""
        if not _within(self._answered, CHECK):
            await (self._discover() if self._keys else self._fetch())

    async def _discover(self) -> str:
        found = await self._get(f"{self._oidc.issuer}/.well-known/openid-configuration")
        issuer, address = found.get("issuer"), found.get("jwks_uri")
        if not isinstance(issuer, str) or issuer.rstrip("/") != self._oidc.issuer:
            raise StoreUnavailable(IDENTITY_PROVIDER, "its configuration names another issuer")
        if not isinstance(address, str) or not _is_safe(address):
            raise StoreUnavailable(IDENTITY_PROVIDER, "its jwks_uri is not https")
        self._answered = time.monotonic()
        return address

    async def _fetch(self) -> None:
        try:
            document = await self._get(await self._discover())
        except StoreUnavailable:
            self._failed = time.monotonic()
            raise
        keys = document.get("keys")
        found = {}
        for key in keys[:MOST_KEYS] if isinstance(keys, list) else []:
            if not isinstance(key, dict) or key.get("use", "sig") != "sig":
                continue
            try:
                found[str(key.get("kid", ""))] = jwt.PyJWK(key)
            except (jwt.PyJWTError, ValueError, TypeError):
                continue  # of a kind that we do not accept anyway
        self._keys, self._fetched = found, time.monotonic()

    async def _key(self, kid: str) -> jwt.PyJWK | None:
        async with self._lock:
            known = self._keys.get(kid)
            if not _within(self._fetched, REFETCH if known is None else KEEP):
                try:
                    if _within(self._failed, PAUSE):
                        raise StoreUnavailable(IDENTITY_PROVIDER, "it did not answer just now")
                    await self._fetch()
                except StoreUnavailable:
                    if known is None:
                        raise
                    log.warning("identity_provider_keys_not_renewed")
            return self._keys.get(kid)

    async def subject(self, token: str) -> tuple[str, str] | None:
        """Subject and wished name of a good token, else None. Raises StoreUnavailable."""
        if len(token) > MOST_TOKEN:
            return None
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in ALGORITHMS:
                return None
            key = await self._key(str(header.get("kid", "")))
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._oidc.audience,
                issuer=[self._oidc.issuer, self._oidc.issuer + "/"],
                leeway=LEEWAY,
                options={
                    "require": ["exp", "iss", "aud", "sub"],
                    "enforce_minimum_key_length": True,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            return None
        return self._named(claims)

    def _named(self, claims: dict[str, Any]) -> tuple[str, str] | None:
        subject, party = claims["sub"], claims.get("azp", self._oidc.audience)
        if not 1 <= len(subject) <= 255 or not subject.isprintable():
            return None
        if party != self._oidc.audience:
            return None
        name = claims.get("preferred_username") or claims.get("name") or ""
        return subject, name if isinstance(name, str) else ""

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()
