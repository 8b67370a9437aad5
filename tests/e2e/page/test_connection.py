"""The browser's connection: the flow's states, reconnecting, resuming, polling meanwhile."""

import asyncio
from typing import Any

from tests.e2e.instance import Instance, until
from tests.e2e.page.browser import Tab, a_tab
from tests.e2e.page.looks import (
    DETAIL,
    ROWS,
    SUBSCRIBED,
    TRACE,
    entries,
    faults,
    open_board,
    press,
    standings,
)

# Flow 5, with one arrow more: a public board is subscribed to without a session.
FLOW = {
    "Disconnected": ["Connecting"],
    "Connecting": ["Connected", "Disconnected"],
    "Connected": ["Authenticating", "Subscribed", "Disconnected"],
    "Authenticating": ["Authenticated", "Disconnected"],
    "Authenticated": ["Subscribed", "Disconnected"],
    "Subscribed": ["Subscribed", "Authenticated", "Disconnected"],
}
# `down` refuses new sockets and streams, `cut` ends what there is; `sent` is what the page said, by
# the socket or, where a slow start made it give that up, in the head of a stream's request.
NETWORK = """
  const Native = WebSocket, sockets = [];
  window.sent = [];
  window.WebSocket = class extends Native {
    constructor(url, protocol) {
      super(sessionStorage.down ? 'ws://' + location.host + '/nothing' : url, protocol);
      sockets.push(this);
    }
    send(text) { window.sent.push(JSON.parse(text)); super.send(text); }
  };
  window.WebSocket.OPEN = Native.OPEN;
  const native = window.fetch;
  window.fetch = (address, given) => {
    if (!String(address).includes('/stream')) return native(address, given);
    const [epoch, sequence] = given.headers['Last-Event-ID']?.split(':') ?? [];
    const since = epoch && {since: {epoch, sequence: Number(sequence)}};
    window.sent.push({channel: 'scoreboard', ...since});
    return native(sessionStorage.down ? '/nothing' : address, given);
  };
  window.cut = () => { for (const socket of sockets.splice(0)) Native.prototype.close.call(socket, 3000); };
"""
ASKED = "window.sent.filter((said) => said.channel === 'scoreboard')"
STATES = "import('/scoreboard.js')"


async def shows_the_standings(tab: Tab, board: Instance) -> None:
    async def same() -> bool:
        return bool(await tab.run(ROWS) == await entries(board))

    await until(same, "the page shows what the API answers")


async def seen_so_far(tab: Tab, board: Instance) -> dict[str, Any]:
    """Epoch and sequence of the standings, once the page has seen all that there is."""

    async def same() -> dict[str, Any] | None:
        body = await standings(board)
        title = await tab.run("document.querySelector('#sequence').title")
        if title != f"{body['sequence']:,}":
            return None
        return {name: body[name] for name in ("epoch", "sequence")}

    found: dict[str, Any] = await until(same, "the page has the newest version")
    return found


async def test_the_states_are_the_flows(tab: Tab, board: Instance):
    await tab.open(f"{board.url}/docs")

    assert await tab.until(f"{STATES}.then((states) => states.TRANSITIONS)") == FLOW


async def test_waiting_grows_is_spread_and_ends_at_ten_seconds(tab: Tab, board: Instance):
    await tab.open(f"{board.url}/docs")

    waits = await tab.until(f"""{STATES}.then(({{backoff}}) =>
      [0, 1, 2, 3, 8, 50].map((failures) => [backoff(failures, 0), backoff(failures, 1)]))""")

    assert waits == [
        [125, 250],
        [250, 500],
        [500, 1000],
        [1000, 2000],
        [5000, 10000],
        [5000, 10000],
    ]


async def test_what_was_seen_is_no_news(tab: Tab, board: Instance):
    await tab.open(f"{board.url}/docs")

    news = await tab.until(f"""{STATES}.then(({{isNew}}) => [
      isNew({{epoch: 'a', sequence: 1}}, null), isNew({{epoch: 'a', sequence: 2}}, {{epoch: 'a', sequence: 1}}),
      isNew({{epoch: 'a', sequence: 1}}, {{epoch: 'a', sequence: 1}}),
      isNew({{epoch: 'a', sequence: 1}}, {{epoch: 'a', sequence: 2}}),
      isNew({{epoch: 'b', sequence: 1}}, {{epoch: 'a', sequence: 9}})])""")

    assert news == [True, True, False, False, True]


async def test_a_close_code_says_whether_to_come_back(tab: Tab, board: Instance):
    await tab.open(f"{board.url}/docs")

    said = await tab.until(f"""{STATES}.then(({{after}}) =>
      [1006, 1012, 4400, 4401, 4403, 4408, 4413, 4429, 4503].map(after))""")

    assert said == ["retry", "retry", "stop", "token", "stop", "retry", "retry", "retry", "retry"]


async def test_a_player_goes_through_every_state(tab: Tab, board: Instance):
    await open_board(tab, board)
    await tab.run(TRACE)

    await press(tab, "play")
    await tab.until(SUBSCRIBED)

    seen = await tab.run("window.states")
    path = [
        "Disconnected",
        "Connecting",
        "Connected",
        "Authenticating",
        "Authenticated",
        "Subscribed",
    ]
    assert seen[: len(path)] == path


async def test_while_there_is_no_socket_it_polls_and_comes_back_where_it_was(
    browser: str, board: Instance
):
    ann = await board.player()
    await ann.execute("level")
    async with a_tab(browser, before=NETWORK) as tab:
        await open_board(tab, board)
        await shows_the_standings(tab, board)

        await tab.run("sessionStorage.down = 'yes'; window.cut()")
        await tab.until(f"!({SUBSCRIBED})")
        await ann.execute("level")
        await shows_the_standings(tab, board)
        assert not await tab.run(SUBSCRIBED)
        await tab.until("document.querySelector('#detail').textContent.includes('polling')")

        await tab.run("sessionStorage.removeItem('down')")
        await tab.until(SUBSCRIBED)
        asked = await tab.run(ASKED)
        assert "since" not in asked[0]
        assert set(asked[-1]["since"]) == {"epoch", "sequence"}
        await ann.execute("level")
        await shows_the_standings(tab, board)


async def test_a_broadcaster_that_dies_is_found_again_where_it_was(browser: str, board: Instance):
    ann = await board.player()
    async with a_tab(browser, before=NETWORK) as tab:
        await open_board(tab, board)
        assert await tab.until(f"{DETAIL}.startsWith('live') && {DETAIL}") == "live by WebSocket"
        await press(tab, "play")
        await tab.until("document.querySelector('#log').innerText.includes('Counted')")
        await tab.until(SUBSCRIBED)
        before = await seen_so_far(tab, board)
        await tab.run(f"{TRACE}; window.sent = []")

        assert board.kill("broadcaster")
        await tab.until("window.states.includes('Disconnected')")
        await ann.execute("level")
        await tab.until(f"window.states.includes('Subscribed') && {SUBSCRIBED}", 30)

        asked = await tab.run(ASKED)
        assert [each.get("since") for each in asked] == [before] * len(asked)
        assert asked, "polling shows the standings too, and proves no resume"
        number = f"#{before['sequence']:,}"
        told = {f"resumed at {number}, nothing missed", f"caught up from {number}"}
        assert told & set(await tab.run("window.details"))
        await tab.run(TRACE)
        await ann.execute("level")
        await shows_the_standings(tab, board)
        assert await tab.run("window.states") == [], "it is live, so the news was pushed"
        assert [fault for fault in faults(tab) if "WebSocket" not in fault] == []


async def test_two_tabs_of_one_board_show_the_same(browser: str, board: Instance):
    async with a_tab(browser) as one, a_tab(browser) as other:
        await asyncio.gather(open_board(one, board), open_board(other, board))

        await press(one, "burst")

        await shows_the_standings(one, board)
        await shows_the_standings(other, board)
