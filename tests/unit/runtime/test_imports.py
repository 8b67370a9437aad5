"""rules/imports.py: a CSV line by line; what is wrong is told with its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreboard_runtime.contract.board import MAX_SCORE
from scoreboard_runtime.rules import imports
from scoreboard_runtime.rules.imports import Fault, job_id, read, user_id

NOW = 1_795_520_000_000_000
HASH = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$" + "A" * 43


def lines(*rows: str) -> list[str]:
    return [f"{row}\n" for row in rows]


def test_players_are_read_with_their_scores_times_and_hashes():
    rows, faults = read(
        lines("score,username,reachedAt,passwordHash", f'10,"Ada Lovelace",2026-01-02T03:04:05Z,"{HASH}"',
              "", " 0 , Bob ,2026-01-02,"), NOW,
    )  # fmt: skip

    ada, bob = rows
    assert faults == []
    assert (ada.username, ada.score, ada.line, ada.password_hash) == ("Ada Lovelace", 10, 2, HASH)
    assert ada.reached_us == 1_767_323_045_000_000
    assert (bob.username, bob.key, bob.score, bob.password_hash) == ("Bob", "bob", 0, None)
    assert HASH not in repr(ada)


def test_without_a_time_who_stands_above_was_first():
    rows, _ = read(lines("username,score", "ann,5", "bob,5"), NOW)

    assert NOW < rows[0].reached_us < rows[1].reached_us


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("ann", "has 1 values, the first line has 4"),
        ("a,1,,", "username 'a' must have 3 to 32 characters"),
        ("ann,-1,,", "score '-1' is no whole number"),
        ("ann,1.5,,", "score '1.5'"),
        (f"ann,{MAX_SCORE + 1},,", f"from 0 to {MAX_SCORE}"),
        ("ann,٣,,", "is no whole number"),
        ("ann,1,yesterday,", "reachedAt 'yesterday'"),
        ("ann,1,2036-01-01T00:00:00Z,", "no past time"),
        ("ann,1,,secret", "no argon2id hash"),
        ("ZOE,1,,", "'ZOE' is on line 2 already"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(row: str, said: str):
    head = "username,score,reachedAt,passwordHash"
    rows, (fault,) = read(lines(head, "zoe,7,,", row, "bob,8,,"), NOW)

    assert fault.line == 3
    assert said in str(fault)
    assert str(fault).startswith("line 3: ")
    assert "secret" not in str(fault)
    assert [found.username for found in rows] == ["zoe", "bob"]


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("", "username, score are missing"),
        ("username;score", "with commas between them"),
        ("name,score", "username is missing"),
        ("username,score,rank", "unknown column 'rank'"),
        ("username,score,score", "column 'score' twice"),
    ],
)
def test_a_file_must_say_what_its_columns_are(head: str, said: str):
    rows, (fault,) = read(lines(head, "ann,1"), NOW)

    assert rows == []
    assert said in str(fault)
    assert fault.line == 1


def test_an_empty_file_and_an_open_quote_are_told():
    assert "are missing" in str(read([], NOW)[1][0])
    rows, (fault,) = read(lines("username,score", "ann,1", '"bob,2'), NOW)
    assert [row.username for row in rows] == ["ann"]
    assert "no CSV" in fault.detail


@given(source=st.text(max_size=9), other=st.text(max_size=9), key=st.text(max_size=9))
def test_the_same_import_gives_the_same_ids_and_another_gives_others(source, other, key):
    assert job_id(source, key) == job_id(source, key)
    assert job_id(source, key) != user_id(source, key)
    assert (job_id(source, key) == job_id(other, key)) is (source == other)


@given(st.lists(st.text(max_size=40)))
def test_no_text_is_too_strange(given_lines):
    rows, faults = read(given_lines, NOW)

    assert isinstance(rows, list)
    assert all(isinstance(fault, Fault) for fault in faults)
    assert imports.ACTION == "import"
