"""What is read from objects: rollouts, Jobs, and what keeps pods from running."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreboard_operator import facts as look
from scoreboard_operator.facts import Facts
from scoreboard_operator.images import Images
from scoreboard_operator.release import Release, of, order
from scoreboard_operator.resource import read


def a_pod(component: str = "worker", job: str = "", **status: Any) -> dict[str, Any]:
    labels = {"app.kubernetes.io/component": component, "batch.kubernetes.io/job-name": job}
    return {"metadata": {"labels": labels}, "status": status}


def a_container(state: dict | None = None, last: dict | None = None, **more: Any) -> dict[str, Any]:
    found = {
        "name": "worker",
        "image": "x:1",
        "state": state or {},
        "lastState": last or {},
        **more,
    }
    return a_pod(containerStatuses=[found])


ENDED = {"terminated": {"exitCode": 3, "reason": "Error", "message": "no\nroute "}}


def why(*pods: dict, component: str = "worker", job: str = "") -> str:
    return look.why_not(Facts(pods=pods), component, job)


@pytest.mark.parametrize(
    "pod",
    [
        a_container({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}, ENDED),
        a_container({"running": {}}, ENDED),
        a_container(ENDED),
    ],
)
def test_a_container_that_ends_again_and_again_is_told_alike_at_every_moment(pod: dict):
    assert why(pod) == "worker ended with 3 (Error): no route"


def test_one_that_ended_without_a_word_points_to_its_log():
    assert (
        why(a_container({"terminated": {"exitCode": 9}}))
        == "worker ended with 9 (Error): see its log"
    )


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull"])
def test_an_image_that_cannot_be_had_is_named(reason: str):
    assert "the image x:1 cannot be had" in why(a_container({"waiting": {"reason": reason}}))


def test_other_reasons_to_wait_are_the_kubelets_words():
    waiting = {"reason": "CreateContainerConfigError", "message": 'secret "a" not found'}

    assert (
        why(a_container({"waiting": waiting})) == 'CreateContainerConfigError secret "a" not found'
    )


@pytest.mark.parametrize(
    "pod",
    [
        a_pod(),
        a_container({"waiting": {"reason": "ContainerCreating"}}),
        a_container({"waiting": {"reason": "PodInitializing"}}),
        a_container({"terminated": {"exitCode": 0}}),
        a_container({"running": {}}, ENDED, ready=True),
        a_pod(conditions=[{"type": "PodScheduled", "status": "True"}]),
    ],
)
def test_what_is_on_its_way_is_no_trouble(pod: dict):
    assert why(pod) == ""


def test_only_the_pods_that_were_asked_for_count_and_the_first_trouble_of_them():
    pods = (a_pod(), a_container(ENDED), a_container({"waiting": {"reason": "Other"}}))

    assert why(*pods).startswith("worker ended")
    assert why(*pods, component="gateway") == ""
    assert why(*pods, job="arcade-migrate-1") == ""


def test_a_message_of_a_pod_is_cut():
    unfit = [{"type": "PodScheduled", "status": "False", "message": "x" * 999}]

    assert len(why(a_pod(conditions=unfit))) == look.MOST_CHARACTERS


def a_deployment(generation: int = 2, wanted: int | None = 2, **status: Any) -> dict[str, Any]:
    spec = {} if wanted is None else {"replicas": wanted}
    return {"metadata": {"generation": generation}, "spec": spec, "status": status}


DONE = {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}


@pytest.mark.parametrize(
    ("found", "answer"),
    [
        (None, False),
        (a_deployment(**DONE), True),
        (a_deployment(generation=3, **DONE), False),
        (a_deployment(wanted=3, **DONE), False),
        (a_deployment(**{**DONE, "replicas": 3}), False),
        (a_deployment(**{**DONE, "availableReplicas": 1}), False),
        (a_deployment(wanted=None, **DONE), True),
        (a_deployment(), False),
    ],
)
def test_a_rollout_is_over_when_kubectl_says_so(found: Any, answer: bool):
    assert look.rolled_out(found) == answer


def test_a_deadline_that_passed_counts_for_the_spec_that_it_is_of():
    late = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]

    assert look.gave_up(a_deployment(observedGeneration=2, conditions=late))
    assert not look.gave_up(a_deployment(observedGeneration=1, conditions=late))
    assert not look.gave_up(a_deployment(observedGeneration=2))
    assert not look.gave_up(None)


@pytest.mark.parametrize(
    ("conditions", "state"),
    [
        ([], look.PENDING),
        ([{"type": "Complete", "status": "True"}], look.DONE),
        ([{"type": "Failed", "status": "True"}], look.FAILED),
        ([{"type": "FailureTarget", "status": "True"}], look.PENDING),
        ([{"type": "Failed", "status": "False"}], look.PENDING),
    ],
)
def test_a_job_is_done_or_failed_by_its_conditions(conditions: list, state: str):
    assert look.job_state({"status": {"conditions": conditions}}) == state
    assert look.job_state(None) == look.PENDING


numbers = st.tuples(*[st.integers(0, 30)] * 3)


@given(numbers, numbers)
def test_versions_are_ordered_by_their_numbers(one: tuple, other: tuple):
    assert (order(".".join(map(str, one))) < order(".".join(map(str, other)))) == (one < other)


def test_what_comes_before_a_release_is_ordered_as_semver_does():
    ascending = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
    ]
    ascending += ["1.0.0-rc.1", "1.0.0", "1.0.1"]

    assert sorted(reversed(ascending), key=order) == ascending
    assert order("1.0.0+a") == order("1.0.0+b")


@pytest.mark.parametrize("found", [None, {"metadata": {}}, {"metadata": {"annotations": {}}}])
def test_a_deployment_without_an_annotation_runs_nobody_knows_what(found: Any):
    assert of(found) is None


def test_a_marked_annotation_with_a_version_that_is_none_is_not_believed():
    release = Release(image="a", version="latest", config="c", secrets="s")

    assert of({"metadata": {"annotations": {"scoreboard.dev/release": release.text()}}}) is None


def test_a_tag_has_no_plus():
    assert Images().of_stores("0.1.0+a.b").endswith(":0.1.0_a.b")


def test_a_scoreboard_is_read_with_little_said():
    spec = {"version": "0.1.0", "boards": [], "actions": []}
    found = read({"metadata": {"name": "a"}, "spec": {**spec, "redis": {"managed": {}}}})

    assert (found.namespace, found.uid, found.generation, found.status) == ("default", "", 0, {})
    assert (found.database, found.redis) == (
        ("managed", {"storage": "10Gi"}),
        ("managed", {"storage": "2Gi"}),
    )
    assert not found.paused
    assert not found.plan_only
    assert not found.deleting


@pytest.mark.parametrize(
    ("reason", "holds", "full"),
    [
        ("TooManyReplicas", "True", True),
        ("TooFewReplicas", "True", False),
        ("DesiredWithinRange", "False", False),
    ],
)
def test_an_autoscaler_says_itself_whether_it_would_have_more(reason: str, holds: str, full: bool):
    told = {"type": "ScalingLimited", "status": holds, "reason": reason}
    assert look.at_maximum({"status": {"conditions": [told]}}) == full
    assert not look.at_maximum({"status": {"conditions": []}})
    assert not look.at_maximum(None)
