"""Waiting for what a cluster does in its own time: on a condition, with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
EVERY = 0.1


def until(condition: Callable[[], T], seconds: float, what: str | Callable[[], str]) -> T:
    """The first true answer of `condition`. `what` may be asked late: what is there instead."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            told = what() if callable(what) else what
            raise AssertionError(f"in {seconds:g} s it never came true: {told}")
        time.sleep(EVERY)
