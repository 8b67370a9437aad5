"""The rules of the house that a machine can check."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "runtime/scoreboard_runtime",
    "operator/scoreboard_operator",
    "clients/python/scoreboard_client",
)
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MOST_LINES, MOST_FUNCTION = 300, 60
FORBIDDEN_NAMES = {"utils", "helpers", "manager", "common", "misc", "base", "queue_utils"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def too_long(path: Path) -> Iterator[str]:
    text = path.read_text()
    if len(text.splitlines()) > MOST_LINES:
        yield name(path)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            if node.end_lineno - node.lineno >= MOST_FUNCTION:
                yield f"{name(path)}: {node.name}"


def test_no_file_is_longer_than_300_lines_and_no_function_than_60():
    assert not [found for path in (*MODULES, *TESTS) for found in too_long(path)]


def test_every_module_says_what_it_is_and_is_named_for_it():
    texts = {path: path.read_text() for path in MODULES}
    silent = [
        name(p) for p, text in texts.items() if text and not ast.get_docstring(ast.parse(text))
    ]

    assert not silent
    assert not [name(path) for path in MODULES if path.stem in FORBIDDEN_NAMES]


def test_sql_lives_in_sql_files_and_the_environment_in_settings():
    sql = r'"\s*(SELECT (?!1")|INSERT INTO|UPDATE \w+ SET|DELETE FROM)'
    texts = {path: path.read_text() for path in MODULES}

    assert [p.name for p, text in texts.items() if re.search(sql, text)] == ["migrations.py"]
    asks = {path.name for path, text in texts.items() if "os.environ" in text}
    # The doctor looks at the machine: at KUBECONFIG, as kubectl does.
    assert asks <= {"settings.py", "roles.py", "stores.py", "doctor.py"}


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
