"""The socket's description is valid, complete, and says what the code says."""

import gzip
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from tests.unit.runtime.test_frames import BOARD as SNAPSHOT
from tests.unit.runtime.test_frames import NOW, a_change
from tests.unit.runtime.test_openapi import BOARD, VARIANTS

from scoreboard_runtime.contract import frames, messages
from scoreboard_runtime.contract.asyncapi import describe_socket
from scoreboard_runtime.contract.asyncapi.exchanges import HANDSHAKE, SAID_BY_CLIENTS
from scoreboard_runtime.contract.asyncapi.section import socket_section
from scoreboard_runtime.contract.changes import FAILED, Ranked
from scoreboard_runtime.contract.openapi import describe
from scoreboard_runtime.contract.openapi.docs import docs_page
from scoreboard_runtime.contract.openapi.shapes import UserName
from scoreboard_runtime.contract.rejections import REJECTIONS
from scoreboard_runtime.contract.snapshots import UserSnapshot

# The official schema: npm @asyncapi/specs 6.11.1, schemas/3.0.0-without-$id.json (Apache-2.0).
OFFICIAL = Path(__file__).with_name("asyncapi-3.0.0.json.gz")
MINE = UserSnapshot(user_id="u1", username="Ann", score=0, rank=None, pending_jobs=["j2"])
SENT = {
    "Authenticated": frames.authenticated(UserName(id="u", username="Ann", roles=["player"]), NOW),
    "SubscribedBoard": frames.subscribed_board(SNAPSHOT, recovered=True, ident=7),
    "SubscribedActivity": frames.subscribed_activity("main", None),
    "Activity": frames.activity("main", 12.4, NOW),
    "SubscribedUser": frames.subscribed_user(MINE, ("e1", 0), recovered=False, ident=None),
    "Unsubscribed": frames.unsubscribed("user", None),
    "Pong": frames.pong(NOW, {"any": ["thing"]}),
    "ScoreboardUpdated": frames.scoreboard_updated(SNAPSHOT, NOW),
    "UserScoreUpdated": frames.user_score_updated(
        "main", "e", Ranked(a_change(job=""), None, None)
    ),
    "JobFinished": frames.job_finished(Ranked(a_change(), 3, 5)),
    "SessionEnded": frames.session_ended("expired"),
    "Error": frames.error("NOT_FOUND", "there is no board 'x'"),
}


def closed(schema: Any) -> Any:
    """The schema without room for members that it does not name."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: closed(value) for name, value in schema.items()}
    return {"additionalProperties": False, **found} if "properties" in schema else found


def judge(description: dict[str, Any], name: str) -> jsonschema_rs.Draft202012Validator:
    schemas = closed(description["components"]["schemas"])
    root = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
    return jsonschema_rs.Draft202012Validator(root)


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()), set())
    return set().union(*map(references, value), set()) if isinstance(value, list) else set()


@pytest.mark.parametrize("board", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize(
    "url", ["", "/ws", "wss://scores.example.com/ws", "ws://127.0.0.1:8081/ws"]
)
def test_it_is_valid_asyncapi_and_every_reference_leads_somewhere(board, url: str):
    description = describe_socket(board, url)

    schema = json.loads(gzip.decompress(OFFICIAL.read_bytes()))
    jsonschema_rs.Draft7Validator(schema).validate(description)
    assert msgspec.json.decode(msgspec.json.encode(description)) == description
    for reference in references(description):
        found: Any = description
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def test_a_wrong_description_is_found_by_the_official_schema():
    schema = json.loads(gzip.decompress(OFFICIAL.read_bytes()))
    wrong = describe_socket(BOARD)
    wrong["operations"]["ping"]["action"] = "shout"

    assert not jsonschema_rs.Draft7Validator(schema).is_valid(wrong)


def test_it_says_where_the_sockets_are():
    far = describe_socket(BOARD, "wss://scores.example.com:8443/ws")["servers"]["broadcaster"]
    near = describe_socket(BOARD, "/ws")["servers"]["broadcaster"]

    assert (far["host"], far["protocol"]) == ("scores.example.com:8443", "wss")
    assert near["host"] == "{host}"


def test_every_example_keeps_to_its_schema_and_has_no_more():
    description = describe_socket(BOARD)
    for name, message in description["components"]["messages"].items():
        assert message["examples"], name
        for example in message["examples"]:
            judge(description, name).validate(example["payload"])


def test_every_header_of_the_handshake_has_an_example():
    (channel,) = describe_socket(BOARD)["channels"].values()
    for name, header in channel["bindings"]["ws"]["headers"]["properties"].items():
        assert header["examples"], name


def test_what_clients_say_in_the_examples_is_what_the_server_reads():
    messages_ = describe_socket(BOARD)["components"]["messages"]
    for kind in SAID_BY_CLIENTS:
        for example in messages_[kind.__name__]["examples"]:
            assert isinstance(frames.decode(json.dumps(example["payload"])), kind)


def test_every_frame_that_the_server_makes_is_described_and_nothing_else_is():
    description = describe_socket(BOARD)

    assert set(SENT) == {kind.__name__ for kind in messages.ALL}
    for name, frame in SENT.items():
        judge(description, name).validate(json.loads(frame))
    failed = Ranked(a_change(status=FAILED, error="SCORE_OUT_OF_RANGE", version=0), None, None)
    judge(description, "JobFinished").validate(json.loads(frames.job_finished(failed)))
    assert not judge(description, "Pong").is_valid({"type": "pong", "now": "t", "more": 1})


def test_every_message_has_its_operation_and_every_close_and_refusal_its_line():
    description = describe_socket(BOARD)
    (channel,) = description["channels"].values()
    used = references(description["operations"])

    assert {f"#/channels/socket/messages/{name}" for name in channel["messages"]} <= used
    assert [row["code"] for row in channel["x-closes"]] == list(frames.CLOSES)
    assert [row["code"] for row in channel["x-handshake"]] == list(HANDSHAKE)
    assert all(row["status"] == REJECTIONS[row["code"]].status for row in channel["x-handshake"])


def test_the_page_shows_every_message_and_close_and_its_links_lead_somewhere():
    socket = describe_socket(BOARD)
    page = docs_page(describe(BOARD), socket)

    names = [f"type-{name}" for name in socket["components"]["schemas"]]
    names += [f"close-{code}" for code in frames.CLOSES] + ["socket"]
    assert [name for name in names if page.count(f'id="{name}"') != 1] == []
    links = {part.partition('"')[0] for part in socket_section(socket).split('href="#')[1:]}
    assert [link for link in links if f'id="{link}"' not in page] == []
