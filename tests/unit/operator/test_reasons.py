"""What is said is what is documented: reasons of conditions and Events, variables, annotations."""

import re
from pathlib import Path

from scoreboard_operator import events, kinds, reasons, resource, settings
from scoreboard_operator.conditions import ROLE_CONDITION

SOURCE = Path(__file__).parents[3] / "operator/scoreboard_operator"
TEXTS = {path.stem: path.read_text() for path in SOURCE.glob("*.py")}


def in_code(*modules: str) -> set[str]:
    text = "".join(TEXTS[module] for module in modules)
    said = set(re.findall(r'reason="(\w+)"', text))
    said |= {
        word
        for pair in re.findall(r'"([A-Z]\w+)" if .* else "([A-Z]\w+)"\n', text)
        for word in pair
    }
    said |= set(re.findall(r'(?:_stuck\(\w+, \w+|waiting\()(?:, )?"(\w+)"', text))
    for end in re.findall(r'reason=f"\{phase\}(\w+)"', text):
        said |= {f"Migration{end}", f"Contraction{end}"}
    return said


def test_every_reason_of_a_condition_is_documented_and_used():
    documented = {reason for found in reasons.REASONS.values() for reason in found}
    used = in_code("plan", "conditions", "exposed", "apply", "reconcile") - set(events.REASONS)

    assert documented - set(events.REASONS) == used
    assert set(ROLE_CONDITION.values()) <= set(reasons.REASONS)


def test_every_reason_of_an_event_is_documented_and_used():
    text = TEXTS["events"] + TEXTS["reconcile"]
    for reason in events.REASONS:
        uses = rf'"{reason}"\)|reason="{reason}"|gathered\("{reason}"|event\("{reason}"'
        assert re.search(uses, text), reason


def test_every_variable_is_documented_and_read():
    ways = r'(?:text\("|_number\(env, "|_whole\(env, "|\{PREFIX\})([A-Z_]+)'
    read = set(re.findall(ways, TEXTS["settings"]))

    assert read == set(settings.VARIABLES)


def test_every_setting_has_a_default_and_takes_what_is_given():
    given = {f"{settings.PREFIX}{name}": "7" for name in settings.VARIABLES}

    empty, full = settings.load({}), settings.load(given)

    assert (empty.namespaces, empty.port, empty.images.pull_policy) == ((), 8090, "IfNotPresent")
    assert (full.namespaces, full.port, full.identity, full.resync_seconds) == (("7",), 7, "7", 7.0)


def test_every_annotation_is_one_that_a_scoreboard_obeys():
    assert all(name.startswith("scoreboard.dev/") for name in resource.ANNOTATIONS)
    assert len(resource.ANNOTATIONS) == 3


def test_a_path_of_the_api_is_that_of_its_group():
    assert kinds.POD.path("a", "b") == "/api/v1/namespaces/a/pods/b"
    assert kinds.DEPLOYMENT.path(None) == "/apis/apps/v1/deployments"
    assert (kinds.POD.group, kinds.DEPLOYMENT.group, kinds.DEPLOYMENT.version) == ("", "apps", "v1")
