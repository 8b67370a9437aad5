"""What the docs name of the contracts is in them: routes, fields, variables, calls of the client."""

import inspect
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from opentelemetry.sdk import environment_variables as opentelemetry
from tests.unit.documentation.test_reference import ROOT, TEXTS, name
from tests.unit.runtime.test_openapi import BOARD

from scoreboard_client import Scoreboard
from scoreboard_operator import settings as operator
from scoreboard_runtime.contract import crd, endpoints
from scoreboard_runtime.contract.asyncapi import describe_socket
from scoreboard_runtime.contract.openapi import describe
from scoreboard_runtime.contract.openapi.docs import docs_page
from scoreboard_runtime.gateway import pages
from scoreboard_runtime.process import settings

BASE = r"\b\w+://[\w.-]+:\d+|\$URL\b"  # of a board; another URL has no port here
OTHERS_URL = r"\b\w+://\S+"
# Files, `this/that`, a collector's route, Kubernetes' and Prometheus' own.
NO_ROUTE = r"/(home|tmp|data|etc|values)\b|/v1/traces|/readyz|/api/v\d/"
DESCRIPTION = describe(BOARD)
DOCS = docs_page(DESCRIPTION, describe_socket(BOARD))
ROUTES = {
    **{path: set(methods) for path, methods in DESCRIPTION["paths"].items()},
    endpoints.WEBSOCKET_PATH: {"get"},
    endpoints.METRICS: {"get"},
}


def routes(text: str) -> Iterator[tuple[str, str]]:
    """Method, if one is said, and path."""
    text = re.sub(OTHERS_URL, " ", re.sub(BASE, " ", text))
    for method, path in re.findall(
        r"(?:\b(GET|POST|PUT|DELETE) )?(?<![\w./~:)\]}>*-])(/[a-z][\w/{}.#-]*)", text
    ):
        if not re.match(NO_ROUTE, path):
            yield method.lower(), path


def is_served(method: str, path: str) -> bool:
    """`/api/admin` and `/api/actions/...` are all routes below."""
    path, _, anchor = path.partition("#")
    if anchor and f'id="{anchor}"' not in DOCS:
        return False
    path = path if path.endswith("...") else path.rstrip(".")
    for route, methods in ROUTES.items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route))
        if re.fullmatch(pattern, path):
            return not method or method in methods
    below = path.removesuffix("...").rstrip("/") + "/"
    return any(
        route.startswith(below) and (not method or method in ROUTES[route]) for route in ROUTES
    )


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_routes_of_the_docs_are_served(path: Path):
    assert [each for each in routes(path.read_text()) if not is_served(*each)] == []


def test_routes_are_found_where_they_are_told():
    page = "`POST /api/task` at http://127.0.0.1:8080/apis, $URL/ws2 and `/docs#nobody`; not /tmp/x"

    found = list(routes(page))

    assert found == [("post", "/api/task"), ("", "/apis"), ("", "/ws2"), ("", "/docs#nobody")]
    assert not any(is_served(*each) for each in found)
    assert is_served("delete", "/api/users/me")
    assert not is_served("put", "/api/users/me")


@pytest.mark.parametrize("folder", [pages.FOLDER, pages.CONSOLE], ids=lambda folder: folder.name)
def test_what_a_page_links_to_is_served(folder: Path):
    linked = re.findall(r'(?:href|src)="(/[^"]*)"', (folder / "index.html").read_text())
    assert linked
    assert [each for each in linked if not is_served("", each)] == []


def fields(schema: Mapping[str, Any], path: str) -> Iterator[str]:
    """Every field below, lists and maps as what is in them."""
    yield path
    for inner in (schema.get("items"), schema.get("additionalProperties")):
        if isinstance(inner, dict):
            yield from fields(inner, path)
    for key, inner in schema.get("properties", {}).items():
        yield from fields(inner, f"{path}.{key}")


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_fields_of_the_docs_are_in_the_resource(path: Path):
    schema = crd.whole_schema()["properties"]
    known = {found for part in ("spec", "status") for found in fields(schema[part], part)}
    text = path.read_text()
    named = re.findall(r"(?<![\w.])((?:spec|status)\.(?!py\b)[a-z][\w.\[\]]*)", text)
    for line in re.findall(r"^.*get scoreboard .*$", text, re.MULTILINE):
        named += re.findall(r"\{(?:range )?\.((?:spec|status)\.[\w.]+)", line)
    assert {re.sub(r"\[\w*\]", "", found).rstrip(".") for found in named} - known == set()


SETTINGS = (ROOT / "docs/reference/settings.md").read_text()
OURS = {value for key, value in vars(endpoints).items() if key.startswith("ENV_")}
OPERATORS = {operator.PREFIX + variable for variable in operator.VARIABLES}


@cache
def of_the_tests() -> set[str]:
    """Patterns of the variables that tests read."""
    code = " ".join(file.read_text() for file in (ROOT / "tests/e2e").rglob("*.py"))
    found = re.findall(r'environ\.get\(\s*f?"(SCOREBOARD_TEST_[^"]+)"', code)
    return {re.sub(r"\{.*?\}", "[A-Z]+", variable) for variable in found}


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_variables_of_the_docs_are_read(path: Path):
    named = set(re.findall(r"\b(?:SCOREBOARD|OTEL)_\w*[A-Z]\b", path.read_text()))
    for found in named:
        known = found in OURS | OPERATORS or hasattr(opentelemetry, found)
        assert known or re.fullmatch("|".join(of_the_tests()), found), found


def test_the_page_of_settings_has_every_variable_of_a_role():
    told = set(re.findall(r"`((?:SCOREBOARD|OTEL)_\w*[A-Z])\b", SETTINGS))

    assert {found for found in OURS if not found.endswith("_")} - told == set()
    assert {found for found in told if found.startswith("SCOREBOARD_")} - OURS == set()


def test_what_the_page_calls_required_is_and_its_defaults_are_those_of_the_code():
    rows = dict(
        re.findall(r"^\| `(\w+)` \| (.*) \|$", SETTINGS.partition("## Settings of a")[0], re.M)
    )
    env = {variable: "x" for variable, said in rows.items() if said.endswith("required")}
    env[endpoints.ENV_CONFIG] = str(ROOT / "examples/arcade.yaml")
    env[endpoints.ENV_OTLP_ENDPOINT] = "http://collector:4318"
    found = settings.load(endpoints.GATEWAY, env)
    for variable in env.keys() - {endpoints.ENV_OTLP_ENDPOINT}:
        with pytest.raises(settings.SettingsError, match=variable):
            settings.load(endpoints.GATEWAY, {**env, variable: ""})
    assert found.traces is not None
    defaults = {
        endpoints.ENV_DRAIN_SECONDS: found.drain_seconds,
        endpoints.ENV_QUEUE_CAPACITY: found.queue_capacity,
        f"{endpoints.ENV_OTLP}TIMEOUT": found.traces.timeout_seconds * 1000,
        endpoints.ENV_OTEL_SAMPLER_ARG: found.traces.ratio,
        endpoints.ENV_OTEL_QUEUE: found.traces.queue_size,
    }
    for variable, default in defaults.items():
        assert re.search(rf"; {default:.0f}\b", rows[variable]), f"{variable}: {default}"
    listening = next(line for line in SETTINGS.splitlines() if endpoints.ENV_METRICS_PORT in line)
    ports = [*endpoints.PORT.values(), *endpoints.METRICS_PORT.values()]
    told = [int(number) for number in re.findall(r"\b\d{4}\b", listening)]
    assert told == [*sorted(ports)[:4], max(ports)], "the last three are a range"


def test_the_clients_table_is_what_the_client_can():
    rows = re.findall(r"^\| (`.*?) \|", (ROOT / "clients/python/README.md").read_text(), re.M)
    told = re.findall(r"`(\w+)(?:\((.*?)\))?`", " ".join(rows))
    for call, arguments in told:
        known = inspect.signature(getattr(Scoreboard, call)).parameters
        for argument in re.findall(r"(?:^|, )([a-z_]+)(?==|,|$)", arguments):
            assert argument in known or argument == "id", f"{call}: {argument}"
    public = {
        key for key, value in vars(Scoreboard).items()
        if not key.startswith("_") and inspect.isfunction(value)
    }  # fmt: skip
    assert public - {"websocket_url"} == {call for call, _ in told}


def fragments(text: str) -> Iterator[Any]:
    for block in re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        found = yaml.safe_load(block)
        yield {"actions": found} if isinstance(found, list) else found


FRAGMENTS = [
    pytest.param(found, id=f"{name(path)} {' '.join(found)}")
    for path in TEXTS
    for found in fragments(path.read_text())
]


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_a_fragment_of_yaml_is_a_piece_of_a_manifest(fragment: dict[str, Any]):
    manifest = yaml.safe_load((ROOT / "examples/arcade.yaml").read_text())
    manifest["spec"] |= fragment

    assert crd.load(yaml.safe_dump(manifest)).name == "arcade"


def test_fragments_are_found():
    assert len(FRAGMENTS) == 5
