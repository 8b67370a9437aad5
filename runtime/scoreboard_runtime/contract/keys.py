"""Every Valkey key, stream and channel name, one function each. Lua never builds one.

Two servers, which may be one: the **queue** server (AOF, fsync always) holds what a 202 promises
and what admission decides by; the **cache** server holds what Postgres can give back.
The instance's name is the hash tag, so that a Valkey Cluster keeps one board's keys together.
"""

from dataclasses import dataclass, field
from zlib import crc32

SHARDS = 16  # streams of one instance; a user's jobs all go to one of them
GROUP = "workers"


def shard_of(user_id: str) -> int:
    """The stream of a user: user id -> 0 to SHARDS - 1."""
    return crc32(user_id.encode()) % SHARDS


@dataclass(frozen=True, slots=True)
class Keys:
    """Names for one Scoreboard instance."""

    instance: str
    _prefix: str = field(init=False, repr=False)
    _streams: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_prefix", f"sb:{{{self.instance}}}:")
        streams = tuple(self._key(f"queue:{shard:02d}") for shard in range(SHARDS))
        object.__setattr__(self, "_streams", streams)

    def _key(self, name: str) -> str:
        return self._prefix + name

    # --- queue server: admission -------------------------------------------------
    def global_limit(self) -> str:
        """String: GCRA theoretical arrival time, microseconds."""
        return self._key("limit:global")

    def address_limit(self, address: str) -> str:
        return self._key(f"limit:address:{address}")

    def login_limit(self, digest: str) -> str:
        """Failed logins of one account from one address."""
        return self._key(f"limit:login:{digest}")

    def user_state(self, user_id: str) -> str:
        """Hash: r = user's arrival time, l:<action> = the action's, c:<action> = ready again at."""
        return self._key(f"user:{user_id}")

    def once(self, user_id: str) -> str:
        """Set of the once-only actions this user has done."""
        return self._key(f"once:{user_id}")

    def task(self, task_id: str) -> str:
        """Hash of an issued task: user, action, not_before, expires, spent."""
        return self._key(f"task:{task_id}")

    def nonce(self, session_id: str, nonce: str) -> str:
        return self._key(f"nonce:{session_id}:{nonce}")

    def idempotency(self, user_id: str, key: str) -> str:
        return self._key(f"idempotency:{user_id}:{key}")

    # --- queue server: sessions --------------------------------------------------
    def session(self, session_id: str) -> str:
        """Hash: user, username, roles, kid, generation; lives for refreshTTL."""
        return self._key(f"session:{session_id}")

    def user_sessions(self, user_id: str) -> str:
        """Set of the user's session ids."""
        return self._key(f"sessions:{user_id}")

    def revoked(self) -> str:
        """Sorted set `session id|reason` by the time it ended, us; polled by every role."""
        return self._key("revoked")

    # --- queue server: jobs ------------------------------------------------------
    def stream(self, shard: int) -> str:
        return self._streams[shard]

    def streams(self) -> tuple[str, ...]:
        return self._streams

    def lease(self, shard: int) -> str:
        """String: id of the worker that owns the shard; expires by itself."""
        return self._key(f"lease:{shard:02d}")

    def duty(self, name: str) -> str:
        """String: id of the worker that holds a singleton duty (drift check, rebuild)."""
        return self._key(f"duty:{name}")

    def workers(self) -> str:
        """Sorted set of live worker ids by the time until which they count as alive."""
        return self._key("workers")

    def dead_letter(self, job_id: str) -> str:
        """Hash: job, reason, at, attempts."""
        return self._key(f"dead:{job_id}")

    def dead_letters(self) -> str:
        """Sorted set of dead jobs' ids by the time of burial."""
        return self._key("dead")

    def unpublished(self) -> str:
        """Sorted set `user id|mark` of standings changed by hand and not published yet, by time."""
        return self._key("unpublished")

    # --- cache server ------------------------------------------------------------
    def standings_meta(self, board: str, window: str) -> str:
        """Hash: epoch, sequence, revision; building while a rebuild runs."""
        return self._key(f"standings:{board}:{window}")

    def standings_ranks(self, board: str, window: str, epoch: str) -> str:
        """Sorted set: `<reached us, 16 digits>:<user id>` by minus the score."""
        return self._key(f"standings:{board}:{window}:{epoch}:ranks")

    def standings_players(self, board: str, window: str, epoch: str) -> str:
        """Hash: user id -> `<version>:<reached us, 16 digits>:<username>`."""
        return self._key(f"standings:{board}:{window}:{epoch}:players")

    def standings_absent(self, board: str, window: str, epoch: str) -> str:
        """Hash: user id of who is disqualified or erased -> `<version>:<reached us>:<-score>`."""
        return self._key(f"standings:{board}:{window}:{epoch}:absent")

    def results(self, minute: int) -> str:
        """Hash: job id -> `rank,previous rank`, kept for an hour."""
        return self._key(f"results:{minute}")

    def cached(self, kind: str, ident: str) -> str:
        """The second level (L2) of the cache: string of JSON."""
        return self._key(f"cache:{kind}:{ident}")

    # --- cache server: channels --------------------------------------------------
    def changes_channel(self) -> str:
        """Every published batch with its changes: for the broadcasters."""
        return self._key("changes")

    def standings_channel(self) -> str:
        """The header of every published batch: for the gateways' caches."""
        return self._key("standings")

    def cache_channel(self) -> str:
        """`kind:id` of a cached object that changed."""
        return self._key("cache")
