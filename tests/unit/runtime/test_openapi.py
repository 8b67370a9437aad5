"""The description is valid, complete, and says what the code says."""

import re
from dataclasses import replace
from typing import Any, cast

import jsonschema_rs
import msgspec
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

from scoreboard_runtime.broadcaster import wire
from scoreboard_runtime.broadcaster.stream import Streams
from scoreboard_runtime.broadcaster.visit import Visits
from scoreboard_runtime.contract import actions, frames, snapshots
from scoreboard_runtime.contract.board import Action, Board, Limit, Points, Scoreboard
from scoreboard_runtime.contract.openapi import (
    admin_shapes,
    describe,
    operations,
    privacy_shapes,
    shapes,
)
from scoreboard_runtime.contract.openapi.errors import PROBLEM
from scoreboard_runtime.contract.openapi.examples import action_body, snapshot
from scoreboard_runtime.contract.rejections import REJECTIONS
from scoreboard_runtime.gateway import app, pages
from scoreboard_runtime.process.health import Health
from scoreboard_runtime.process.telemetry import Telemetry

LIMIT = Limit(count=10, per_us=1_000_000)
BOARD = Scoreboard(
    name="arcade", version="1.2.3", boards=(Board(name="main", size=10, public=True),),
    actions={
        "level": Action(name="level", points=Points(fixed=100), roles=frozenset({"player"})),
        "coins": Action(name="coins", points=Points(field="coins", each=2, max=500)),
        "quiz": Action(name="quiz", points=Points(fixed=250), once=True),
        "boss": Action(name="boss", points=Points(fixed=1000), issued=True),
    },
    global_limit=LIMIT, address_limit=LIMIT, user_limit=LIMIT, registration_open=True,
    token_ttl_us=1, refresh_ttl_us=1, key_rotation_us=1, oidc=None, signing="Required",
    l1_ttl_us=1, l2_ttl_us=1, eager=True, max_rate=10, max_connections=10, allowed_origins=(),
)  # fmt: skip
VARIANTS = {
    "open": BOARD,
    "registration closed": replace(BOARD, registration_open=False),
    "for signed-in players": replace(BOARD, boards=(Board(name="main", size=10, public=False),)),
    "signing optional": replace(BOARD, signing="Optional"),
    "unsigned": replace(BOARD, signing="Off"),
    "nothing issued": replace(BOARD, actions={"level": BOARD.actions["level"]}),
    "nothing to do": replace(BOARD, actions={}),
}
DOING = {name: board for name, board in VARIANTS.items() if board.actions}
CLOSED = VARIANTS["registration closed"]
METHODS = ("get", "post", "put", "delete", "options")


def found(description: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Operations by their names."""
    return {
        operation["operationId"]: operation
        for methods in description["paths"].values()
        for operation in methods.values()
    }


def answering(description: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Operations, and what a path or a method that is none is answered."""
    return {
        **found(description),
        "elsewhere": {"responses": description["components"]["responses"]},
    }


def codes(operation: dict[str, Any]) -> set[str]:
    return {
        code
        for answer in operation["responses"].values()
        for code in answer.get("content", {}).get(PROBLEM, {}).get("examples", {})
    }


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()), set())
    return set().union(*map(references, value), set()) if isinstance(value, list) else set()


def judge(
    description: dict[str, Any], schema: dict[str, Any]
) -> jsonschema_rs.Draft202012Validator:
    """A validator of one schema of the description."""
    root = {**schema, "components": description["components"]}
    return jsonschema_rs.Draft202012Validator(root)


@pytest.mark.parametrize("board", VARIANTS.values(), ids=VARIANTS)
def test_the_description_is_valid_openapi_and_plain_json(board: Scoreboard):
    description = describe(board)

    jsonschema_rs.Draft202012Validator(OPENAPI_31).validate(description)

    assert msgspec.json.decode(msgspec.json.encode(description)) == description


@pytest.mark.parametrize("board", VARIANTS.values(), ids=VARIANTS)
def test_every_reference_leads_somewhere_and_every_part_is_used(board: Scoreboard):
    description = describe(board)
    named = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "headers", "parameters")
        for name in description["components"][kind]
    }

    used = references(description)

    signing = {f"#/components/parameters/X-{name}" for name in ("Timestamp", "Nonce", "Signature")}
    signing |= {"#/components/headers/Date"}  # by which a signer corrects its clock
    assert used <= named
    assert named - used <= (signing if board.signing == "Off" else set())


@pytest.mark.parametrize("board", VARIANTS.values(), ids=VARIANTS)
def test_every_example_keeps_to_its_schema(board: Scoreboard):
    description = describe(board)
    for operation in answering(description).values():
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        for part in [*bodies, *operation["responses"].values()]:
            for media in part.get("content", {}).values():
                validator = judge(description, media["schema"])
                shown = [example["value"] for example in media.get("examples", {}).values()]
                for value in [*shown, *([media["example"]] if "example" in media else [])]:
                    validator.validate(value)
    for kind in ("parameters", "headers"):
        for part in description["components"][kind].values():
            if "example" in part:
                judge(description, part["schema"]).validate(part["example"])


@pytest.mark.parametrize("board", DOING.values(), ids=DOING)
def test_everything_that_is_sent_either_way_has_an_example(board: Scoreboard):
    description = describe(board)
    components = description["components"]
    lacking = [
        name
        for kind in ("parameters", "headers")
        for name, part in components[kind].items()
        if "example" not in part
    ]

    for name, operation in answering(description).items():
        for part in (operation.get("requestBody", {}), *operation["responses"].values()):
            for media, said in part.get("content", {}).items():
                if said.get("example") is None and not said.get("examples"):
                    lacking.append(f"{name}: {media}")

    assert lacking == []


def test_examples_of_what_is_no_json_are_what_is_sent():
    description = describe(BOARD)
    events = found(description)["streamScoreboard"]["responses"]["200"]["content"]
    begun = msgspec.convert(snapshot(BOARD), snapshots.Snapshot)

    wanted = wire.event(frames.snapshot_event(begun, recovered=False), "6f2c9a1e:42")
    assert events["text/event-stream"]["example"] == wanted.decode()
    headers = description["components"]["headers"]
    assert headers["Content-Security-Policy"]["example"] == pages.policy("")


def served() -> set[tuple[str, str]]:
    """Method and path of everything that a gateway routes, and of the stream."""
    health = Health(Telemetry("gateway", "1"), [])
    streams = Streams(cast(Visits, None))
    ready = (*health.routes(), *pages.routes(BOARD, ""), *streams.routes())
    told = [(route.method, route.path) for route in ready]
    told += [(method, path) for method, path, *_ in (*app.ROUTES, *app.ACTION_ROUTES)]
    return {(method.lower(), shape(path)) for method, path in told}


def shape(path: str) -> str:
    """Without the names of its parameters; files of the pages are one."""
    return re.sub(r"\{\w+\}|(?<=/page/)[^/]+\.\w+$|(?<=/page/admin/).+", "{}", path)


def test_every_route_that_is_served_is_described_and_no_other():
    paths = describe(BOARD)["paths"]

    said = {(method, shape(path)) for path, methods in paths.items() for method in methods}
    assert said == served()


def test_every_code_is_an_answer_of_some_operation():
    said = set().union(*map(codes, answering(describe(CLOSED)).values()))

    assert said == set(REJECTIONS)


def test_a_signed_action_can_meet_all_twelve_codes_and_an_unsigned_one_nine():
    layers = {row.code for row in REJECTIONS.values() if row.layer}
    signing = {row.code for row in REJECTIONS.values() if row.layer == "signing"}

    assert codes(found(describe(BOARD))["execute"]) >= layers
    assert codes(found(describe(VARIANTS["unsigned"]))["execute"]) & layers == layers - signing


def test_only_a_board_for_signed_in_players_asks_its_readers_for_a_token():
    private = found(describe(VARIANTS["for signed-in players"]))["getScoreboard"]

    assert found(describe(BOARD))["getScoreboard"]["security"] == []
    assert private["security"] == [{"session": []}]


def test_statuses_that_make_a_client_wait_carry_retry_after():
    for operation in answering(describe(BOARD)).values():
        for status, answer in operation["responses"].items():
            assert "X-Request-Id" in answer["headers"]
            if status in ("429", "503") and "content" in answer and PROBLEM in answer["content"]:
                assert "Retry-After" in answer["headers"]


def test_operations_have_names_of_their_own_and_paths_their_parameters():
    listed = operations(BOARD)

    assert len({operation.name for operation in listed}) == len(listed)
    for operation in listed:
        braced = {part[1:-1] for part in operation.path.split("/") if part.startswith("{")}
        assert braced <= set(operation.parameters)
        assert operation.method in METHODS


TYPES = (*shapes.DESCRIBED, *admin_shapes.DESCRIBED, *privacy_shapes.DESCRIBED, actions.ActionRequest, actions.BatchRequest, actions.TaskRequest,
         snapshots.Snapshot, snapshots.Around)  # fmt: skip


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_types_are_described_with_their_own_members(kind: type[msgspec.Struct]):
    schema = describe(BOARD)["components"]["schemas"][kind.__name__]

    assert set(schema["properties"]) == set(kind.__struct_encode_fields__)


@pytest.mark.parametrize("action", BOARD.actions.values(), ids=lambda action: action.name)
def test_an_actions_example_is_a_body_that_decodes(action: Action):
    body = msgspec.json.encode(action_body(action))

    decoded = msgspec.json.decode(body, type=actions.ActionRequest)

    assert (decoded.task_id is not None) is action.issued
    assert (decoded.data is not None) is (action.points.field is not None)
