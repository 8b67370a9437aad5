"""Which worker owns which shard: the same answer everywhere from the same list of live workers."""

from collections.abc import Iterable


def assigned(worker: str, live: Iterable[str], shards: int) -> set[int]:
    """The shards of `worker`: dealt round in the order of the workers' names, evenly."""
    order = sorted({*live, worker})
    return set(range(order.index(worker), shards, len(order)))
