"""The Kubernetes API, and the only module that speaks it: get, list, apply, delete, status, events.

Server-side apply with one field manager; plain dicts in and out. Every call has a deadline: the
client has none of its own.
"""

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientError, ClientTimeout
from kubernetes.aio import config
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration
from yaml import YAMLError

from scoreboard_operator import kinds, names
from scoreboard_operator.facts import Object
from scoreboard_operator.kinds import Kind
from scoreboard_operator.render.parts import Manifest

TIMEOUT = ClientTimeout(total=30.0, sock_connect=5.0)
MOST_WAIT = 60.0
APPLY, JSON_PATCH = "application/apply-patch+yaml", "application/json-patch+json"
JSON = "application/json"
CREATED, CHANGED, UNCHANGED, DELETED, REFUSED = (
    "created", "changed", "unchanged", "deleted", "refused",
)  # fmt: skip
Count = Callable[[str, str], None]


class ApiError(Exception):
    """The API server said no, or nothing (status 0). `reason` is one word of Kubernetes'.

    `wait`: seconds that it asks for before the next attempt.
    """

    def __init__(self, status: int, reason: str, message: str, wait: float = 0.0) -> None:
        super().__init__(f"{reason}: {message}" if message else reason)
        self.status, self.reason, self.message, self.wait = status, reason, message, wait


def _error(status: int, text: bytes, retry_after: str) -> ApiError:
    # The API server writes whole seconds, never a date.
    seconds = re.fullmatch("[0-9]{1,9}", retry_after)
    wait = min(MOST_WAIT, float(seconds[0])) if seconds else 0.0
    try:
        said = json.loads(text)
        reason, message = str(said.get("reason") or status), str(said.get("message") or "")
    except (ValueError, AttributeError):
        reason, message = str(status), text[:200].decode("utf-8", "replace")
    return ApiError(status, reason, message, wait)


class Cluster:
    """`count` is told of every write: its kind, and what came of it.

    `may_write` is asked before each: whoever lost the Lease writes nothing any more, also not what
    it was about to write when it was stopped for a while.
    """

    def __init__(self, client: ApiClient, count: Count | None = None) -> None:
        self._client = client
        self._count: Count = count or (lambda kind, outcome: None)
        self.may_write: Callable[[], bool] = lambda: True

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content: str = JSON,
        **query: str,
    ) -> dict[str, Any]:
        """One request. Raises ApiError, also when there is no answer."""
        host: str = self._client.configuration.host
        url = f"{host}{path}{'?' if query else ''}{urlencode(query)}"
        headers: dict[str, str] = {"Accept": JSON, "Content-Type": content}
        await self._client.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
        try:
            answer = await self._client.rest_client.request(  # type: ignore[no-untyped-call]
                method, url, headers=headers, body=body, _request_timeout=TIMEOUT
            )
            text: bytes = await answer.read()
        except (ClientError, OSError, TimeoutError) as error:
            raise ApiError(0, "Unreachable", f"{method} {path}: {type(error).__name__}") from error
        if answer.status >= 400:
            raise _error(answer.status, text, answer.headers.get("Retry-After", ""))
        found: dict[str, Any] = json.loads(text)
        return found

    async def _write(
        self, method: str, path: str, body: Any, *, content: str = JSON, **query: str
    ) -> dict[str, Any]:
        """One request that changes something. Raises ApiError."""
        if not self.may_write():
            raise ApiError(0, "LeaseLost", f"{method} {path} is left to the one who holds it")
        return await self.call(method, path, body, content=content, **query)

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Object | None:
        """None if it is not there. Raises ApiError."""
        try:
            return await self.call("GET", kind.path(namespace, name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def list(
        self, kind: Kind, namespace: str | None, selector: str = "", limit: int = 500
    ) -> list[Object]:
        """All of a kind that the selector picks, in pages. Raises ApiError."""
        found: list[Object] = []
        query = {"limit": str(limit), **({"labelSelector": selector} if selector else {})}
        while True:
            page = await self.call("GET", kind.path(namespace), **query)
            # Members of a list come without their kind.
            head = {"apiVersion": kind.api_version, "kind": kind.kind}
            found += [{**head, **item} for item in page["items"]]
            more = page["metadata"].get("continue")
            if not more:
                return found
            query["continue"] = more

    async def apply(
        self, manifest: Manifest, *, before: Object | None, dry_run: bool = False
    ) -> Object:
        """Server-side apply of the whole intent, by force. `before`: what is there, for counting.

        Raises ApiError.
        """
        kind, metadata = kinds.of(manifest), manifest["metadata"]
        query = {"fieldManager": names.MANAGER, "force": "true", "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        path = kind.path(metadata["namespace"], metadata["name"])
        if before is not None:
            # This very object: had it been replaced since it was read, 409 and a new look.
            manifest = {**manifest, "metadata": {**metadata, "uid": before["metadata"]["uid"]}}
        try:
            after = await self._write("PATCH", path, manifest, content=APPLY, **query)
        except ApiError:
            if not dry_run:
                self._count(kind.kind, REFUSED)
            raise
        if not dry_run:
            self._count(kind.kind, _outcome(before, after))
        return after

    async def own(self, found: Object, fields: Sequence[Manifest]) -> None:
        """Writes managedFields, if nobody changed the object since it was read. Raises ApiError."""
        metadata, kind = found["metadata"], kinds.of(dict(found))
        patch = [
            {"op": "replace", "path": "/metadata/managedFields", "value": list(fields)},
            # With it the server refuses when it is another one by now.
            {
                "op": "replace",
                "path": "/metadata/resourceVersion",
                "value": metadata["resourceVersion"],
            },
        ]
        path = kind.path(metadata["namespace"], metadata["name"])
        await self._write("PATCH", path, patch, content=JSON_PATCH)
        self._count(kind.kind, CHANGED)

    async def delete(self, kind: Kind, found: Object) -> None:
        """This very object, if nobody changed it since it was read. Raises ApiError."""
        metadata = found["metadata"]
        must = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        body = {"propagationPolicy": "Background", "preconditions": must}
        path = kind.path(metadata["namespace"], metadata["name"])
        try:
            await self._write("DELETE", path, body)
            self._count(kind.kind, DELETED)
        except ApiError as error:
            if error.status not in (404, 409):  # gone, or looked at again in the next round
                raise

    async def report(self, namespace: str, name: str, uid: str, status: Mapping[str, Any]) -> None:
        """Writes a Scoreboard's status, whole. Raises ApiError (409: it is another one by now)."""
        body = {
            "apiVersion": kinds.SCOREBOARD.api_version,
            "kind": kinds.SCOREBOARD.kind,
            "metadata": {"name": name, "namespace": namespace, "uid": uid},
            "status": dict(status),
        }
        path = f"{kinds.SCOREBOARD.path(namespace, name)}/status"
        manager = f"{names.MANAGER}-status"
        await self._write("PATCH", path, body, content=APPLY, fieldManager=manager, force="true")
        self._count(kinds.SCOREBOARD.kind, CHANGED)

    async def record(self, namespace: str, event: Manifest) -> None:
        """Posts an Event. Raises ApiError."""
        await self._write("POST", kinds.EVENT.path(namespace), event)
        self._count(kinds.EVENT.kind, CREATED)

    async def served(self) -> frozenset[str]:
        """The optional kinds that this cluster has now. Raises ApiError."""
        found: set[str] = set()
        for api in sorted({kind.api_version for kind in kinds.OWNED if kind.optional}):
            try:
                listed = await self.call("GET", f"/apis/{api}")
            except ApiError as error:
                if error.status == 404:
                    continue
                raise
            there = {resource["kind"] for resource in listed.get("resources", [])}
            found |= {k.kind for k in kinds.OWNED if k.api_version == api and k.kind in there}
        return frozenset(found)


def _outcome(before: Object | None, after: Object) -> str:
    """Of an apply. Controllers write statuses in between, and that is no change of ours."""
    if before is None:
        return CREATED
    old, new = before["metadata"], after["metadata"]
    same = old["resourceVersion"] == new["resourceVersion"] or (
        "status" in after
        and old["uid"] == new["uid"]
        and old.get("generation") == new.get("generation")
        and _applied(old) == _applied(new)
    )
    return UNCHANGED if same else CHANGED


def _applied(metadata: Mapping[str, Any]) -> list[Any]:
    """What the server keeps of our apply; its time is another one only if that changed anything."""
    entries = metadata.get("managedFields") or []
    return [
        e for e in entries if (e.get("manager"), e.get("operation")) == (names.MANAGER, "Apply")
    ]


@asynccontextmanager
async def connected(count: Count | None = None) -> AsyncIterator[Cluster]:
    """The cluster of the pod's service account, else of KUBECONFIG.

    Raises ConfigException when there is neither.
    """
    found = Configuration()
    try:
        config.load_incluster_config(found)  # type: ignore[no-untyped-call]
    except config.ConfigException:
        try:
            await config.load_kube_config(client_configuration=found)  # type: ignore[no-untyped-call]
        except (TypeError, ValueError, YAMLError) as error:  # what is no kubeconfig at all
            raise config.ConfigException(f"the kubeconfig cannot be read: {error}") from None
    # Python 3.13 wants of an authority's certificate what many a cluster's does not have.
    found.disable_strict_ssl_verification = True
    async with ApiClient(found) as client:
        yield Cluster(client, count)
