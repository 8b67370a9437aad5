"""A player: logs in, signs (contract, section 1.2) and plays over HTTP, as any client would."""

import base64
import hashlib
import io
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

from scoreboard_runtime.rules import signature

LARGE = 1 << 20  # aiohttp wants larger bodies as a stream
EXECUTE, EXECUTE_BATCH = "/api/actions/execute", "/api/actions/execute-batch"


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers and the parsed body of an answer."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def code(self) -> str | None:
        """The code of a problem document."""
        return self.body.get("code") if isinstance(self.body, dict) else None


def sign(
    signing_key: str, method: str, target: str, body: bytes, *, timestamp_ms: int, nonce: str
) -> dict[str, str]:
    """The three headers; `signing_key` as the login answers it."""
    key = base64.urlsafe_b64decode(signing_key + "=" * (-len(signing_key) % 4))
    digest = hashlib.sha256(body).hexdigest()
    message = signature.canonical(method, target, str(timestamp_ms), nonce, digest)
    return {
        "X-Timestamp": str(timestamp_ms),
        "X-Nonce": nonce,
        "X-Signature": signature.sign(key, message),
    }


@dataclass(slots=True)
class Player:
    """One user of the API at `url`."""

    http: aiohttp.ClientSession
    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    session: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def user_id(self) -> str:
        return str(self.session["user"]["id"])

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.session['token']}"} if self.session else {}

    async def request(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> Reply:
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        data = io.BytesIO(body) if body is not None and len(body) > LARGE else body
        async with self.http.request(
            method, self.url + path, data=data, headers=headers, allow_redirects=False
        ) as answer:
            read = await answer.read()
            kind = answer.headers.get("Content-Type", "")
            parsed = orjson.loads(read) if read and "json" in kind else read
            return Reply(answer.status, answer.headers, parsed)

    async def get(self, path: str, **headers: str) -> Reply:
        return await self.request("GET", path, None, **{**self.authorization, **headers})

    async def post(self, path: str, value: Any, **headers: str) -> Reply:
        return await self.request(
            "POST", path, orjson.dumps(value), **{**self.authorization, **headers}
        )

    async def register(self) -> Reply:
        """Registers under its name and password; both are made up where they are empty."""
        self.username = self.username or f"player-{secrets.token_hex(4)}"
        self.password = self.password or secrets.token_urlsafe(18)
        value = {"username": self.username, "password": self.password}
        return await self.request("POST", "/api/auth/register", orjson.dumps(value))

    async def login(self) -> Reply:
        value = {"username": self.username, "password": self.password}
        reply = await self.request("POST", "/api/auth/login", orjson.dumps(value))
        if reply.status == 200:
            self.session = reply.body
        return reply

    async def refresh(self) -> Reply:
        value = {"refreshToken": self.session["refreshToken"]}
        reply = await self.request("POST", "/api/auth/refresh", orjson.dumps(value))
        if reply.status == 200:
            self.session = reply.body
        return reply

    def signed(self, method: str, target: str, body: bytes) -> dict[str, str]:
        """Authorization and signature, good once."""
        return {
            **self.authorization,
            **sign(
                self.session["session"]["signingKey"],
                method,
                target,
                body,
                timestamp_ms=time.time_ns() // 1_000_000,
                nonce=secrets.token_urlsafe(18),
            ),
        }

    async def signed_post(self, path: str, value: Any, **headers: str) -> Reply:
        body = orjson.dumps(value)
        return await self.request(
            "POST", path, body, **{**self.signed("POST", path, body), **headers}
        )

    async def execute(self, action: str, *, key: str = "", **more: Any) -> Reply:
        """Does an action; `more` may hold data and taskId, `key` is an Idempotency-Key."""
        headers = {"Idempotency-Key": key} if key else {}
        return await self.signed_post(EXECUTE, {"action": action, **more}, **headers)

    async def execute_batch(self, actions: list[dict[str, Any]], **headers: str) -> Reply:
        return await self.signed_post(EXECUTE_BATCH, {"actions": actions}, **headers)

    async def issue_task(self, action: str) -> Reply:
        return await self.post("/api/tasks", {"action": action})

    async def job(self, job_id: str, wait: int = 0) -> Reply:
        return await self.get(f"/api/jobs/{job_id}?wait={wait}")
