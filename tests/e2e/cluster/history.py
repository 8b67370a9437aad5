"""What became of a rollout, in the order in which it could be seen from outside."""

import threading
from dataclasses import dataclass, field

from tests.e2e.cluster.boards import ROLES, Board

from scoreboard_operator import facts as look
from scoreboard_operator import kinds

EVERY = 0.1


@dataclass(slots=True)
class History:
    """Looks again and again, in a thread, for the time of a `with`."""

    board: Board
    image: str  # of the new release
    seen: list[str] = field(default_factory=list)  # each thing once, when it was first true
    versions: list[str] = field(default_factory=list)  # status.version, as it changed
    told: set[str] = field(default_factory=set)  # what status said while something was missing
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "History":
        self._look()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        assert self._thread is not None
        self._thread.join()
        self._look()

    def _run(self) -> None:
        while not self._stop.wait(EVERY):
            self._look()

    def _look(self) -> None:
        status = self.board.status  # before the things: what it says then is not newer than they
        for thing, true in self._things():
            if true and thing not in self.seen:
                self.seen.append(thing)
        version = status.get("version", "")
        if self.versions[-1:] != [version]:
            self.versions.append(version)
            self.seen.append(f"version {version} is told")
        if "contracted" not in self.seen and len(self.seen) > 1:
            said = {c["type"]: c["status"] for c in status["conditions"]}
            self.told |= {f"{kind}={said[kind]}" for kind in ("Ready", "Stalled")}

    def _things(self) -> list[tuple[str, bool]]:
        jobs = self._jobs()
        things = [("migrated", jobs.get("migrate") == look.DONE)]
        for role in ROLES:
            found = self.board.there(kinds.DEPLOYMENT, role)
            (container,) = found["spec"]["template"]["spec"]["containers"]
            given = container["image"] == self.image
            things.append((f"{role} is given it", given))
            things.append((f"{role} runs it", given and look.rolled_out(found)))
        things.append(("contraction begins", "contract" in jobs))
        things.append(("contracted", jobs.get("contract") == look.DONE))
        return things

    def _jobs(self) -> dict[str, str]:
        """State of the new release's Jobs, by phase."""
        found = {}
        for job in self.board.api.list(kinds.JOB, self.board.namespace):
            (container,) = job["spec"]["template"]["spec"]["containers"]
            if container["image"] == self.image:
                found[container["name"]] = look.job_state(job)
        return found
