"""docs/runbooks as somebody who was woken uses them: paste the diagnosis, follow a line of what mends."""

import os
import re
import subprocess
from pathlib import Path

from tests.e2e.cluster import clusters
from tests.e2e.cluster.api import Api

BOOKS = clusters.ROOT / "docs/runbooks"
_NOISE = ("Defaulted", "No resources")
_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def _part(alert: str, name: str) -> str:
    (found,) = re.findall(
        rf"^## {name}\n(.*?)(?=^## |\Z)", (BOOKS / f"{alert}.md").read_text(), re.DOTALL | re.M
    )
    return str(found)


def of_operator() -> set[str]:
    """Alerts whose runbook is about the operator or Alertmanager, not about one Scoreboard."""
    return {each.stem for each in BOOKS.glob("*.md") if "BOARD=" not in diagnosis(each.stem)}


def diagnosis(alert: str) -> str:
    """Its commands, with the names of an example in the first line."""
    (commands,) = _BLOCK.findall(_part(alert, "Diagnosis"))
    return str(commands)


def mitigation(alert: str, holding: str) -> str:
    """The one command of it that holds these words."""
    part = _part(alert, "Mitigation")
    (found,) = [
        each
        for each in (*_BLOCK.findall(part), *re.findall(r"`([^`\n]+)`", part))
        if holding in each
    ]
    return str(found)


def paste(
    api: Api, commands: str, folder: Path | None = None, **names: str
) -> subprocess.CompletedProcess[str]:
    """In a shell that knows the cluster; `names` take the place of the example's."""
    kept = re.sub(rf"^(?:(?:{'|'.join(names)})=\S+ *)+(#.*)?$", "", commands, flags=re.M)
    told = "\n".join(f"{name}={value}" for name, value in names.items())
    return subprocess.run(
        ["bash", "-c", f"{told}\n{kept}"],
        env={**os.environ, "KUBECONFIG": str(api.kubeconfig)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def complaints(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What a command said that nobody wants to read at night."""
    lines = [line for line in done.stderr.splitlines() if not line.startswith(_NOISE)]
    return [line for line in lines if "metrics" not in line.lower()]


def diagnosed(api: Api, alert: str, **names: str) -> str:
    """What its commands print now."""
    return paste(api, diagnosis(alert), **names).stdout


def follow(api: Api, alert: str, holding: str, folder: Path | None = None, **names: str) -> str:
    """Does what one line of the mitigation says; what it printed."""
    done = paste(api, mitigation(alert, holding), folder, **names)
    assert done.returncode == 0, f"{alert}, {holding}: {done.stderr}"
    return done.stdout
