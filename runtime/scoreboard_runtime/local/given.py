"""Servers that the user gave by URL: reached and of a version that will do, or a clear refusal."""

import re

import asyncpg
from redis.exceptions import RedisError

from scoreboard_runtime.local.place import LocalError
from scoreboard_runtime.stores import valkey

LEAST_POSTGRES = 14
LEAST = {"redis": (7, 0), "valkey": (7, 2)}


async def check_database(url: str) -> None:
    """Raises LocalError."""
    try:
        connection = await asyncpg.connect(url, timeout=5.0)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise LocalError(
            f"--database-url: cannot connect ({type(error).__name__}); "
            "write postgresql://user:password@host:5432/database"
        ) from None
    try:
        version = int(await connection.fetchval("SHOW server_version_num")) // 10000
    finally:
        await connection.close()
    if version < LEAST_POSTGRES:
        raise LocalError(
            f"--database-url: PostgreSQL {version} is too old; use {LEAST_POSTGRES} on"
        )


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)[:2]))


async def check_redis(url: str) -> None:
    """Raises LocalError."""
    try:
        async with valkey.connect(url) as client:
            info = await client.info("server")
    except (OSError, RedisError, ValueError) as error:
        raise LocalError(
            f"--redis-url: cannot connect ({type(error).__name__}); "
            "write redis://:password@host:6379/0"
        ) from None
    kind = "valkey" if "valkey_version" in info else "redis"
    found = _version(str(info[f"{kind}_version"]))
    if found < LEAST[kind]:
        wanted = ".".join(map(str, LEAST[kind]))
        raise LocalError(
            f"--redis-url: {kind} {info[f'{kind}_version']} is too old; use {wanted} on"
        )
