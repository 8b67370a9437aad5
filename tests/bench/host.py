"""CPU time of processes, and which core they may use."""

import os
from collections.abc import Iterable
from pathlib import Path

from tests.e2e.instance import children

_TICK = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """The process and everything below it."""
    found = [pid]
    for number in found:
        found += children(number)
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time so far; a process that ended counts with its parent."""
    total = 0
    for pid in pids:
        try:
            after = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(value) for value in after[11:15])
    return total / _TICK


def pin(pids: Iterable[int], core: int) -> None:
    """Every thread of these processes stays on one core."""
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {core})


def cores() -> tuple[int, int]:
    """The measured process's core and everybody else's."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise SystemExit("make bench: needs two cores, one of them for the load")
    return usable[0], usable[1]
