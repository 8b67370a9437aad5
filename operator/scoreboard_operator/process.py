"""The operator's process: built here, watched here, ended here (the composition root).

Standing by, it only waits for the Lease. Acting, kopf listens, workers look, a resync makes sure.
Whatever ends unexpectedly ends the process: the next start begins from what is.
"""

import asyncio
import contextlib
import os
import random
import secrets
import signal
import string
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import structlog

from scoreboard_operator import kinds, metrics
from scoreboard_operator.cluster import ApiError, Cluster, connected
from scoreboard_operator.ear import Deaf, hear
from scoreboard_operator.keys import Entropy
from scoreboard_operator.lease import Lease, LeaseLost
from scoreboard_operator.logs import configure
from scoreboard_operator.metrics import Telemetry
from scoreboard_operator.probes import Probes, serving
from scoreboard_operator.reconcile import Edges, Reconciler
from scoreboard_operator.settings import Settings
from scoreboard_operator.workqueue import Key, WorkQueue, backoff
from scoreboard_runtime.contract.keyring import SECRET_BYTES
from scoreboard_runtime.contract.keyring import Key as MasterKey

log = structlog.get_logger()
PASSWORD_CHARACTERS = 32
CALM_SECONDS = 60.0  # listened so long, a failure is the first again
SOON_LOOKS = 10
LOOK_SECONDS = 120.0  # no look takes so long; one that hangs is ended


def entropy(now_us: int) -> Entropy:
    """A key and a password that nobody can guess."""
    alphabet = string.ascii_letters + string.digits
    password = "".join(secrets.choice(alphabet) for _ in range(PASSWORD_CHARACTERS))
    key = MasterKey(secrets.token_hex(8), secrets.token_bytes(SECRET_BYTES), now_us)
    return Entropy(key=key, password=password)


def now_us() -> int:
    return time.time_ns() // 1000


@dataclass(slots=True)
class Operator:
    """What acts once the Lease is held."""

    settings: Settings
    cluster: Cluster
    reconciler: Reconciler
    telemetry: Telemetry
    probes: Probes
    queue: WorkQueue = field(default_factory=WorkQueue)
    crds: asyncio.Event = field(default_factory=asyncio.Event)  # one of ours has come or gone

    def _watches(self, namespace: str) -> bool:
        return not self.settings.namespaces or namespace in self.settings.namespaces

    def add(self, key: Key) -> None:
        if self._watches(key[0]):
            self.queue.add(key)

    async def _look(self, key: Key, waited: float) -> None:
        started = time.monotonic()
        self.telemetry.child(metrics.QUEUE_LATENCY).observe(waited)
        state, failed, again, asked = "error", True, None, 0.0
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                outcome = await self.reconciler.reconcile(*key)
            state, failed, again = outcome.state, False, outcome.again
        except (ApiError, TimeoutError) as error:
            why = str(error) or type(error).__name__
            asked = error.wait if isinstance(error, ApiError) else 0.0
            log.warning("look_failed", namespace=key[0], name=key[1], why=why)
        except Exception:
            log.exception("look_failed", namespace=key[0], name=key[1])
        took = time.monotonic() - started
        self.telemetry.child(metrics.RECONCILES, state).inc()
        self.telemetry.child(metrics.RECONCILE_DURATION).observe(took)
        log.info("looked", namespace=key[0], name=key[1], state=state, seconds=round(took, 3))
        self.queue.done(key, random.random(), failed=failed, least=asked)
        if again is not None:
            self.queue.add(key, again)

    async def work(self) -> None:
        """One worker: looks at what is due, for ever."""
        while True:
            await self._look(*await self.queue.get())

    async def everything(self) -> None:
        """Asks for a look at every Scoreboard. Raises ApiError."""
        for namespace in self.settings.namespaces or (None,):
            for found in await self.cluster.list(kinds.SCOREBOARD, namespace):
                self.add((found["metadata"]["namespace"], found["metadata"]["name"]))

    async def resync(self) -> None:
        """For whatever no event told of; spread, so that not all come at once."""
        while True:
            await asyncio.sleep(self.settings.resync_seconds * random.uniform(0.8, 1.2))
            with contextlib.suppress(ApiError):
                await self.everything()

    def _beat(self, meta: Mapping[str, Any]) -> None:
        ours = (self.settings.own_namespace, self.settings.lease_name)
        if (meta["namespace"], meta["name"]) == ours:
            self.probes.beat()

    async def discover(self, known: frozenset[str] | None) -> None:
        """Returns when an optional kind that is not `known` has come, or a known one has gone.

        CRDs are the whole cluster's: who watches some namespaces only asks for them now and then.
        """
        soon = 0  # looks: it is served a moment after its CRD is there
        while (served := await self._served()) in (None, known) or known is None:
            known = known or served
            try:
                async with asyncio.timeout(1.0 if soon > 0 else self.settings.discover_seconds):
                    await self.crds.wait()
                self.crds.clear()
                soon = SOON_LOOKS
            except TimeoutError:
                soon -= 1

    async def _served(self) -> frozenset[str] | None:
        """None while the API server is away."""
        try:
            return await self.cluster.served()
        except ApiError:
            return None

    async def listen(self) -> None:
        """For ever: anew when optional kinds come or go, and after a while when kopf gave up.

        What nobody heard meanwhile does not matter: whoever listens anew is told of everything.
        """
        chosen, failures = self.settings.namespaces, 0
        # The heartbeat is in the operator's own namespace.
        where = {*chosen, self.settings.own_namespace} if chosen else ()
        while True:
            known, began = await self._served(), time.monotonic()
            heard = hear(
                self.add,
                self._beat,
                self.crds.set,
                namespaces=where,
                lease=self.settings.lease_name,
            )
            try:
                await _first(heard, self.discover(known))
                log.info("optional_kinds_changed")
            except Deaf as error:
                failures = 0 if time.monotonic() - began > CALM_SECONDS else failures + 1
                wait = backoff(failures, random.random())
                log.warning("listens_anew", why=str(error), after=round(wait, 3))
                await asyncio.sleep(wait)


async def _first(*loops: Awaitable[object]) -> None:
    """Runs them until one ends; the others are cancelled. Raises what it raised."""
    tasks = [asyncio.ensure_future(loop) for loop in loops]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep(lease: Lease) -> None:
    """A lost Lease ends the process at once: nothing may be written any more."""
    try:
        await lease.keep()
    except LeaseLost as error:
        log.critical("lease_lost", why=str(error))
        os._exit(1)


async def _act(settings: Settings, cluster: Cluster, telemetry: Telemetry, probes: Probes) -> None:
    reconciler = Reconciler(
        cluster=cluster,
        images=settings.images,
        edges=Edges(now_us=now_us, entropy=entropy, host=settings.identity),
        telemetry=telemetry,
    )
    operator = Operator(settings, cluster, reconciler, telemetry, probes)
    telemetry.measure(metrics.QUEUE_DEPTH, operator.queue.depth)
    for state in ("True", "False", "Unknown"):
        gauge = telemetry.child(metrics.SCOREBOARDS, state)
        gauge.set_function(lambda state=state: list(reconciler.ready.values()).count(state))
    workers = [operator.work() for _ in range(settings.workers)]
    await _first(operator.listen(), operator.resync(), *workers)


def _end_on_signals(ended: asyncio.Event) -> None:
    """SIGTERM and SIGINT set it: the first process of a container is not ended by a signal that it
    does not handle."""
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, ended.set)


async def serve(settings: Settings) -> None:
    """Until SIGTERM. Raises what ended it otherwise."""
    configure(settings.log_level)
    telemetry = Telemetry(version("scoreboard"))

    def count(kind: str, outcome: str) -> None:
        telemetry.child(metrics.API_WRITES, kind, outcome).inc()

    async with connected(count) as cluster:
        lease = Lease(cluster, settings.own_namespace, settings.lease_name, settings.identity)
        probes = Probes(telemetry, lease, settings.blind_seconds)
        telemetry.measure(metrics.HEARTBEAT_AGE, probes.age)
        async with serving(probes, settings.host, settings.port):
            ended = asyncio.Event()
            _end_on_signals(ended)
            try:
                await _first(lease.acquire(), ended.wait())
                if not ended.is_set():
                    cluster.may_write = lease.holds
                    probes.acts()
                    acting = _act(settings, cluster, telemetry, probes)
                    await _first(_keep(lease), acting, ended.wait())
            finally:
                await lease.release()
    log.info("stopped")
