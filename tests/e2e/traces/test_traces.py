"""One trace from POST to WebSocket frame, through the queue, as a collector receives it."""

from itertools import pairwise

from opentelemetry.proto.trace.v1.trace_pb2 import Span
from tests.e2e.instance import until
from tests.e2e.traces.traced import BOARD, OF_AN_ACTION, POST, USER, Traced

from scoreboard_runtime.local.player import EXECUTE_BATCH

PARENTS = {
    "admit": POST, "job": "admit", "queue": "job", "commit": "job", "publish": "job",
    BOARD: "publish", USER: "publish",
}  # fmt: skip
ROLES = {
    POST: "gateway", "admit": "gateway", "job": "worker", "queue": "worker", "commit": "worker",
    "publish": "worker", BOARD: "broadcaster", USER: "broadcaster",
}  # fmt: skip
WITHIN = {"admit": POST, "queue": "job", "commit": "job", "publish": "job"}


async def test_one_trace_leads_from_the_callers_span_to_the_frame(traced: Traced):
    spans, caller, _ = await traced.acted()

    assert set(spans) == OF_AN_ACTION
    assert spans[POST].parent == caller
    assert {name: spans[name].parent for name in PARENTS} == {
        name: spans[parent].span for name, parent in PARENTS.items()
    }
    assert {name: span.role for name, span in spans.items()} == ROLES
    assert len({span.span for span in spans.values()}) == len(spans)


async def test_times_nest_and_follow_each_other(traced: Traced):
    spans, _, _ = await traced.acted()

    assert all(span.start <= span.end for span in spans.values())
    for name, outer in WITHIN.items():
        assert spans[outer].start <= spans[name].start, name
        assert spans[name].end <= spans[outer].end, name
    order = [spans[name] for name in ("queue", "commit", "publish")]
    assert [(a.end <= b.start) for a, b in pairwise(order)] == [True, True]
    assert spans["admit"].start <= spans["job"].start == spans["queue"].start
    assert spans["publish"].start <= min(spans[BOARD].start, spans[USER].start)


async def test_spans_say_what_they_are_of(traced: Traced):
    spans, _, reply = await traced.acted()
    post, job = spans[POST], spans["job"]

    ident = reply.headers["X-Request-Id"]
    assert post.attributes == {
        "http.request.method": "POST", "http.route": "/api/actions/execute",
        "http.response.status_code": 202, "scoreboard.request_id": ident,
    }  # fmt: skip
    assert spans["admit"].attributes["scoreboard.outcome"] == "OK"
    assert job.attributes["scoreboard.job_id"] == reply.body["jobId"]
    assert (job.attributes["scoreboard.action"], job.attributes["scoreboard.deliveries"]) == (
        "level", 1,
    )  # fmt: skip
    assert spans[BOARD].attributes["scoreboard.request_id"] == ident
    assert spans[BOARD].attributes["scoreboard.sockets"] == 1
    assert [spans[name].kind for name in (POST, "admit", "job", "queue")] == [
        Span.SPAN_KIND_SERVER, Span.SPAN_KIND_PRODUCER, Span.SPAN_KIND_CONSUMER,
        Span.SPAN_KIND_INTERNAL,
    ]  # fmt: skip
    assert post.resource["service.namespace"] == "arcade"
    assert post.resource["service.version"] == "0.1.0"


async def test_the_batchs_own_trace_is_linked_both_ways(traced: Traced):
    spans, _, _ = await traced.acted()
    ((trace, span),) = spans["commit"].links

    batch = (await traced.seen(trace, {"batch"}))["batch"]

    assert (batch.span, batch.parent) == (span, "")
    assert (spans["job"].trace, spans["job"].span) in batch.links
    assert batch.start <= spans["commit"].start
    assert spans["publish"].end <= batch.end
    assert batch.attributes["scoreboard.jobs"] >= batch.attributes["scoreboard.traced"] >= 1


async def test_without_a_caller_an_action_has_a_trace_of_its_own(traced: Traced):
    reply = await traced.player.execute("level")
    ident = reply.headers["X-Request-Id"]

    def roots() -> list[str]:
        mine = [
            s for s in traced.collector.spans if s.attributes.get("scoreboard.request_id") == ident
        ]
        return [span.trace for span in mine if span.name == POST and not span.parent]

    (trace,) = await until(roots, "a POST span without a parent")
    assert (await traced.seen(trace, OF_AN_ACTION - {BOARD}))["job"].role == "worker"


async def test_what_its_caller_does_not_trace_is_not_traced(traced: Traced):
    silent, _, reply = await traced.act(sampled=0)
    assert reply.status == 202
    loud, _, _ = await traced.act()

    await traced.seen(loud, OF_AN_ACTION - {BOARD})  # after the other, in the same stream

    assert traced.collector.of(silent) == {}


async def test_a_rejection_is_a_short_trace_with_its_code(traced: Traced):
    trace, _, reply = await traced.act("no-such-action")

    spans = await traced.seen(trace, {POST, "admit"})

    assert reply.status == 404
    assert spans[POST].attributes["scoreboard.code"] == "TASK_NOT_FOUND"
    assert spans["admit"].attributes["scoreboard.outcome"] == "TASK_NOT_FOUND"
    assert (spans[POST].error, spans["admit"].attributes["scoreboard.jobs"]) == ("", 0)


async def test_every_action_of_a_batch_goes_its_own_way_from_one_admission(traced: Traced):
    trace = "ab" * 16
    actions = [{"action": "level"}, {"action": "coins", "data": {"coins": 3}}]
    header = {"traceparent": f"00-{trace}-{'c' * 16}-01"}
    reply = await traced.player.signed_post(EXECUTE_BATCH, {"actions": actions}, **header)

    def jobs() -> list:
        found = [s for s in traced.collector.spans if s.trace == trace and s.name == "job"]
        return found if len(found) == 2 else []

    found = await until(jobs, "two jobs in one trace")
    assert {job.attributes["scoreboard.job_id"] for job in found} == {
        result["jobId"] for result in reply.body["results"]
    }
    assert len({job.parent for job in found}) == 1


async def test_nothing_secret_leaves(traced: Traced):
    await traced.acted()
    session = traced.player.session
    login = await traced.player.login()
    assert login.status == 200

    await until(
        lambda: any(span.name == "POST /api/auth/login" for span in traced.collector.spans), "login"
    )
    sent = b"".join(traced.collector.bodies)
    secrets = [
        session["token"], session["refreshToken"], session["session"]["signingKey"],
        session["session"]["id"], traced.player.username, traced.player.password,
        login.body["token"], "v1=", "Bearer",
    ]  # fmt: skip
    assert [text for text in secrets if text.encode() in sent] == []
    assert traced.collector.headers[-1]["authorization"] == "Bearer collectors-own"


async def test_an_exemplar_leads_to_its_trace(traced: Traced):
    _, _, reply = await traced.act()
    trace, _, _ = await traced.act()

    async with traced.instance.http.get(traced.instance.ready["metrics"]["gateway"]) as answer:
        text = await answer.text()

    assert f'trace_id="{trace}"' in text
    assert reply.status == 202


async def test_the_spans_are_counted(traced: Traced):
    await traced.acted()

    for role in ("gateway", "worker", "broadcaster"):
        exported = 'scoreboard_spans_total{outcome="exported"}'
        assert await traced.instance.metric(role, exported) > 0
        assert await traced.instance.metric(role, 'scoreboard_spans_total{outcome="failed"}') == 0
