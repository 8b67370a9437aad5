"""What admins do, with everything that follows from it: the same for the routes and the terminal.

First the transaction with its row of the audit log, then ranks, sessions and caches. A standing is
marked before (stores/unpublished.py), so that a crash in between costs seconds, never a rank.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from scoreboard_runtime.contract.board import DEFAULT_WINDOW, Scoreboard
from scoreboard_runtime.contract.changes import Change
from scoreboard_runtime.contract.keys import Keys
from scoreboard_runtime.rules.moderation import Refused
from scoreboard_runtime.stores import privacy, valkey
from scoreboard_runtime.stores.audit import Audit, Call
from scoreboard_runtime.stores.errors import CACHE, QUEUE, StoreUnavailable
from scoreboard_runtime.stores.freezes import BoardFrozen
from scoreboard_runtime.stores.letters import DeadLetters
from scoreboard_runtime.stores.moderation import Done, Moderation, now_us
from scoreboard_runtime.stores.postgres import Connection, Database
from scoreboard_runtime.stores.ranks import Ranks
from scoreboard_runtime.stores.sessions import DISABLED, REVOKED, Sessions
from scoreboard_runtime.stores.unpublished import Unpublished

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Moderator:
    """Every method raises Refused and StoreUnavailable; after that, the same again is safe."""

    database: Database
    queue_client: valkey.Client
    cache_client: valkey.Client
    keys: Keys
    moderation: Moderation
    audit: Audit
    ranks: Ranks
    sessions: Sessions
    letters: DeadLetters
    unpublished: Unpublished

    # --- standings ---------------------------------------------------------------
    async def _publishing(self, user: str, change: Awaitable[Done]) -> Done:
        mark = await self.unpublished.mark(user)
        try:
            done = await change
        except Refused:
            await self._settled(mark)
            raise
        published = True
        try:
            if done.change is not None:
                await self.ranks.publish([done.change])
        except StoreUnavailable as error:
            log.warning("not_published", why=str(error), user=user)
            published = False
        await self._settled(mark, published=published)
        return done

    async def _settled(self, *marks: str, published: bool = True) -> None:
        with suppress(StoreUnavailable):  # then it is looked after when it is overdue
            await (self.unpublished.done(*marks) if published else self.unpublished.hurry(*marks))

    async def publishing(
        self, users: Sequence[str], work: Callable[[], Awaitable[list[Change]]]
    ) -> list[Change]:
        """Commits changes of users' standings, then publishes them, or leaves that to a worker."""
        marks = await self.unpublished.mark_all(users)
        try:
            changes = await work()
        except BoardFrozen:
            await self._settled(*marks)
            raise
        published = False
        with suppress(StoreUnavailable):
            published = await self.ranks.publish(changes)
        await self._settled(*marks, published=published)
        return changes

    async def adjust(self, call: Call, user: str, points: int) -> Done:
        """Changes a score by hand, once for each key."""
        return await self._publishing(user, self.moderation.adjust(call, user, points))

    async def disqualify(self, call: Call, user: str) -> Done:
        """Takes a player out of every rank; score and ledger stay."""
        return await self._publishing(user, self.moderation.move(call, user, out=True))

    async def restore(self, call: Call, user: str) -> Done:
        """Puts a disqualified player back where the score belongs."""
        return await self._publishing(user, self.moderation.move(call, user, out=False))

    # --- people ------------------------------------------------------------------
    async def _forget_cached(self, user: str) -> None:
        """Gateways must show the user as they are from now on; a lost cache shows nobody."""
        with suppress(StoreUnavailable), valkey.available(CACHE):
            await self.cache_client.delete(self.keys.cached("user", user))
            await self.cache_client.publish(self.keys.cache_channel(), f"user:{user}")

    async def set_roles(self, call: Call, user: str, roles: Sequence[str]) -> tuple[Done, int]:
        """Replaces the roles; every session ends, since its tokens say the old ones."""
        done = await self.moderation.set_roles(call, user, roles)
        ended = await self.sessions.end_all(user, REVOKED)
        await self._forget_cached(user)
        return done, ended

    async def disable(self, call: Call, user: str) -> tuple[Done, int]:
        """Refuses logins; every session and socket ends. Ranks stay as they are."""
        done = await self.moderation.set_disabled(call, user, disabled=True)
        return done, await self.sessions.end_all(user, DISABLED)

    async def enable(self, call: Call, user: str) -> Done:
        """Allows logins again."""
        return await self.moderation.set_disabled(call, user, disabled=False)

    async def erase(self, user: str, call: Call | None = None) -> bool:
        """Forgets a user: name, sessions, rank. False when there is no such user.

        `call` is who asks, where it is not the user.
        """
        mark = await self.unpublished.mark(user)
        try:
            erased = await privacy.erase(self.database, user, call)
        except Refused as refused:
            await self._settled(mark)
            if call is not None:
                await self.audit.note(call, refused.code)
            raise
        await self.sessions.end_all(user, REVOKED)
        with valkey.available(QUEUE):
            await self.queue_client.delete(self.keys.user_state(user), self.keys.once(user))
        await self._forget_cached(user)
        published = True
        try:
            await self.ranks.refresh(user, now_us())
        except StoreUnavailable:
            published = False
        await self._settled(mark, published=published)
        return erased

    # --- the running board -------------------------------------------------------
    async def freeze(self, call: Call, board: str, *, frozen: bool) -> Done:
        """Stops the scores of a board, or lets them go on."""
        return await self.moderation.freeze(call, board, frozen=frozen)

    async def redrive(self, call: Call, job_id: str) -> Done:
        """Puts a dead letter back at the end of its queue."""

        async def work(_: Connection) -> Done:
            if not await self.letters.redrive(job_id):
                raise Refused(
                    "NOT_FOUND",
                    "This job is not among the dead letters. Look at them again: it may be done.",
                )
            return Done({"jobId": job_id, "status": "queued"})

        return await self.moderation.audited(call, work)


def build(
    database: Database,
    queue_client: valkey.Client,
    cache_client: valkey.Client,
    board: Scoreboard,
    sessions: Sessions,
) -> Moderator:
    """A moderator of the board's default standings."""
    keys, place = Keys(board.name), (board.board.name, DEFAULT_WINDOW)
    return Moderator(
        database=database,
        queue_client=queue_client,
        cache_client=cache_client,
        keys=keys,
        moderation=Moderation(database, place),
        audit=Audit(database),
        ranks=Ranks(cache_client, database, keys, board.board, DEFAULT_WINDOW),
        sessions=sessions,
        letters=DeadLetters(queue_client, keys),
        unpublished=Unpublished(queue_client, keys),
    )
