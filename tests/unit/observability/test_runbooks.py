"""docs/runbooks: one for each alert, with the same parts, and commands that a shell reads."""

import re
import subprocess
from pathlib import Path

import pytest
from tests.unit.observability.promtool import ALL_ALERTS, RUNBOOKS

PAGES = sorted(RUNBOOKS.glob("*.md"))
PARTS = ["Meaning", "Impact", "Diagnosis", "Mitigation", "Over when"]


def test_every_alert_has_its_runbook_and_every_runbook_its_alert():
    assert {path.stem for path in PAGES} == {rule["alert"] for rule in ALL_ALERTS}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_runbook_has_its_parts_and_commands_to_paste(path: Path):
    text = path.read_text()
    (diagnosis,) = re.findall(r"## Diagnosis\n\n```sh\n(.*?)```\n\n- ", text, re.DOTALL)

    assert text.startswith(f"# {path.stem}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == PARTS
    assert "kubectl" in diagnosis
    assert diagnosis.startswith("NAMESPACE="), "the only line to be changed"
    for commands in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        subprocess.run(["bash", "-n"], input=commands, text=True, check=True)
    assert not re.search(r"<[a-z]+>", text), "what must be replaced is a variable"
