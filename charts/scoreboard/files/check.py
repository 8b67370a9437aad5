"""What `helm test` asks, in a pod of the operator's image.

The operator answers and somebody acts; the API server takes a right Scoreboard and refuses a wrong
one (both as a dry run: nothing is made).
"""

import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
API = "https://kubernetes.default.svc"
APPLY = "application/apply-patch+yaml"
SECONDS = 60
BOARD = {
    "apiVersion": "scoreboard.dev/v1alpha1",
    "kind": "Scoreboard",
    "metadata": {"name": "helm-test"},
    "spec": {
        "version": "0.1.0",
        "boards": [{"name": "main"}],
        "actions": [{"name": "finish_level", "points": 100}],
    },
}


def fetch(url, body=None):
    """Status and text; the API server is asked as the pod's account."""
    request = urllib.request.Request(url, method="PATCH" if body else "GET")
    context = None
    if url.startswith(API):
        request.add_header("Authorization", f"Bearer {(ACCOUNT / 'token').read_text()}")
        context = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
        # Python 3.13 wants of an authority's certificate what many a cluster's does not have.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if body:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", APPLY)
    try:
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def operator_answers():
    url = os.environ["OPERATOR_URL"]
    status, text = fetch(f"{url}/health/ready")
    assert status == 200, f"the operator is not ready: {status} {text}"
    status, text = fetch(f"{url}/metrics")
    assert "scoreboard_operator_build_info" in text, f"no metrics: {status} {text[:200]}"
    return "the operator is ready and has metrics"


def somebody_acts():
    namespace, name = os.environ["NAMESPACE"], os.environ["LEASE"]
    status, text = fetch(f"{API}/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}")
    assert status == 200, f"nobody holds the Lease {name}: {status} {text}"
    spec = json.loads(text)["spec"]
    assert spec.get("holderIdentity"), f"nobody holds the Lease {name} now"
    return f"{spec['holderIdentity']} acts"


def applied(spec):
    boards = f"{API}/apis/scoreboard.dev/v1alpha1/namespaces/{os.environ['NAMESPACE']}/scoreboards"
    query = "fieldManager=helm-test&dryRun=All&fieldValidation=Strict"
    return fetch(f"{boards}/helm-test?{query}", {**BOARD, "spec": spec})


def a_right_board_is_taken():
    status, text = applied(BOARD["spec"])
    assert status in (200, 201), f"the API server does not take a right Scoreboard: {status} {text}"
    found = json.loads(text)
    assert found["spec"]["limits"], "defaults are not filled in: the CRD is not this version's"
    return "a right Scoreboard is taken, its defaults are filled in"


def a_wrong_board_is_refused():
    status, text = applied({**BOARD["spec"], "actions": [{"name": "finish_level", "points": -1}]})
    assert status == 422, f"a wrong Scoreboard is not refused: {status} {text}"
    return "a wrong Scoreboard is refused"


def main():
    """A question is asked again until the time is over: Services need a moment."""
    until = time.monotonic() + SECONDS
    questions = [a_right_board_is_taken, a_wrong_board_is_refused, somebody_acts]
    if "OPERATOR_URL" in os.environ:
        questions.insert(0, operator_answers)
    for question in questions:
        while True:
            try:
                print("ok:", question(), flush=True)
                break
            except (AssertionError, OSError, KeyError) as error:
                if time.monotonic() > until:
                    sys.exit(f"failed: {question.__name__}: {error}")
                time.sleep(1)


main()
