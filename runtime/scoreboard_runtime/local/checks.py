"""What `scoreboard doctor` finds good and bad, each with what to do: measures in, findings out."""

from dataclasses import dataclass
from typing import Literal

GIB, MIB = 1 << 30, 1 << 20
LEAST_PYTHON = (3, 11)
LEAST_DISK, ROOMY_DISK = 300 * MIB, 2 * GIB
LEAST_MEMORY, ROOMY_MEMORY = 256 * MIB, 1 * GIB
LEAST_FILES, ROOMY_FILES = 512, 4096
SKEW_MATTERS, SKEW_REFUSES = 5.0, 55.0  # seconds; an action's time may be 60 s off

Outcome = Literal["ok", "warning", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `do` is empty where nothing is to be done."""

    what: str
    outcome: Outcome
    said: str
    do: str = ""


def python(version: tuple[int, ...], executable: str, *, in_environment: bool) -> Finding:
    shown = f"Python {'.'.join(map(str, version[:3]))} ({executable})"
    if version[:2] < LEAST_PYTHON:
        return Finding("python", "fault", shown, "install Python 3.11 or later")
    if not in_environment:
        do = "python3 -m venv .venv, and install into that: the system's packages stay as they are"
        return Finding("python", "warning", f"{shown}, not a virtual environment", do)
    return Finding("python", "ok", shown)


def platform(name: str) -> Finding:
    if name == "linux":
        return Finding("platform", "ok", "Linux")
    do = "use Linux: on Windows WSL, elsewhere a container or a cluster"
    return Finding("platform", "fault", f"{name} cannot run a board", do)


def packages(missing: list[str]) -> Finding:
    if not missing:
        return Finding("packages", "ok", "all that a board on this machine needs")
    shown = ", ".join(missing)
    return Finding("packages", "fault", f"missing: {shown}", "pip install 'scoreboard[local]'")


def server(what: str, version: str | None, why: str = "") -> Finding:
    """`version` is None where it is not there, or does not run."""
    if version is None:
        return Finding(what, "fault", why, "pip install 'scoreboard[local]', or give a server")
    return Finding(what, "ok", version)


def ports(first: int, last: int, refused: dict[int, str]) -> Finding:
    """`refused` says of each that cannot be used why; from 0 on a board takes free ones."""
    if first == 0:
        return Finding("ports", "ok", "any that are free")
    if not refused:
        return Finding("ports", "ok", f"{first} to {last} are free")
    do = "stop what listens there (a board of yours?), or use --port N (--port 0 takes free ones)"
    shown = "; ".join(f"{number}: {why}" for number, why in refused.items())
    return Finding("ports", "fault", shown, do)


def disk(folder: str, free: int) -> Finding:
    shown = f"{free / GIB:.1f} GiB free at {folder}"
    if free < LEAST_DISK:
        return Finding("disk", "fault", shown, "make room, or use --data-dir on another disk")
    outcome: Outcome = "ok" if free >= ROOMY_DISK else "warning"
    return Finding(
        "disk", outcome, shown, "" if outcome == "ok" else "make room before you fill it"
    )


def memory(available: int) -> Finding:
    shown = f"{available / GIB:.1f} GiB available"
    if available < LEAST_MEMORY:
        return Finding("memory", "fault", shown, "a board needs some 400 MiB: stop something else")
    outcome: Outcome = "ok" if available >= ROOMY_MEMORY else "warning"
    do = "" if outcome == "ok" else "enough to try it; 1 GiB leaves room for players"
    return Finding("memory", outcome, shown, do)


def files(soft: int, hard: int) -> Finding:
    shown = f"{soft} open files for each process"
    if soft >= ROOMY_FILES:
        return Finding("files", "ok", shown)
    do = f"ulimit -n {min(hard, 65536)} before the start: each socket is one"
    return Finding("files", "fault" if soft < LEAST_FILES else "warning", shown, do)


def clock(skew: float | None, synchronized: bool | None) -> Finding:
    """`skew`: seconds from a server's clock, where one was asked."""
    if skew is not None and abs(skew) >= SKEW_MATTERS:
        outcome: Outcome = "fault" if abs(skew) >= SKEW_REFUSES else "warning"
        do = "set the clock by NTP (timedatectl set-ntp true): signed actions go stale at 60 s"
        return Finding("clock", outcome, f"{skew:+.0f} s from the board's", do)
    if synchronized is False and skew is None:
        do = "timedatectl set-ntp true; or compare with a board: scoreboard doctor --url URL"
        return Finding("clock", "warning", "not set by NTP", do)
    shown = "within seconds of the board's" if skew is not None else "set by NTP"
    unknown = skew is None and synchronized is None
    return Finding("clock", "ok", "nobody to compare with" if unknown else shown)


def data(folder: str, refusal: str | None, holder: str | None) -> Finding:
    if refusal is not None:
        do = "use --data-dir, or give the folder to your user (chown)"
        return Finding("data", "fault", f"{folder}: {refusal}", do)
    if holder is not None:
        do = "that is a running board: use it, stop it, or use another --data-dir"
        return Finding("data", "warning", f"{folder} is in use by process {holder}", do)
    return Finding("data", "ok", f"{folder} can be written")


def cluster(answered: bool, said: str, may: bool, installed: bool) -> Finding:
    if not answered:
        do = "check KUBECONFIG, its context and the network: kubectl cluster-info"
        return Finding("cluster", "fault", said or "the API server does not answer", do)
    if not installed:
        do = "install the operator: docs/install.md"
        return Finding("cluster", "warning", f"{said}, without the Scoreboard resource", do)
    if not may:
        do = "ask who runs the cluster for the right to create scoreboards.scoreboard.dev"
        return Finding("cluster", "warning", f"{said}, but you may not create Scoreboards", do)
    return Finding("cluster", "ok", said)


def worst(findings: list[Finding]) -> Outcome:
    for outcome in ("fault", "warning"):
        if any(finding.outcome == outcome for finding in findings):
            return outcome
    return "ok"


def lines(findings: list[Finding]) -> list[str]:
    """For people: a mark, what, how it is; what to do on a line of its own."""
    marks = {"ok": "ok   ", "warning": "hint ", "fault": "FAULT"}
    found = []
    for finding in findings:
        found.append(f"{marks[finding.outcome]}  {finding.what:<9} {finding.said}")
        if finding.do:
            found.append(f"{'':<17}-> {finding.do}")
    return found
