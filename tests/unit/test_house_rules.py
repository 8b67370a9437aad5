"""The rules of the house that a machine can check."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("runtime/scoreboard_runtime", "operator/scoreboard_operator")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MOST_LINES, MOST_FUNCTION = 300, 60
FORBIDDEN_NAMES = {"utils", "helpers", "manager", "common", "misc", "base", "queue_utils"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=name)
def test_no_file_is_longer_than_300_lines_and_no_function_than_60(path: Path):
    text = path.read_text()
    assert len(text.splitlines()) <= MOST_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < MOST_FUNCTION, f"{node.name} is too long"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_module_says_what_it_is_and_is_named_for_it(path: Path):
    assert path.stem not in FORBIDDEN_NAMES
    if path.read_text():
        assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_sql_lives_in_sql_files_and_the_environment_in_settings(path: Path):
    text = path.read_text()
    if path.name != "migrations.py":
        assert not re.search(r'"\s*(SELECT (?!1")|INSERT INTO|UPDATE \w+ SET|DELETE FROM)', text)
    if path.name not in ("settings.py", "roles.py", "stores.py"):
        assert "os.environ" not in text


def test_the_folders_beside_the_packages_are_no_packages():
    assert not (ROOT / "operator" / "__init__.py").exists()
    assert not (ROOT / "runtime" / "__init__.py").exists()


def test_every_rule_has_its_test():
    tests = " ".join(path.read_text() for path in TESTS)
    for path in (ROOT / "runtime/scoreboard_runtime/rules").glob("*.py"):
        if path.stem != "__init__":
            assert f"rules.{path.stem}" in tests or f"rules import {path.stem}" in tests, path.stem


def test_lua_never_builds_the_name_of_a_key():
    for path in (ROOT / "runtime/scoreboard_runtime/stores/lua").glob("*.lua"):
        for call in re.findall(r"redis\.call\('\w+', ([^,)]+)", path.read_text()):
            assert ".." not in call, f"{path.name}: {call}"


def test_no_test_sleeps_a_while_to_wait():
    for path in TESTS:
        for delay in re.findall(r"sleep\(([0-9.]+)\)", path.read_text()):
            assert float(delay) <= 0.2, f"{path.name} sleeps {delay} s"
