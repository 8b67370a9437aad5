"""rules/activity.py: actions a second, told when they change."""

from scoreboard_runtime.rules.activity import SECOND, WINDOW_US, Activity

NOW = 1_795_520_000_000_000


def test_it_counts_the_last_seconds():
    activity = Activity()
    assert activity.rate(NOW) == 0

    activity.heard(10, NOW)
    activity.heard(2, NOW + SECOND)

    assert activity.rate(NOW + SECOND) == 2.4
    assert activity.rate(NOW + WINDOW_US) == 0.4, "what is older is forgotten"
    assert activity.rate(NOW + 2 * WINDOW_US) == 0


def test_the_same_rate_is_no_news():
    activity = Activity()
    assert activity.news(NOW) == 0
    assert activity.news(NOW) is None

    activity.heard(5, NOW)

    assert activity.news(NOW + SECOND) == 1
    assert activity.news(NOW + 2 * SECOND) is None
    assert activity.news(NOW + WINDOW_US) == 0
