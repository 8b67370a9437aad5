"""Whatever people and controllers do, in whatever order: what must hold after every look."""

import re
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.operator.kstatus import CURRENT, FAILED, IN_PROGRESS, kstatus
from tests.unit.operator.scoreboards import Look, World

from scoreboard_operator import facts as look
from scoreboard_operator import kinds
from scoreboard_operator.release import of

ORDER = ("broadcaster", "worker", "gateway")
EDITS = {
    "old": 'version: "0.1.0"',
    "old, other config": 'version: "0.1.0"\nrealtime: {maxRate: 20}',
    "new": 'version: "0.2.0"',
    "new, other image": 'version: "0.2.0"\nimage: example.com/a:1',
}
VOLATILE = re.compile(r"\b\d+(\.\d+)?(s|ms| seconds)\b|\d{4}-\d{2}-\d{2}|back-off|_games\(|pod=")


def stuck(world: World, role: str) -> None:
    world.roll(role, available=0)
    why = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    world.role(role)["status"]["conditions"] = [why]


def crash(world: World, role: str) -> None:
    labels = {"app.kubernetes.io/component": role}
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting pod=x_games(1)"}
    ended = {"exitCode": 3, "reason": "Error", "message": "cannot reach Valkey\n"}
    container = {"name": role, "state": {"waiting": waiting}, "lastState": {"terminated": ended}}
    pod = {"metadata": {"labels": labels}, "status": {"containerStatuses": [container]}}
    world.pods = [pod]


def scale(world: World, role: str) -> None:
    world.role(role)["spec"]["replicas"] = 0
    world.role(role)["metadata"]["generation"] += 1


def delete(world: World, role: str) -> None:
    world.delete(kinds.DEPLOYMENT, world.role(role)["metadata"]["name"])


TO_A_ROLE: dict[str, Callable[[World, str], None]] = {
    "serve": lambda world, role: world.serve(role),
    "roll": lambda world, role: world.roll(role),
    "stuck": stuck, "crash": crash, "scale": scale, "delete": delete,
}  # fmt: skip
TO_ALL: dict[str, Callable[[World], None]] = {
    "serve all": lambda world: world.serve(),
    "end jobs": lambda world: world.end_all(),
    "fail jobs": lambda world: world.end_all("Failed"),
    "delete jobs": lambda world: [world.delete(kinds.JOB, job) for job in world.jobs()] and None,
    "calm": lambda world: world.pods.clear(),
}
STEPS = st.one_of(
    st.tuples(st.sampled_from(sorted(TO_A_ROLE)), st.sampled_from(ORDER)),
    st.tuples(st.sampled_from(sorted(TO_ALL))),
    st.tuples(st.just("edit"), st.sampled_from(sorted(EDITS)), st.sampled_from(["", "1"])),
)


def do(world: World, step: tuple[str, ...]) -> None:
    if step[0] == "edit":
        world.edit(EDITS[step[1]], **({"scoreboard.dev/restart-at": step[2]} if step[2] else {}))
        assert as_seen(world) == IN_PROGRESS or world.resource.generation == generation(world)
    elif step[0] in TO_ALL:
        TO_ALL[step[0]](world)
    elif ("Deployment", f"arcade-{step[1]}") in world.objects:
        TO_A_ROLE[step[0]](world, step[1])


def generation(world: World) -> int:
    return int(world.resource.status.get("observedGeneration", -1))


def as_seen(world: World) -> str:
    status = world.resource.status or {"observedGeneration": -1}
    return kstatus({"metadata": {"generation": world.resource.generation}, "status": status})


def checked(world: World) -> None:
    """A look, and everything that must be true of it."""
    before = {each["type"]: each for each in world.resource.status.get("conditions", [])}
    ran = {role: of(world.objects.get(("Deployment", f"arcade-{role}"))) for role in ORDER}
    done = {j for j in world.jobs() if look.job_state(world.objects["Job", j]) == look.DONE}

    found = world.look()

    for role in ORDER:
        now = of(world.objects.get(("Deployment", f"arcade-{role}")))
        if now is not None and now != ran[role]:
            known = any(each and each.image == now.image for each in ran.values())
            assert known or world.target().jobs.migrate in done, "nobody runs before its migration"
    conditions(world, found, before)
    meaning(world, found)
    assert not all(world.look().wrote for _ in range(3)), "looking again comes to rest"


def conditions(world: World, found: Look, before: dict[str, Any]) -> None:
    for each in found.status["conditions"]:
        assert each["observedGeneration"] == world.resource.generation
        assert re.fullmatch(r"[A-Z][A-Za-z]+", each["reason"])
        assert not VOLATILE.search(each["message"]), each["message"]
        old = before.get(each["type"])
        same = old is not None and old["status"] == each["status"]
        kept = old is not None and old["lastTransitionTime"] == each["lastTransitionTime"]
        assert same == kept, "lastTransitionTime is that of a turn"
    by_type = {each["type"]: each["status"] for each in found.status["conditions"]}
    assert len(by_type) == len(found.status["conditions"])
    assert (by_type["Reconciling"], by_type["Stalled"]) != ("True", "True")


def meaning(world: World, found: Look) -> None:
    live = {role: world.objects.get(("Deployment", f"arcade-{role}")) for role in ORDER}
    target = found.view.plan.target
    runs = all(of(d) == target and look.rolled_out(d) for d in live.values())
    runs = runs and not any(map(look.scaled_to_zero, live.values()))
    jobs = {look.job_state(world.objects["Job", j]) for j in world.jobs("contract-")}
    said = as_seen(world)
    assert (said == CURRENT) == (runs and found.hold == "")
    if said == CURRENT:
        assert found.status["version"] == target.version
        assert jobs == {look.DONE}
    stalled = [h for h in (found.view.plan.hold,) if h and h.stalled]
    gave_up = [d for d in live.values() if look.gave_up(d) or look.scaled_to_zero(d)]
    assert (said == FAILED) == bool(stalled or gave_up)


@given(st.lists(STEPS, max_size=12))
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_look_is_safe_and_says_what_is_and_the_newest_version_comes_up_at_last(steps: list):
    world = World.of(EDITS["old"])
    world.converge()
    checked(world)

    for step in steps:
        do(world, step)
        checked(world)
    world.pods.clear()
    world.edit(EDITS["new"], **{"scoreboard.dev/restart-at": "at last"})
    for role in ORDER:
        if ("Deployment", f"arcade-{role}") in world.objects:
            world.role(role)["spec"]["replicas"] = 2
    found = world.converge()

    assert as_seen(world) == CURRENT
    assert found.condition("Ready")["reason"] == "Ready"
    assert {world.image(role).rpartition(":")[2] for role in ORDER} == {"0.2.0"}
    assert len(world.jobs()) == 2


def test_a_first_install_is_in_progress_until_it_serves():
    world = World.of()
    assert as_seen(world) == IN_PROGRESS, "also before the operator has seen it"
    seen = []
    for _ in range(12):
        checked(world)
        seen.append(as_seen(world))
        world.serve()
        world.end_all()

    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == CURRENT
