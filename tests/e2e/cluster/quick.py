"""A namespace whose pods nobody runs: they are ready, or have ended well, as soon as they are made.

All else is real: API server, controllers, garbage collector. A LimitRange makes each container ask for
a resource that no node has, so that no kubelet takes the pod; then this module says what a kubelet
would. What the operator does is the same, in seconds and without a busy machine.
"""

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from tests.e2e.cluster.proxy import Upstream

from scoreboard_operator import kinds
from scoreboard_operator.kinds import Kind

NAMESPACE = Kind("v1", "Namespace", "namespaces")
LIMIT_RANGE = Kind("v1", "LimitRange", "limitranges")
NOWHERE = {"test.scoreboard.dev/nowhere": "1"}
ADDRESSES = {
    "database-url": "postgresql://somebody:secret@postgres.invalid/scoreboard",
    "queue-url": "redis://queue.invalid:6379/0",
}


@dataclass(slots=True)
class Pods:
    """Plays the kubelet of one namespace. `held`: components whose pods do not come up."""

    server: Upstream
    namespace: str
    held: set[str] = field(default_factory=set)

    async def _settle(self, pod: Any) -> None:
        labels = pod["metadata"].get("labels", {})
        component = labels.get("app.kubernetes.io/component", "")
        if pod["status"].get("phase") != "Pending" or component in self.held:
            return
        ends = "batch.kubernetes.io/job-name" in labels
        ready = {"type": "Ready", "status": "False" if ends else "True"}
        conditions = [ready, {"type": "PodScheduled", "status": "True"}]
        status = {"phase": "Succeeded" if ends else "Running", "conditions": conditions}
        path = f"{kinds.POD.path(self.namespace, pod['metadata']['name'])}/status"
        # It may be gone by now; if not, it is told again.
        with contextlib.suppress(AssertionError):
            await self.server.call("PATCH", path, {"status": status})

    async def play(self) -> None:
        """For ever."""
        url = f"{self.server.host}{kinds.POD.path(self.namespace)}"
        while True:
            query = {"watch": "true", "timeoutSeconds": "5"}  # then all are told again
            with contextlib.suppress(aiohttp.ClientError):
                async with self.server.http.get(
                    url, params=query, headers=self.server.headers, timeout=aiohttp.ClientTimeout()
                ) as found:
                    async for line in found.content:
                        event = json.loads(line)
                        if event["type"] in ("ADDED", "MODIFIED"):
                            await self._settle(event["object"])
            await asyncio.sleep(0.1)

    async def release(self) -> None:
        """Nothing is held any more."""
        self.held.clear()
        for pod in await self.server.list(kinds.POD, self.namespace):
            await self._settle(pod)


@asynccontextmanager
async def namespace(server: Upstream, prefix: str) -> AsyncIterator[str]:
    """One of its own, deleted after."""
    name = f"{prefix}-{secrets.token_hex(3)}"
    await server.call("POST", NAMESPACE.path(None), {"metadata": {"name": name}})
    try:
        yield name
    finally:
        await server.call("DELETE", NAMESPACE.path(None, name))


@asynccontextmanager
async def quick(server: Upstream, prefix: str) -> AsyncIterator[Pods]:
    """A namespace with a Secret of addresses, and pods that are ready at once."""
    async with namespace(server, prefix) as name:
        limits = [{"type": "Container", "default": NOWHERE, "defaultRequest": NOWHERE}]
        body = {"metadata": {"name": "nobody-runs-these"}, "spec": {"limits": limits}}
        await server.call("POST", LIMIT_RANGE.path(name), body)
        secret = {"metadata": {"name": "given"}, "stringData": ADDRESSES}
        await server.call("POST", kinds.SECRET.path(name), secret)
        pods = Pods(server, name)
        playing = asyncio.create_task(pods.play())
        try:
            yield pods
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)


def board(name: str, **spec: Any) -> dict[str, Any]:
    """A Scoreboard with given stores and one pod for each role."""
    one = {"autoscaling": {"minReplicas": 1, "maxReplicas": 2}}
    known = {
        "version": "0.1.0",
        "boards": [{"name": "main"}],
        "actions": [{"name": "level", "points": 100}],
        "database": {"secretRef": {"name": "given", "key": "database-url"}},
        "redis": {"secretRef": {"name": "given", "key": "queue-url"}},
        "exposure": {"type": "Ingress", "host": f"{name}.example.com"},
        "gateway": one,
        "worker": one,
        "broadcaster": one,
    }
    head = {"apiVersion": kinds.SCOREBOARD.api_version, "kind": kinds.SCOREBOARD.kind}
    return {**head, "metadata": {"name": name}, "spec": {**known, **spec}}
