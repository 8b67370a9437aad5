"""Who may not write asks the API server for nothing."""

from collections.abc import Awaitable, Callable

import pytest
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration

from scoreboard_operator import kinds
from scoreboard_operator.cluster import ApiError, Cluster
from scoreboard_operator.lease import Lease

FOUND = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "arcade-keys", "namespace": "games", "uid": "u", "resourceVersion": "1"},
}
WRITES: list[Callable[[Cluster], Awaitable[object]]] = [
    lambda cluster: cluster.apply(FOUND, before=None),
    lambda cluster: cluster.apply(FOUND, before=FOUND, dry_run=True),
    lambda cluster: cluster.own(FOUND, []),
    lambda cluster: cluster.delete(kinds.SECRET, FOUND),
    lambda cluster: cluster.report("games", "arcade", "u", {}),
    lambda cluster: cluster.record("games", {}),
]


@pytest.mark.parametrize("write", WRITES)
async def test_nothing_is_written_without_the_lease(write: Callable[[Cluster], Awaitable[object]]):
    nowhere = Configuration()
    nowhere.host = "http://127.0.0.1:1"
    async with ApiClient(nowhere) as client:
        cluster = Cluster(client)
        cluster.may_write = Lease(cluster, "games", "operator", "a").holds

        with pytest.raises(ApiError) as refused:
            await write(cluster)

    assert refused.value.reason == "LeaseLost"
