"""The demo player's buttons: what they do is signed, answered and counted like anybody's."""

from pathlib import Path

import pytest
from tests.e2e.instance import PLENTY, Instance, a_manifest, running, until
from tests.e2e.page.browser import Tab, a_tab
from tests.e2e.page.looks import SUBSCRIBED, TRACE, entries, faults, open_board, press

LOG = "document.querySelector('#log').innerText"
NO_WEBCRYPTO = "Object.defineProperty(Crypto.prototype, 'subtle', {value: undefined})"


async def test_play_makes_a_guest_whose_score_and_rank_arrive_by_the_socket(
    tab: Tab, board: Instance
):
    await open_board(tab, board)

    await press(tab, "play")

    await tab.until(f"{LOG}.includes('Counted')")
    name = await tab.text("#me")
    assert name.startswith("guest-")
    mine = "document.querySelector('.row.mine .player')?.textContent"
    if name in [entry[1] for entry in await entries(board)]:
        assert await tab.until(mine) == name
    await tab.until("document.querySelector('#rank').textContent.startsWith('#')")
    await tab.until("Number(document.querySelector('#score').title.replaceAll(',', '')) > 0")
    assert faults(tab) == []


async def test_a_burst_is_twenty_actions_and_each_counts_once(tab: Tab, tmp_path: Path):
    async with running(tmp_path, a_manifest(actions=[COINS])) as instance:
        await open_board(tab, instance)

        await press(tab, "burst")

        await tab.until(f"{LOG}.includes('20 of 20 counted')")
        said = await tab.run(LOG)
        [(_, _, score)] = await entries(instance)
        assert "20 × 202" in said
        assert f"+{score:,} points" in said


async def test_a_burst_says_how_many_were_refused_and_why(tab: Tab, tmp_path: Path):
    limited = {**COINS, "limit": {"count": 12, "per": "1h"}}
    async with running(tmp_path, a_manifest(actions=[limited])) as instance:
        await open_board(tab, instance)

        await press(tab, "burst")

        said = await tab.until(f"{LOG}.includes('12 of 12 counted') && {LOG}")
        assert "12 × 202" in said
        assert "8 × ACTION_LIMIT" in said


@pytest.mark.parametrize(
    ("button", "code", "layer"),
    [
        ("forge", "INVALID_SIGNATURE", "layer 3, signing"),
        ("replay", "REPLAY_ATTACK", "layer 3, signing"),
    ],
)
async def test_an_attack_is_shown_its_code_status_and_layer(
    tab: Tab, board: Instance, button: str, code: str, layer: str
):
    await open_board(tab, board)

    await press(tab, button)

    said = await tab.run("document.querySelector('#log li').innerText")
    for part in ("401", code, layer):
        assert part in said
    link = await tab.run("document.querySelector('#log a').hash")
    assert link == "#" + code.lower().replace("_", "-")


async def test_spam_ends_at_the_players_budget(tab: Tab, tmp_path: Path):
    limits = {"global": PLENTY, "address": PLENTY, "user": {"count": 30, "per": "1h"}}
    async with running(tmp_path, a_manifest(actions=[COINS], limits=limits)) as instance:
        await open_board(tab, instance)

        await press(tab, "spam")

        said = await tab.until(f"{LOG}.includes('30 of 30 counted') && {LOG}")
        for part in ("30 × 202", "10 × USER_RATE_LIMIT", "429", "layer 1, rate limit", "Try again"):
            assert part in said


async def test_actions_that_cool_down_or_count_once_are_not_tried_again(tab: Tab, tmp_path: Path):
    actions = [COINS, {"name": "slow", "points": 1, "cooldown": "1h"},
               {"name": "quiz", "points": 5, "repeat": "Once"}]  # fmt: skip
    async with running(tmp_path, a_manifest(actions=actions)) as instance:
        await open_board(tab, instance)

        for _ in range(14):
            await press(tab, "play")

        refused = await instance.metric("gateway", "scoreboard_rejections_total")
        assert refused == 0


async def test_without_webcrypto_it_says_what_to_do(browser: str, board: Instance):
    async with a_tab(browser, before=NO_WEBCRYPTO) as tab:
        await open_board(tab, board)

        assert "secure page" in await tab.text("#hint")
        enabled = "[...document.querySelectorAll('button:enabled')].map((button) => button.id)"
        assert await tab.run(enabled) == ["cut"]
        assert faults(tab) == []


async def test_where_registration_is_closed_guests_watch(tab: Tab, tmp_path: Path):
    async with running(tmp_path, a_manifest(auth={"registration": "Closed"})) as instance:
        await open_board(tab, instance)

        assert "closed" in await tab.text("#hint")
        assert await tab.run("document.querySelector('#play').disabled")


async def test_a_player_outlives_the_token(tab: Tab, tmp_path: Path):
    short = a_manifest(actions=[COINS], auth={"tokenTTL": "2s"})
    async with running(tmp_path, short) as instance:
        await open_board(tab, instance)
        await press(tab, "play")
        name = await tab.text("#me")
        await tab.run(TRACE)

        # The socket ends with the token, and comes back with the next one.
        await tab.until("window.states.includes('Authenticated')", 30)
        await tab.until(SUBSCRIBED)
        await press(tab, "play")

        await tab.until(f"({LOG}.match(/Counted/g) ?? []).length === 2")
        assert await tab.text("#me") == name
        logins = (
            'scoreboard_http_request_duration_seconds_count{method="POST",route="/api/auth/login"'
        )
        assert await instance.metric("gateway", logins) == 1
        assert faults(tab) == []


async def test_a_guest_of_a_board_that_began_anew_begins_anew(tab: Tab, tmp_path: Path):
    async with running(tmp_path, a_manifest(actions=[COINS])) as instance:
        await open_board(tab, instance)
        await tab.run("""sessionStorage.setItem('scoreboard guest',
          JSON.stringify({username: 'guest-gone', password: 'of another board'}))""")
        await open_board(tab, instance)

        await press(tab, "play")

        await tab.until(f"{LOG}.includes('Counted')")

        async def scored() -> bool:
            return len(await entries(instance)) == 1

        await until(scored, "the new guest is on the board")
        assert await tab.text("#me") != "guest-gone"


COINS = {"name": "coins", "points": {"field": "coins", "each": 2, "max": 500}}
