"""/metrics as Prometheus scrapes it: exemplars of real requests, and no label that was made up."""

from collections.abc import Iterator

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from tests.e2e.instance import Instance, a_manifest, running, until

from scoreboard_runtime.contract import metrics
from scoreboard_runtime.contract.endpoints import BROADCASTER, GATEWAY, ROLES, WORKER
from scoreboard_runtime.contract.metrics import METRICS, Metric
from scoreboard_runtime.local.player import EXECUTE

ACCEPT = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.3"


async def scraped(arcade: Instance, role: str) -> Iterator[Sample]:
    """Every sample of a role, by a strict parser."""
    async with arcade.http.get(arcade.ready["metrics"][role], headers={"Accept": ACCEPT}) as answer:
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
        families = text_string_to_metric_families(await answer.text())
    return (sample for family in families for sample in family.samples)


async def exemplars(arcade: Instance, role: str, metric: Metric, **labels: str) -> set[str]:
    """The request ids that a histogram's buckets name."""
    return {
        sample.exemplar.labels["request_id"]
        for sample in await scraped(arcade, role)
        if sample.name == f"{metric.name}_bucket"
        and labels.items() <= sample.labels.items()
        and sample.exemplar is not None
    }


@pytest.mark.parametrize("given", ["", "an-id.of_the-caller", "a" * 64])
async def test_an_exemplar_is_the_id_that_was_answered(arcade: Instance, ann, given: str):
    headers = {"X-Request-Id": given} if given else {}
    reply = await ann.signed_post(EXECUTE, {"action": "level"}, **headers)
    answered = reply.headers["X-Request-Id"]

    found = await exemplars(arcade, GATEWAY, metrics.HTTP_DURATION, route=EXECUTE, status="202")

    assert answered == (given or answered)
    assert answered in found


async def test_what_a_frame_takes_is_counted_from_nought(tmp_path):
    async with running(tmp_path, a_manifest()) as instance:
        counted = {
            sample.labels["stage"]: sample.value
            for sample in await scraped(instance, BROADCASTER)
            if sample.name == f"{metrics.JOB_DURATION.name}_count"
        }

    assert counted == {"admit_to_push": 0, "commit_to_push": 0}


@pytest.mark.parametrize(
    ("role", "stage"), [(WORKER, "admit_to_commit"), (BROADCASTER, "admit_to_push")]
)
async def test_the_id_goes_with_the_action_to_its_frame(arcade: Instance, ann, role, stage):
    socket = await arcade.socket()
    await socket.send_json({"type": "subscribe", "channel": "scoreboard"})
    assert (await socket.receive_json())["type"] == "subscribed"
    ids = set()

    async def named() -> bool:
        reply = await ann.execute("level")  # until it is among the first of the board
        ids.add(reply.headers["X-Request-Id"])
        return bool(ids & await exemplars(arcade, role, metrics.JOB_DURATION, stage=stage))

    await until(named, f"an exemplar of {stage}")
    await socket.close()


async def test_labels_have_the_values_that_are_listed(arcade: Instance, ann):
    await ann.get("/api/nothing-here")
    await ann.execute("no-such-action")
    owners = {
        f"{metric.family}{suffix}": metric
        for metric in METRICS
        for suffix in ("", "_total", "_bucket", "_count", "_sum", "_created")
    }

    strange = [
        (sample.name, label, value)
        for role in ROLES
        for sample in await scraped(arcade, role)
        for label, value in sample.labels.items()
        if label != "le" and not owners[sample.name].allows(label, value)
    ]

    assert strange == []
