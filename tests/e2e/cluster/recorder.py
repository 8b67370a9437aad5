"""A proxy that notes what an operator asks of the API server, in the words of RBAC.

It passes requests on as the operator's own service account, so that the server judges them. An operator
that looks after every namespace would take over those of other tests: collections of the whole
cluster are narrowed to one namespace on their way, and noted as they were asked.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from tests.e2e.cluster.proxy import HOP, Proxy, is_watch

PATH = re.compile(
    r"^/(?:api|apis/(?P<group>[^/]+))/(?P<version>v[^/]+)"
    r"(?:/namespaces/(?P<namespace>[^/]+))?/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+)(?P<sub>/[a-z]+)?)?$"
)
VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
CREATED = 201
Right = tuple[str, str, str]  # group, resource, verb


@dataclass(frozen=True, slots=True)
class Asked:
    """`namespace` is empty for the whole cluster, `name` for a collection."""

    group: str
    resource: str
    verb: str
    namespace: str
    name: str

    @property
    def right(self) -> Right:
        return self.group, self.resource, self.verb


def _asked(request: web.BaseRequest) -> Asked | None:
    """None: it is about no resource (what APIs there are)."""
    found = PATH.match(request.path)
    if found is None:
        return None
    name = found["name"] or ""
    verb = VERBS.get(request.method, "get" if name else "list")
    if request.method == "GET" and is_watch(request):
        verb = "watch"
    chosen = re.search(r"metadata\.name=([^,]+)", request.query.get("fieldSelector", ""))
    return Asked(
        found["group"] or "",
        found["plural"] + (found["sub"] or ""),
        verb,
        found["namespace"] or "",
        chosen[1] if chosen else name,
    )


@dataclass(slots=True)
class Recorder(Proxy):
    """`narrowed`: resources of which only `namespace` is shown."""

    namespace: str = ""
    narrowed: frozenset[str] = frozenset()
    asked: set[Asked] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)

    def _way(self, request: web.BaseRequest, asked: Asked | None) -> str:
        if asked is None or asked.namespace or asked.resource not in self.narrowed:
            return request.path_qs
        return request.path_qs.replace(
            f"/{asked.resource}", f"/namespaces/{self.namespace}/{asked.resource}", 1
        )

    @asynccontextmanager
    async def _forwarded(
        self, request: web.BaseRequest, body: bytes | None = None
    ) -> AsyncIterator[Any]:
        headers = {name: told for name, told in request.headers.items() if name.lower() not in HOP}
        asked = _asked(request)
        url = f"{self.upstream.host}{self._way(request, asked)}"
        headers |= self.upstream.headers
        async with self.upstream.http.request(
            request.method, url, data=body, headers=headers
        ) as found:
            if found.status == 403:
                self.refused.append(f"{request.method} {request.path_qs}")
            if asked is not None:
                self.asked.add(asked)
                if asked.verb == "patch" and found.status == CREATED:
                    created = Asked(
                        asked.group, asked.resource, "create", asked.namespace, asked.name
                    )
                    self.asked.add(created)
            yield found
