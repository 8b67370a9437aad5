"""Connections to Valkey or Redis through redis-py: everything but the admission path."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import redis.asyncio as redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import ResponseError as ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from scoreboard_runtime.stores.errors import StoreUnavailable
from scoreboard_runtime.stores.functions import Library, load

# redis-py annotates replies as bytes or str; ours are always bytes.
Client = Any
TIMEOUT = 2.0
# Error replies of a server that is starting, failing over or full: they pass.
PASSING = ("LOADING", "MASTERDOWN", "READONLY", "CLUSTERDOWN", "TRYAGAIN", "BUSY", "MISCONF", "OOM")


def connect(url: str, *, timeout: float | None = TIMEOUT) -> Client:
    """A pooled client; it connects at the first command. `timeout=None` for blocking reads."""
    over_tcp = {} if url.startswith("unix:") else {"socket_keepalive": True}
    client: Client = redis.from_url(
        url,
        protocol=2,
        socket_timeout=timeout,
        socket_connect_timeout=TIMEOUT,
        retry=None,
        max_connections=64,
        **over_tcp,
    )
    return client


@contextmanager
def available(dependency: str) -> Iterator[None]:
    """What is wrong with the server becomes StoreUnavailable."""
    try:
        yield
    except (RedisConnectionError, RedisTimeoutError, OSError) as error:
        raise StoreUnavailable(dependency, type(error).__name__) from error
    except ResponseError as error:
        if str(error).startswith(PASSING):
            raise StoreUnavailable(dependency, str(error).split(" ", 1)[0]) from error
        raise


async def call(
    client: Client, dependency: str, library: Library, name: str, keys: list[str], args: list[Any]
) -> Any:
    """FCALL; a server that does not know the library (new or flushed) is given it first."""
    with available(dependency):
        function = library.function(name)
        try:
            return await client.fcall(function, len(keys), *keys, *args)
        except ResponseError as error:
            if "unction not found" not in str(error):
                raise
        await load(client, library)
        return await client.fcall(function, len(keys), *keys, *args)


@asynccontextmanager
async def _subscribed(client: Client, channel: str) -> AsyncIterator[Any]:
    pubsub = client.pubsub(ignore_subscribe_messages=True)
    try:
        await pubsub.subscribe(channel)
        yield pubsub
    finally:
        await pubsub.aclose()


async def listen(client: Client, channel: str) -> AsyncIterator[bytes | None]:
    """Messages of a channel; None right after the subscription, when anything may have been missed.

    Ends with redis.exceptions.RedisError or OSError when the connection does: subscribe again.
    """
    async with _subscribed(client, channel) as pubsub:
        yield None
        async for message in pubsub.listen():
            yield message["data"]


LISTEN_ERRORS = (RedisError, OSError)
