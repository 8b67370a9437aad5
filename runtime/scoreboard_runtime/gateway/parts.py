"""What the gateway's handlers work with; built in gateway/app.py."""

import asyncio
from dataclasses import dataclass

from aiohttp import web

from scoreboard_runtime.contract.board import Scoreboard
from scoreboard_runtime.contract.keys import Keys
from scoreboard_runtime.gateway.cache import Cache
from scoreboard_runtime.gateway.finished import Finished
from scoreboard_runtime.gateway.moderator import Moderator
from scoreboard_runtime.gateway.passwords import Hasher
from scoreboard_runtime.gateway.provider import Identity
from scoreboard_runtime.process.health import Health
from scoreboard_runtime.process.keys import KeyFile
from scoreboard_runtime.process.settings import Settings
from scoreboard_runtime.process.telemetry import Telemetry
from scoreboard_runtime.process.tracing import Tracer
from scoreboard_runtime.rules.tokens import TokenCache
from scoreboard_runtime.stores import valkey
from scoreboard_runtime.stores.freezes import Freezes
from scoreboard_runtime.stores.postgres import Database
from scoreboard_runtime.stores.queue import Queue
from scoreboard_runtime.stores.sessions import Revocations, Sessions
from scoreboard_runtime.stores.standings import Standings
from scoreboard_runtime.stores.users import Users


@dataclass(slots=True, kw_only=True)
class Gateway:
    """The parts of one gateway process."""

    settings: Settings
    board: Scoreboard
    keys: Keys
    telemetry: Telemetry
    tracer: Tracer | None
    database: Database
    queue_client: valkey.Client
    cache_client: valkey.Client
    queue: Queue
    key_file: KeyFile
    tokens: TokenCache
    sessions: Sessions
    revocations: Revocations
    users: Users
    hasher: Hasher
    identity: Identity | None
    standings: Standings
    cache: Cache
    finished: Finished
    health: Health
    freezes: Freezes
    moderator: Moderator
    started_us: int
    exporting: asyncio.Semaphore


GATEWAY: web.AppKey["Gateway"] = web.AppKey("gateway", Gateway)
