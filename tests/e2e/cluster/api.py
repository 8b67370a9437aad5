"""The Kubernetes API and kubectl as the tests use them: anybody's client, none of the operator's code."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
import yaml
from kubernetes import client, config

from scoreboard_operator.kinds import Kind

MERGE, JSON_PATCH, APPLY = (
    "application/merge-patch+json",
    "application/json-patch+json",
    "application/apply-patch+yaml",
)
Object = dict[str, Any]
NAMESPACE = Kind("v1", "Namespace", "namespaces")
CRD = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions")


class Refused(AssertionError):
    """The API server said no; `causes` are `field: message`."""

    def __init__(self, status: int, message: str, causes: Sequence[Mapping[str, str]] = ()) -> None:
        super().__init__(f"{status}: {message}")
        self.status, self.message = status, message
        self.causes = [f"{each.get('field', '')}: {each['message']}" for each in causes]


def _pool(kubeconfig: Path) -> tuple[str, urllib3.PoolManager, dict[str, str]]:
    found = client.Configuration()
    config.load_kube_config(str(kubeconfig), client_configuration=found)
    pool = urllib3.PoolManager(
        ca_certs=found.ssl_ca_cert,
        cert_file=found.cert_file,
        key_file=found.key_file,
        timeout=urllib3.Timeout(connect=5.0, read=60.0),
        retries=urllib3.Retry(connect=5, read=0, backoff_factor=0.2),
    )
    token = found.get_api_key_with_prefix("authorization")
    return found.host, pool, {"Authorization": token} if token else {}


@dataclass(slots=True)
class Api:
    """One cluster."""

    kubeconfig: Path
    _host: str = ""
    _pool: urllib3.PoolManager | None = None
    _headers: dict[str, str] | None = None

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        content: str = "application/json",
        **query: str,
    ) -> Any:
        """One request. Raises Refused."""
        if self._pool is None:
            self._host, self._pool, self._headers = _pool(self.kubeconfig)
        answer = self._pool.request(
            method,
            f"{self._host}{path}{'?' + urlencode(query) if query else ''}",
            body=None if body is None else json.dumps(body),
            headers={
                **(self._headers or {}),
                "Content-Type": content,
                "Accept": "application/json",
            },
        )
        if answer.status >= 400:
            said = json.loads(answer.data) if answer.data[:1] == b"{" else {}
            causes = (said.get("details") or {}).get("causes") or ()
            raise Refused(answer.status, said.get("message", answer.data.decode()), causes)
        return json.loads(answer.data)

    def get(self, kind: Kind, namespace: str | None, name: str) -> Object | None:
        """None if it is not there."""
        try:
            return self.call("GET", kind.path(namespace, name))
        except Refused as error:
            if error.status == 404:
                return None
            raise

    def list(self, kind: Kind, namespace: str | None, selector: str = "") -> list[Object]:
        """Of a kind that the cluster does not have: none."""
        try:
            items = self.call("GET", kind.path(namespace), labelSelector=selector)["items"]
        except Refused as error:
            if error.status == 404:
                return []
            raise
        return [{"apiVersion": kind.api_version, "kind": kind.kind, **item} for item in items]

    def create(self, kind: Kind, namespace: str | None, body: Object) -> Object:
        head = {"apiVersion": kind.api_version, "kind": kind.kind}
        return self.call("POST", kind.path(namespace), {**head, **body})

    def patch(self, kind: Kind, namespace: str | None, name: str, change: Any) -> Object:
        """A list is a JSON patch, all else is merged: what `kubectl patch` does."""
        content = JSON_PATCH if isinstance(change, list) else MERGE
        path = kind.path(namespace, name)
        return self.call("PATCH", path, change, content, fieldManager="somebody")

    def delete(self, kind: Kind, namespace: str | None, name: str) -> None:
        """Whether it is there or not."""
        try:
            self.call("DELETE", kind.path(namespace, name), {"propagationPolicy": "Background"})
        except Refused as error:
            if error.status != 404:
                raise

    def kubectl(self, *arguments: str, given: Any = None, fails: bool = False) -> str:
        """What it printed; `given` is its standard input: text, or what becomes YAML."""
        text = given if given is None or isinstance(given, str) else yaml.safe_dump(given)
        done = subprocess.run(
            ["kubectl", *arguments],
            input=text,
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode != 0) == fails, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stderr if fails else done.stdout
