"""Every kind of object that the operator reads or owns."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource of the API. `optional`: its CRD may be absent and may appear later."""

    api_version: str
    kind: str
    plural: str
    optional: bool = False

    @property
    def group(self) -> str:
        """Empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        return self.api_version.rpartition("/")[2]

    def path(self, namespace: str | None, name: str = "") -> str:
        """The URL's path of a collection, or of one object."""
        root = f"/apis/{self.api_version}" if self.group else f"/api/{self.api_version}"
        inside = f"/namespaces/{namespace}" if namespace else ""
        return f"{root}{inside}/{self.plural}{'/' if name else ''}{name}"


SCOREBOARD = Kind("scoreboard.dev/v1alpha1", "Scoreboard", "scoreboards")
LEASE = Kind("coordination.k8s.io/v1", "Lease", "leases")
EVENT = Kind("v1", "Event", "events")
POD = Kind("v1", "Pod", "pods")

SECRET = Kind("v1", "Secret", "secrets")
CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")
SERVICE_ACCOUNT = Kind("v1", "ServiceAccount", "serviceaccounts")
SERVICE = Kind("v1", "Service", "services")
NETWORK_POLICY = Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
STATEFUL_SET = Kind("apps/v1", "StatefulSet", "statefulsets")
JOB = Kind("batch/v1", "Job", "jobs")
DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments")
DISRUPTION_BUDGET = Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
AUTOSCALER = Kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
INGRESS = Kind("networking.k8s.io/v1", "Ingress", "ingresses")
HTTP_ROUTE = Kind("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes", optional=True)
SCALED_OBJECT = Kind("keda.sh/v1alpha1", "ScaledObject", "scaledobjects", optional=True)
SERVICE_MONITOR = Kind(
    "monitoring.coreos.com/v1", "ServiceMonitor", "servicemonitors", optional=True
)
PROMETHEUS_RULE = Kind(
    "monitoring.coreos.com/v1", "PrometheusRule", "prometheusrules", optional=True
)
ALERTMANAGER_CONFIG = Kind(
    "monitoring.coreos.com/v1alpha1", "AlertmanagerConfig", "alertmanagerconfigs", optional=True
)
CLUSTER = Kind("postgresql.cnpg.io/v1", "Cluster", "clusters", optional=True)

# In the order in which they are applied: what others refer to comes first.
OWNED = (
    SECRET, SERVICE_ACCOUNT, CONFIG_MAP, NETWORK_POLICY, SERVICE, STATEFUL_SET, CLUSTER, JOB,
    DEPLOYMENT, DISRUPTION_BUDGET, AUTOSCALER, SCALED_OBJECT, INGRESS, HTTP_ROUTE, SERVICE_MONITOR,
    PROMETHEUS_RULE, ALERTMANAGER_CONFIG,
)  # fmt: skip
BY_NAME = {(kind.api_version, kind.kind): kind for kind in OWNED}


def of(manifest: dict) -> Kind:  # type: ignore[type-arg]
    """The kind of a manifest that the operator renders. Raises KeyError."""
    return BY_NAME[manifest["apiVersion"], manifest["kind"]]
