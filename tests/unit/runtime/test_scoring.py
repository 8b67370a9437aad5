"""rules/scoring.py: points from the catalogue, and the effect of a batch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreboard_runtime.contract.board import MAX_SCORE, Action, Points
from scoreboard_runtime.rules.scoring import BadData, Player, Work, points, settle

FIXED = Action(name="finish_level", points=Points(fixed=100))
MEASURED = Action(name="collect_coins", points=Points(field="coins", each=2, max=500))


def a_work(job: str = "j1", user: str = "ann", worth: int = 10, at: int = 1000, **more) -> Work:
    return Work(job=job, user=user, action="act", points=worth, submitted_us=at, **more)


def a_player(score: int = 0, version: int = 0, reached_us: int = 0) -> Player:
    return Player("Ann", score, version, reached_us)


@pytest.mark.parametrize(
    ("action", "data", "worth"),
    [
        pytest.param(FIXED, None, 100, id="a fixed action is worth its points"),
        pytest.param(FIXED, {}, 100, id="empty data is no data"),
        pytest.param(MEASURED, {"coins": 0}, 0, id="a measure may be nothing"),
        pytest.param(MEASURED, {"coins": 250}, 500, id="up to the cap"),
        pytest.param(MEASURED, {"coins": 251}, 500, id="and not beyond"),
        pytest.param(MEASURED, {"coins": MAX_SCORE}, 500, id="however much is claimed"),
    ],
)
def test_points_come_from_the_catalogue(action, data, worth):
    assert points(action, data) == worth


@pytest.mark.parametrize(
    ("action", "data", "pointer"),
    [
        pytest.param(FIXED, {"points": 5}, "/data/points", id="a client can not name points"),
        pytest.param(MEASURED, None, "/data/coins", id="the measure is missing"),
        pytest.param(MEASURED, {"coins": 1, "gems": 2}, "/data/gems", id="an unknown measure"),
        pytest.param(MEASURED, {"coins": -1}, "/data/coins", id="below nothing"),
        pytest.param(MEASURED, {"coins": 2.0}, "/data/coins", id="a float, even a whole one"),
        pytest.param(MEASURED, {"coins": True}, "/data/coins", id="a truth value"),
        pytest.param(MEASURED, {"coins": 2**53}, "/data/coins", id="above 53 bits"),
    ],
)
def test_data_that_is_not_what_the_catalogue_asks_for_is_refused(action, data, pointer):
    with pytest.raises(BadData) as caught:
        points(action, data)

    assert caught.value.pointer == pointer


def test_jobs_of_one_user_build_on_each_other_in_order():
    players = {"ann": a_player(score=5, version=2)}

    effects = settle([a_work("j1", worth=10, at=1), a_work("j2", worth=20, at=2)], players)

    assert [(e.before, e.after, e.version) for e in effects] == [(5, 15, 3), (15, 35, 4)]
    assert players["ann"] == Player("Ann", 35, 4, 2)


def test_an_action_worth_nothing_changes_no_score():
    players = {"ann": a_player(score=5, version=2, reached_us=9)}

    (effect,) = settle([a_work(worth=0, at=50)], players)

    assert (effect.error, effect.version, effect.before, effect.after) == (None, 0, 5, 5)
    assert players["ann"].reached_us == 9


def test_a_score_is_never_reached_before_the_one_it_replaces():
    (effect,) = settle([a_work(at=50)], {"ann": a_player(score=5, version=1, reached_us=100)})

    assert effect.reached_us == 100


def test_a_score_past_53_bits_is_refused_and_the_others_are_not():
    players = {"ann": a_player(score=MAX_SCORE - 5, version=1), "bob": a_player()}
    batch = [a_work("j1", worth=6), a_work("j2", "bob"), a_work("j3", worth=5)]

    effects = settle(batch, players)

    assert (effects[0].error, effects[0].points) == ("SCORE_OUT_OF_RANGE", 0)
    assert (effects[1].after, effects[2].after) == (10, MAX_SCORE)


@pytest.mark.parametrize(
    ("work", "done", "error"),
    [
        pytest.param(a_work(user="eve"), (), "NOT_FOUND", id="a user who is gone"),
        pytest.param(a_work(task="t"), {("task", "t")}, "ALREADY_COMPLETED", id="a spent task"),
        pytest.param(a_work(once=True), {("ann", "act")}, "ALREADY_COMPLETED", id="done before"),
        pytest.param(a_work(worth=-1), (), "SCORE_OUT_OF_RANGE", id="negative points"),
    ],
)
def test_a_job_that_can_not_count_fails_alone(work, done, error):
    (effect,) = settle([work], {"ann": a_player(score=5)}, done)

    assert (effect.error, effect.points, effect.version) == (error, 0, 0)


def test_what_counts_once_counts_once_within_a_batch_too():
    batch = [
        a_work("j1", once=True), a_work("j2", once=True), a_work("j3", task="t"),
        a_work("j4", task="t"),
    ]  # fmt: skip

    effects = settle(batch, {"ann": a_player()})

    assert [e.error for e in effects] == [None, "ALREADY_COMPLETED", None, "ALREADY_COMPLETED"]


jobs = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 1000), st.integers(0, 10_000)), max_size=30
)


@given(jobs)
def test_scores_are_the_sum_of_points_and_versions_count_the_changes(batch):
    players = {user: a_player() for user in "abc"}

    effects = settle(
        [a_work(f"j{i}", user, worth, at) for i, (user, worth, at) in enumerate(batch)], players
    )

    for user, player in players.items():
        mine = [effect for effect in effects if effect.work.user == user]
        assert player.score == sum(effect.points for effect in mine)
        assert player.version == sum(effect.points > 0 for effect in mine)
        reached = [effect.reached_us for effect in mine if effect.version]
        assert reached == sorted(reached)
