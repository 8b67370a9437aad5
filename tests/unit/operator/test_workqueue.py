"""Which Scoreboard is next: against a model that only counts."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreboard_operator.workqueue import FIRST_SECONDS, MOST_SECONDS, Schedule, WorkQueue

KEYS = [("games", name) for name in "abc"]
key = st.sampled_from(KEYS)
wait = st.floats(0, 100)
steps = st.one_of(
    st.tuples(st.just("add"), key, wait),
    st.tuples(st.just("take"), st.none(), st.none()),
    st.tuples(st.just("done"), key, st.booleans()),
    st.tuples(st.just("pass"), st.none(), wait),
)


class Model:
    """What must be true of each key, however the schedule remembers it."""

    def __init__(self) -> None:
        self.wanted: dict[tuple[str, str], float] = {}  # no later than this, once nobody works
        self.working: set[tuple[str, str]] = set()
        self.failures: dict[tuple[str, str], int] = {}


@given(st.lists(steps, max_size=80), st.floats(0, 1))
def test_a_key_has_one_work_at_a_time_and_no_add_is_lost(history: list, jitter: float):
    schedule, model, now = Schedule(), Model(), 1000.0

    for what, on, value in history:
        if what == "add":
            schedule.add(on, now, value)
            model.wanted[on] = min(now + value, model.wanted.get(on, now + value))
        elif what == "pass":
            now += value
        elif what == "take":
            found = schedule.take(now)
            due = {k: at for k, at in model.wanted.items() if k not in model.working and at <= now}
            assert (found is None) == (not due)
            if found is not None:
                taken, waited = found
                assert due[taken] == min(due.values())
                assert waited == pytest.approx(now - due[taken])
                model.working.add(taken)
                del model.wanted[taken]
        elif on in model.working:
            model.working.discard(on)
            got = schedule.done(on, now, jitter, failed=value)
            count = model.failures[on] = model.failures.get(on, 0) + 1 if value else 0
            if value:
                nominal = min(MOST_SECONDS, FIRST_SECONDS * 2 ** (count - 1))
                assert nominal * 0.75 <= got <= nominal * 1.25
                model.wanted[on] = now + got  # an event while it worked does not hurry it
            else:
                assert got == 0.0
        assert schedule.waiting(now) == sum(
            at <= now for k, at in model.wanted.items() if k not in model.working
        )
        idle = [at for k, at in model.wanted.items() if k not in model.working]
        assert schedule.next_due() == min(idle, default=None)


def test_backoff_grows_is_capped_for_ever_and_begins_anew_after_a_success():
    schedule, on = Schedule(), KEYS[0]

    def fail() -> float:
        schedule.add(on, 0.0)
        assert schedule.take(1e9) is not None
        return schedule.done(on, 0.0, 0.5, failed=True)

    waits = [fail() for _ in range(3000)]

    assert waits[:4] == [0.5, 1.0, 2.0, 4.0]
    assert waits == sorted(waits)
    assert waits[-1] == MOST_SECONDS
    schedule.take(1e9)
    schedule.done(on, 0.0, 0.5)
    assert fail() == FIRST_SECONDS


@pytest.mark.parametrize(("least", "waits"), [(0.0, 0.5), (0.3, 0.5), (20.0, 25.0)])
def test_the_api_servers_retry_after_is_waited_for(least: float, waits: float):
    schedule, on = Schedule(), KEYS[0]
    schedule.add(on, 0.0)
    schedule.take(0.0)

    assert schedule.done(on, 0.0, 0.5, failed=True, least=least) == waits
    assert schedule.next_due() == waits


async def test_who_waits_for_a_key_is_woken_by_an_add():
    queue = WorkQueue()
    waiting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    assert not waiting.done()

    queue.add(KEYS[0], after=0.01)

    found, waited = await waiting
    assert found == KEYS[0]
    assert waited >= 0
    assert queue.depth() == 0


async def test_what_is_added_while_it_is_worked_on_comes_after():
    queue = WorkQueue()
    queue.add(KEYS[0], after=0)
    await queue.get()
    queue.add(KEYS[0], after=0)
    assert queue.depth() == 0

    queue.done(KEYS[0], 0.5)

    assert queue.depth() == 1
    assert (await queue.get())[0] == KEYS[0]
