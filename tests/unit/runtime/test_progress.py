"""process/progress.py: drawn anew on a terminal, plain lines elsewhere."""

import io

from scoreboard_runtime.process import progress
from scoreboard_runtime.process.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_how_far_and_how_long_yet():
    assert progress.told("players", 250, 1000, 5.0) == "players: 250 of 1000, 15 s left"
    assert progress.told("players", 1000, 1000, 5.0) == "players: 1000 of 1000"
    assert progress.told("players", 0, 1000, 0.0) == "players: 0 of 1000"
    assert progress.told("players", 7, None, 5.0) == "players: 7"
    assert progress.bar(1, 2) == "[############............]"
    assert progress.bar(0, 0) == "[########################]"


def test_a_terminal_sees_one_line_that_moves(monkeypatch):
    monkeypatch.setattr(progress, "REDRAW", 0.0)
    stream = Terminal()

    with Progress("players", 4, stream) as moving:
        for _ in range(4):
            moving.more()

    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().count("\r") >= 4
    assert "players: 4 of 4" in stream.getvalue()


def test_a_terminal_is_told_of_the_first_step_while_it_runs_and_of_none_where_there_is_none():
    stream, idle = Terminal(), Terminal()

    with Progress("players", 4, stream), Progress("players", 0, idle):
        assert stream.getvalue().endswith("players: 0 of 4")

    assert idle.getvalue() == ""


def test_a_file_gets_plain_lines_and_not_too_many(monkeypatch):
    quick, slow = io.StringIO(), io.StringIO()
    with Progress("players", 4, quick) as moving:
        moving.more(4)
    monkeypatch.setattr(progress, "SPEAK", 0.0)
    with Progress("players", None, slow) as moving:
        moving.more(2)

    assert quick.getvalue() == ""
    assert slow.getvalue() == "players: 2\n"
