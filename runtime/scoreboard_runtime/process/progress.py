"""How far long work has come: a line that is drawn anew on a terminal, plain lines elsewhere."""

import sys
import time
from typing import TextIO

WIDTH = 24
REDRAW, SPEAK = 0.1, 10.0  # seconds, at least, between two tellings: on a terminal, elsewhere


def bar(done: int, total: int) -> str:
    """`[######......]`."""
    filled = WIDTH if total <= 0 else min(WIDTH, WIDTH * done // total)
    return f"[{'#' * filled}{'.' * (WIDTH - filled)}]"


def told(what: str, done: int, total: int | None, seconds: float) -> str:
    """One line: how much, of how much, how fast, and for how long yet."""
    if total is None:
        return f"{what}: {done}"
    rate = done / seconds if seconds > 0 else 0.0
    left = f", {(total - done) / rate:.0f} s left" if rate and done < total else ""
    return f"{what}: {done} of {total}{left}"


class Progress:
    """`with Progress("players", 1000) as progress: ... progress.to(500)`; on standard error."""

    def __init__(self, what: str, total: int | None = None, stream: TextIO | None = None) -> None:
        self._what = what
        self._total = total
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._started = time.monotonic()
        self._spoke = self._started
        self._done = 0
        self._drawn = False

    def __enter__(self) -> "Progress":
        if self._terminal and self._total != 0:  # told before the first step is done
            self._draw()
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn:
            self._draw()
            print(file=self._stream, flush=True)

    def to(self, done: int) -> None:
        """It has come so far."""
        self._done = done
        now = time.monotonic()
        if now - self._spoke < (REDRAW if self._terminal else SPEAK):
            return
        self._spoke = now
        if self._terminal:
            self._draw()
        else:
            print(self._line(), file=self._stream, flush=True)

    def more(self, count: int = 1) -> None:
        self.to(self._done + count)

    def _line(self) -> str:
        return told(self._what, self._done, self._total, time.monotonic() - self._started)

    def _draw(self) -> None:
        shown = "" if self._total is None else bar(self._done, self._total) + " "
        print(f"\r\x1b[K{shown}{self._line()}", end="", file=self._stream, flush=True)
        self._drawn = True
