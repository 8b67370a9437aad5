"""What an admin does in the console, and what they see there."""

import asyncio
import sys
from typing import Any

import orjson
from tests.e2e.instance import ADMIN_PASSWORD, Instance
from tests.e2e.page.browser import Tab

from scoreboard_runtime.local.player import Player


async def enter(
    tab: Tab, board: Instance, name: str = "grace", password: str = ADMIN_PASSWORD
) -> None:
    await tab.open(f"{board.url}/admin")
    await tab.until("document.querySelector('#login')?.hidden === false")
    await tab.run(
        f"username.value = {name!r}; document.querySelector('#password').value = {password!r};"
        "document.querySelector('#login').requestSubmit()"
    )


async def ordered(tab: Tab, deed: str, reason: str, field: str = "") -> None:
    """Presses a deed's button and fills its dialog in."""
    await tab.until(f"document.querySelector('#do-{deed}') !== null")
    await tab.click(f"#do-{deed}")
    await tab.until("document.querySelector('#order').open")
    value = f"document.querySelector('#order-value').value = {field!r};" if field else ""
    await tab.run(f"{value} document.querySelector('#order-reason').value = {reason!r};")
    await tab.click("#order-go")


async def opened(tab: Tab, name: str) -> None:
    """Finds a player and opens them."""
    await tab.run(f"query.value = {name!r}; document.querySelector('#find').requestSubmit()")
    place = f'[aria-label="Open {name}"]'
    await tab.until(f"document.querySelector({place!r}) !== null")
    await tab.click(place)
    await tab.until(f"document.querySelector('#person h2')?.textContent === {name!r}")


async def played(board: Instance, count: int = 1) -> Player:
    player = await board.player()
    for _ in range(count):
        job = (await player.execute("level")).body["jobId"]
    assert (await player.job(job, 10)).body["status"] == "completed"
    return player


async def rows(tab: Tab, place: str) -> list[list[str]]:
    """The cells of a table's rows, as they are read."""
    found: list[list[str]] = await tab.run(
        f"[...document.querySelectorAll({place!r} + ' tbody tr')]"
        ".map((row) => [...row.cells].map((cell) => cell.innerText.trim()))"
    )
    return found


async def said(tab: Tab, text: str) -> None:
    await tab.until(f"document.querySelector('#said').textContent.includes({text!r})")


async def overview(board: Instance) -> Any:
    """What the terminal says of the running board."""
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scoreboard_runtime", "admin", "--data-dir", str(board.folder)),
        *("overview", "--json"),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await command.communicate()
    assert command.returncode == 0
    return orjson.loads(out)
