"""Where the runtime's images are: what a version of a Scoreboard means as an image."""

from dataclasses import dataclass

from scoreboard_operator.resource import Resource

PRIVATE = "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 fc00::/7"


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """Repositories; a tag is a version of the runtime. `trusted_proxies`: networks whose
    X-Forwarded-For the gateway believes, which is where ingress controllers are."""

    runtime: str = "ghcr.io/scoreboard-dev/scoreboard"
    stores: str = "ghcr.io/scoreboard-dev/scoreboard-stores"
    pull_policy: str = "IfNotPresent"
    trusted_proxies: str = PRIVATE

    def of_roles(self, resource: Resource) -> str:
        """The image of gateway, worker, broadcaster and migration."""
        return str(resource.spec.get("image") or f"{self.runtime}:{tag(resource.version)}")

    def of_stores(self, version: str) -> str:
        """The image of the managed stores."""
        return f"{self.stores}:{tag(version)}"


def tag(version: str) -> str:
    """A version as a tag: build metadata's + is not allowed there."""
    return version.replace("+", "_")
