"""Every object's name, its labels, and the selectors, which never change."""

from scoreboard_operator.resource import PREFIX, Resource
from scoreboard_runtime.contract.endpoints import GATEWAY

Labels = dict[str, str]
MANAGER = "scoreboard-operator"
MANAGED_BY = "app.kubernetes.io/managed-by"
INSTANCE, COMPONENT = "app.kubernetes.io/instance", "app.kubernetes.io/component"
METRICS = f"{PREFIX}/metrics"  # of a Service behind which metrics are
OWNED = f"{MANAGED_BY}={MANAGER}"
MIGRATION, STORES = "migration", "stores"
POSTGRES, VALKEY = "postgres", "valkey"


def role(resource: Resource, component: str) -> str:
    """The name of a role's or a store's objects: arcade-gateway."""
    return f"{resource.name}-{component}"


def keys(resource: Resource) -> str:
    """The Secret with the master keys."""
    return f"{resource.name}-keys"


def stores(resource: Resource) -> str:
    """The Secret with the managed stores' addresses and passwords."""
    return f"{resource.name}-stores"


def cloud_native_pg(resource: Resource) -> str:
    """The Secret with the address of a CloudNativePG Cluster, which that operator makes."""
    return f"{resource.name}-app"


def metrics(resource: Resource, component: str) -> str:
    """The headless Service by which metrics are found."""
    return f"{resource.name}-{component}-metrics"


def selector(resource: Resource, component: str) -> Labels:
    """Frozen: a Deployment's selector cannot be changed."""
    return {
        "app.kubernetes.io/name": "scoreboard",
        INSTANCE: resource.name,
        COMPONENT: component,
    }


def labels(resource: Resource, component: str) -> Labels:
    return {
        **selector(resource, component),
        MANAGED_BY: MANAGER,
        "app.kubernetes.io/part-of": resource.name,
    }


def entry(resource: Resource) -> str:
    """The Service that the way in leads to."""
    return role(resource, GATEWAY)
