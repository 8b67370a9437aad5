"""What the tests of the page look at."""

from collections.abc import Iterable
from typing import Any

from tests.e2e.instance import Instance
from tests.e2e.page.browser import Tab

from scoreboard_runtime.local.player import Player

SUBSCRIBED = "document.querySelector('#state')?.textContent === 'Subscribed'"
ROWS = """[...document.querySelectorAll('#board .row')].map((row) => [
  Number(row.querySelector('.place').textContent), row.querySelector('.player').textContent,
  Number(row.querySelector('.score').title.replaceAll(',', ''))])"""
DETAIL = "document.querySelector('#detail').textContent"
# From then on `states` and `details` have every state that the page shows, and what it says of it.
TRACE = """for (const part of ['state', 'detail']) {
  const seen = window[`${part}s`] = [];
  new MutationObserver((records) => {
    for (const { addedNodes: [text] } of records) seen.push(text.textContent);
  }).observe(document.querySelector(`#${part}`), {childList: true});
}"""
PASSWORD = "a good long password"
COINS = {"name": "coins", "points": {"field": "coins", "each": 2, "max": 500}}
REFUSED = "the server responded with a status of 4"  # what Chromium logs of a problem document


async def open_board(tab: Tab, instance: Instance) -> None:
    await tab.open(f"{instance.url}/")
    await tab.until(SUBSCRIBED)


async def known(instance: Instance, name: str) -> Player:
    """A user that the test's instance has, with a session."""
    player = Player(instance.http, instance.url, name, PASSWORD)
    assert (await player.login()).status == 200
    return player


async def people(instance: Instance, coins: Iterable[tuple[str, int]]) -> None:
    """Registers each by name, who plays COINS eight times."""
    for name, each in coins:
        assert (await Player(instance.http, instance.url, name, PASSWORD).register()).status == 201
        player = await known(instance, name)
        for _ in range(8):
            await player.execute("coins", data={"coins": each})


def row_of(name: str, part: str = "") -> str:
    """The row of a player on the board, or a part of it, as an expression."""
    found = f"""[...document.querySelectorAll('#board .row')]
      .find((row) => row.querySelector('.player').textContent === {name!r})"""
    return f"{found}.querySelector({part!r})" if part else found


async def press(tab: Tab, name: str) -> None:
    await tab.until(f"!document.querySelector('#{name}').disabled")
    await tab.click(f"#{name}")
    await tab.until(f"!document.querySelector('#{name}').disabled")
    assert await tab.run("document.querySelector('#trouble').hidden"), await tab.text("#trouble")


async def standings(instance: Instance) -> dict[str, Any]:
    """A snapshot of the default board, as the API has it."""
    async with instance.http.get(f"{instance.url}/api/scoreboard") as answer:
        body: dict[str, Any] = await answer.json()
    return body


async def entries(instance: Instance) -> list[list[Any]]:
    """Rank, name and score of every row that the API has."""
    body = await standings(instance)
    return [[entry["rank"], entry["username"], entry["score"]] for entry in body["entries"]]


def faults(tab: Tab) -> list[str]:
    """What went wrong in the page; refused requests of a player are none of it."""
    return [problem for problem in tab.problems if REFUSED not in problem]
