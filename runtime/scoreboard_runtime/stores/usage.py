"""How full the servers of the stores are, as they say it themselves."""

import math
from dataclasses import dataclass

import asyncpg

from scoreboard_runtime.stores import valkey
from scoreboard_runtime.stores.postgres import Database


@dataclass(frozen=True, slots=True)
class Usage:
    """What is not known is not a number."""

    connections: float = math.nan
    connections_limit: float = math.nan
    bytes: float = math.nan
    bytes_limit: float = math.nan


UNKNOWN = Usage()


async def of_postgres(database: Database) -> Usage:
    """Raises StoreUnavailable."""
    try:
        row = await database.fetchrow("usage")
    except asyncpg.PostgresError:
        return UNKNOWN  # not for this user to know
    assert row is not None
    return Usage(
        float(row["connections"]), float(row["connections_limit"]), bytes=float(row["bytes"])
    )


async def of_valkey(client: valkey.Client, dependency: str) -> Usage:
    """Raises StoreUnavailable."""
    try:
        with valkey.available(dependency):
            found = {**await client.info("memory"), **await client.info("clients")}
    except valkey.ResponseError:
        return UNKNOWN
    return Usage(
        float(found.get("connected_clients", math.nan)),
        float(found.get("maxclients", math.nan)),  # Redis says it from 7.0 on
        float(found.get("used_memory", math.nan)),
        float(found.get("maxmemory") or math.inf),
    )
