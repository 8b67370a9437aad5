"""What applying would change, as lines for people."""

import base64

import pytest

from scoreboard_operator.difference import difference, removal


def a_deployment(**spec: object) -> dict:
    return {"kind": "Deployment", "metadata": {"name": "arcade-gateway"}, "spec": spec}


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({"replicas": 2}, {"replicas": 2}, []),
        ({"replicas": 2}, {"replicas": 3}, ["spec.replicas: 2 -> 3"]),
        ({}, {"paused": True}, ["spec.paused: + True"]),
        ({"paused": True}, {}, ["spec.paused: - True"]),
        ({"a": {"b": "c"}}, {"a": {"b": "d"}}, ["spec.a.b: 'c' -> 'd'"]),
        ({"a": [1, 2]}, {"a": [1, 3, 4]}, ["spec.a[1]: 2 -> 3", "spec.a[2]: + 4"]),
        (
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
            {"env": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]},
            [
                "spec.env[A]: - {'name': 'A', 'value': '1'}",
                "spec.env[B].value: '2' -> '3'",
                "spec.env[C]: + {'name': 'C', 'value': '4'}",
            ],
        ),
        ({"a": "x" * 99}, {"a": 1}, [f"spec.a: '{'x' * 56}... -> 1"]),
        ({"a": {"b": 1}}, {"a": [1]}, ["spec.a: {'b': 1} -> [1]"]),
    ],
)
def test_a_change_is_one_line_with_its_place(before: dict, after: dict, lines: list[str]):
    head = "Deployment/arcade-gateway"

    found = difference(a_deployment(**before), a_deployment(**after))

    assert found == [f"{head} {line}" for line in lines]


def test_what_the_server_keeps_for_itself_is_no_change():
    kept = {"managedFields": [1], "resourceVersion": "9", "generation": 3, "uid": "a"}
    after = {**a_deployment(), "status": {"replicas": 2}}
    after["metadata"] = {**after["metadata"], **kept, "creationTimestamp": "now"}

    assert difference(a_deployment(), after) == []


def test_what_is_not_there_is_created_and_what_is_not_wanted_deleted():
    assert difference(None, a_deployment()) == ["Deployment/arcade-gateway: create"]
    assert removal(a_deployment()) == "Deployment/arcade-gateway: delete"


@pytest.mark.parametrize("old", ["old-password", None])
def test_a_secret_tells_that_it_changes_and_not_what_is_in_it(old: str | None):
    def a_secret(text: str | None) -> dict:
        data = {"password": base64.b64encode(text.encode()).decode()} if text else None
        return {"kind": "Secret", "metadata": {"name": "a", "labels": {"b": text}}, "data": data}

    same = difference(a_secret("same"), a_secret("same"))
    found = difference(a_secret(old), a_secret("new-password"))

    assert same == []
    assert found[-1] == "Secret/a data: changed"
    encoded = base64.b64encode(b"new-password").decode()
    assert encoded not in str(found)
