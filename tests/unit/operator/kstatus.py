"""What kstatus, and so Helm 4, Flux and Argo CD, make of an object: the rules of cli-utils' README."""

from typing import Any

CURRENT, IN_PROGRESS, FAILED, TERMINATING = "Current", "InProgress", "Failed", "Terminating"


def kstatus(found: dict[str, Any]) -> str:
    """Of a custom resource."""
    metadata, status = found["metadata"], found.get("status", {})
    if "deletionTimestamp" in metadata:
        return TERMINATING
    if "observedGeneration" in status and status["observedGeneration"] != metadata["generation"]:
        return IN_PROGRESS
    by_type = {each["type"]: each["status"] for each in status.get("conditions", [])}
    if by_type.get("Reconciling") == "True":
        return IN_PROGRESS
    if by_type.get("Stalled") == "True":
        return FAILED
    return CURRENT if by_type.get("Ready", "True") == "True" else IN_PROGRESS
