"""The routes of a Scoreboard as methods."""

import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode, urljoin

import aiohttp

from scoreboard_client import errors
from scoreboard_client.calls import Call, Caller
from scoreboard_client.conversation import SCOREBOARD, USER, Conversation
from scoreboard_client.errors import ScoreboardError
from scoreboard_client.live import listen
from scoreboard_client.models import (
    Accepted,
    Action,
    Around,
    Event,
    History,
    Job,
    Session,
    Standings,
    Task,
    User,
)
from scoreboard_client.signing import EXECUTE, EXECUTE_BATCH

LONGEST_POLL = 20.0  # seconds in one request; the server takes up to 30


def _query(path: str, **values: object) -> str:
    known = {name: value for name, value in values.items() if value is not None}
    return f"{path}?{urlencode(known)}" if known else path


class Scoreboard(Caller):
    """One board at `url`, as one user. `async with Scoreboard(url) as board: ...`

    `http` is an aiohttp session to use instead of its own, `session` one to go on with,
    `patience` the seconds for which what got no answer is sent again (0: every request once),
    `websocket_url` where the socket is, if not where the board says.
    """

    def __init__(
        self,
        url: str,
        *,
        http: aiohttp.ClientSession | None = None,
        session: Session | None = None,
        patience: float = 30.0,
        timeout: float = 15.0,
        websocket_url: str | None = None,
    ) -> None:
        super().__init__(url, http=http, session=session, patience=patience, timeout=timeout)
        self._websocket_url = websocket_url

    @property
    def me(self) -> User:
        """Who is logged in."""
        return self._here().user

    def _here(self) -> Session:
        if self.session is None:
            raise RuntimeError("log in first: await board.login(username, password)")
        return self.session

    # --- accounts -------------------------------------------------------------------------------
    async def register(self, username: str, password: str) -> User:
        """Makes a user; not logged in yet."""
        value = {"username": username, "password": password}
        answer = await self.call(
            Call(method="POST", path="/api/auth/register", value=value, repeatable=False,
                 session=False)
        )  # fmt: skip
        return User.of(answer.body)

    async def login(self, username: str, password: str, *, register: bool = False) -> Session:
        """Opens a session; with `register`, for a user who is made if there is none."""
        value = {"username": username, "password": password}
        try:
            await self._log_in(value)
        except ScoreboardError as error:
            if error.code != "INVALID_CREDENTIALS" or not register:
                raise
            await self.register(username, password)
            await self._log_in(value)
        return self._here()

    async def refresh(self) -> Session:
        """A new token of the same session, now; by itself it happens before the old one ends."""
        await self.renew(self._here().token)
        return self._here()

    async def logout(self) -> None:
        """Ends the session."""
        await self.call(Call(method="POST", path="/api/auth/logout"))
        self.session = self._credentials = None

    # --- play -----------------------------------------------------------------------------------
    async def issue_task(self, action: str) -> Task:
        """A task for an action that needs one."""
        call = Call(method="POST", path="/api/tasks", value={"action": action})
        return Task.of((await self.call(call)).body)

    async def execute(
        self,
        action: str,
        *,
        data: Mapping[str, int] | None = None,
        task_id: str | None = None,
        key: str | None = None,
    ) -> Accepted:
        """Does an action once, however often it has to be sent. `key` is its Idempotency-Key: give
        one to send the same again from another process."""
        answer = await self._signed(EXECUTE, Action(action, data, task_id).body(), key)
        replayed = "Idempotency-Replayed" in answer.headers
        return Accepted(answer.body["jobId"], replayed)

    async def execute_batch(
        self, actions: Sequence[Action], *, key: str | None = None
    ) -> list[Accepted | ScoreboardError]:
        """Up to 100 actions, and a result for each; refusals are in it, they are not raised."""
        value = {"actions": [action.body() for action in actions]}
        answer = await self._signed(EXECUTE_BATCH, value, key)
        replayed = "Idempotency-Replayed" in answer.headers
        return [
            Accepted(entry["jobId"], replayed) if "jobId" in entry else errors.of_problem(entry, {})
            for entry in answer.body["results"]
        ]

    async def _signed(self, path: str, value: object, key: str | None) -> Any:
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        call = Call(method="POST", path=path, value=value, headers=headers, signed=True)
        return await self.call(call)

    async def job(self, job_id: str, *, wait: int = 0) -> Job:
        """What became of it; `wait`: seconds for which the server may think (30 at most)."""
        path = _query(f"/api/jobs/{quote(job_id, safe='')}", wait=wait or None)
        return Job.of((await self.call(Call(method="GET", path=path, wait=wait))).body)

    async def wait(self, job: Accepted | str, *, timeout: float = 60.0) -> Job:
        """The job when it has ended: completed, or failed. Raises TimeoutError."""
        job_id = job.job_id if isinstance(job, Accepted) else job
        until = time.monotonic() + timeout
        while True:
            left = max(0.0, until - time.monotonic())
            found = await self.job(job_id, wait=int(min(LONGEST_POLL, left)))
            if found.finished:
                return found
            if time.monotonic() >= until - 1:
                raise TimeoutError(f"job {job_id} is {found.status} after {timeout} s")

    # --- reads ----------------------------------------------------------------------------------
    async def standings(
        self, board: str | None = None, *, limit: int | None = None, offset: int | None = None
    ) -> Standings:
        path = _query("/api/scoreboard", board=board, limit=limit, offset=offset)
        return Standings.of(await self.get(path))

    async def around(
        self, user_id: str | None = None, *, board: str | None = None, rows: int | None = None
    ) -> Around:
        """The standings around a user, or around me."""
        whose = "me" if user_id is None else f"users/{quote(user_id, safe='')}"
        return Around.of(
            await self.get(_query(f"/api/scoreboard/{whose}", board=board, around=rows))
        )

    async def history(self, cursor: str | None = None) -> History:
        """My ledger, a page of it."""
        return History.of(await self.get(_query("/api/users/me/history", cursor=cursor)))

    async def get(self, path: str) -> Any:
        """The body of any route."""
        return (await self.call(Call(method="GET", path=path))).body

    async def post(self, path: str, value: object, *, repeatable: bool = False) -> Any:
        """The body of any route; `repeatable`: it may be sent again when no answer came."""
        call = Call(method="POST", path=path, value=value, repeatable=repeatable)
        return (await self.call(call)).body

    # --- live -----------------------------------------------------------------------------------
    async def watch(self, board: str | None = None) -> AsyncIterator[Standings]:
        """The standings at once and at every change, for ever; never an older version."""
        async for event in self.events(board, channels=(SCOREBOARD,)):
            if isinstance(event, Standings):
                yield event

    async def events(
        self, board: str | None = None, *, channels: Sequence[str] | None = None
    ) -> AsyncIterator[Event]:
        """All that a socket says, over every connection; both channels when there is a session.

        Raises ScoreboardError when only something new helps: the session is over, the origin is
        not allowed.
        """
        both = (SCOREBOARD, USER) if self.session is not None else (SCOREBOARD,)
        conversation = Conversation(board, both if channels is None else tuple(channels))
        async for event in listen(self, await self.websocket_url(), conversation):
            yield event

    async def websocket_url(self) -> str:
        """Where the board's sockets are."""
        if self._websocket_url is None:
            told = (await self.call(Call(method="GET", path="/config.json", session=False))).body
            self._websocket_url = urljoin(f"{self.url}/", told["websocketUrl"])
        return self._websocket_url
