"""What the tests of the page look at."""

from typing import Any

from tests.e2e.instance import Instance
from tests.e2e.page.browser import Tab

SUBSCRIBED = "document.querySelector('#state')?.textContent === 'Subscribed'"
ROWS = """[...document.querySelectorAll('#board .row')].map((row) => [
  Number(row.querySelector('.place').textContent), row.querySelector('.player').textContent,
  Number(row.querySelector('.score').title.replaceAll(',', ''))])"""
# From then on `states` has every state that the page shows.
TRACE = """window.states = []; new MutationObserver((records) => {
  for (const { addedNodes: [text] } of records) window.states.push(text.textContent);
}).observe(document.querySelector('#state'), {childList: true})"""
REFUSED = "the server responded with a status of 4"  # what Chromium logs of a problem document


async def open_board(tab: Tab, instance: Instance) -> None:
    await tab.open(f"{instance.url}/")
    await tab.until(SUBSCRIBED)


async def press(tab: Tab, name: str) -> None:
    await tab.until(f"!document.querySelector('#{name}').disabled")
    await tab.click(f"#{name}")
    await tab.until(f"!document.querySelector('#{name}').disabled")
    assert await tab.run("document.querySelector('#trouble').hidden"), await tab.text("#trouble")


async def entries(instance: Instance) -> list[list[Any]]:
    """Rank, name and score of every row that the API has."""
    async with instance.http.get(f"{instance.url}/api/scoreboard") as answer:
        body = await answer.json()
    return [[entry["rank"], entry["username"], entry["score"]] for entry in body["entries"]]


def faults(tab: Tab) -> list[str]:
    """What went wrong in the page; refused requests of a player are none of it."""
    return [problem for problem in tab.problems if REFUSED not in problem]
