"""Every reason of every condition, and what it means: docs/reference/operator.md is made of this.

Ready, Reconciling and Stalled repeat the reason of the first part that is not as it should be.
"""

from collections.abc import Mapping

_ROLE = {
    "Serving": "every pod runs the wanted release and is available",
    "Waiting": "not begun: it waits for what comes before it",
    "Starting": "no pod is available yet, or none any more",
    "RollingOut": "some pods are available, others are on their way",
    "Behind": "serves the release before; its turn comes",
    "RolloutStuck": "the rollout takes longer than 10 minutes; the message says why",
    "ScaledToZero": "somebody scaled it to 0, which switches the autoscaler off",
}
_APPLYING = {
    "Refused": "the API server refused an object; the message says why",
    "NameTaken": "an object of that name belongs to somebody else",
}
REASONS: Mapping[str, Mapping[str, str]] = {
    "Ready": {"Ready": "every part serves as declared"},
    "Reconciling": {
        "Settled": "nothing is under way",
        "Stalled": "nothing goes on without help",
        "Paused": "nothing is changed while an annotation says so",
        "Leftovers": "objects of an earlier Scoreboard of this name are still being deleted",
    },
    "Stalled": {"NotStalled": "nothing needs help"},
    "Paused": {
        "NotPaused": "changes are made",
        "Requested": "scoreboard.dev/paused or scoreboard.dev/plan is true",
    },
    "SecretsReady": {
        "SecretsPresent": "keys and addresses are there",
        "SecretMissing": "a Secret with the address of a given store is missing",
        "KeysUnusable": "the master keys cannot be read; the message says what to do",
        **_APPLYING,
    },
    "DatabaseMigrated": {
        "Migrated": "the database is at the wanted version",
        "StoresStarting": "a managed store, or CloudNativePG's Cluster, is not up",
        "MigrationRunning": "the Job before the rollout has not ended",
        "MigrationFailed": "it failed; the release before goes on",
        "ContractionRunning": "the Job after the rollout has not ended",
        "ContractionFailed": "it failed; everything serves, what nobody needs is still there",
        "DowngradeRefused": "the wanted version is older than the database",
        "CRDMissing": "CloudNativePG is asked for and not installed",
        **_APPLYING,
    },
    **{kind: _ROLE | _APPLYING for kind in ("BroadcasterReady", "WorkersReady", "GatewayReady")},
    "ExposureReady": {
        "ClusterInternal": "reached from inside only, as asked",
        "Applied": "the Ingress is there; whether a controller serves it, many never say",
        "Accepted": "a Gateway accepted the HTTPRoute",
        "WaitingForGateway": "no Gateway has accepted the HTTPRoute yet",
        "RouteRefused": "a Gateway refused it; the message has its words",
        "AddressPending": "a load balancer has no address yet",
        "AddressAssigned": "both load balancers have an address",
        "CRDMissing": "an HTTPRoute is asked for and there is no Gateway API",
        **_APPLYING,
    },
    "MonitoringReady": {
        "NotRequested": "spec.monitoring.enabled is false",
        "Applied": "the ServiceMonitor, the rules and the routes of alerts are there",
        "CRDMissing": "there is no prometheus-operator; nothing else waits for it",
        "SecretMissing": "a Secret that spec.monitoring names, or what it must hold, is not there",
        **_APPLYING,
    },
}
