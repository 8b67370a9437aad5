"""The pictures of docs/admin.md: a board with demo players, an admin, a rank to explain."""

import asyncio
import sys
import tempfile
from pathlib import Path

import yaml
from tests.e2e.instance import Instance, running
from tests.e2e.page.browser import Tab, a_browser, a_tab

ROOT = Path(__file__).parents[2]
PASSWORD = "a good long password"
SCREEN = (1240, 900)


async def _hired(instance: Instance) -> None:
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scoreboard_runtime", "admin", "--data-dir", str(instance.folder)),
        *("create-user", "grace", "--role", "admin", "--password-stdin"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    await command.communicate(PASSWORD.encode())


async def _explained(tab: Tab, url: str) -> None:
    """The second of the board, with an adjustment and its reason."""
    await tab.size(*SCREEN, scale=2)
    await tab.open(f"{url}/admin")
    await tab.until("document.querySelector('#login')?.hidden === false")
    await tab.run(
        f"username.value = 'grace'; document.querySelector('#password').value = {PASSWORD!r};"
        "document.querySelector('#login').requestSubmit()"
    )
    await tab.until("document.querySelector('#found table') !== null")
    name = await tab.run(
        "fetch('/api/scoreboard').then((a) => a.json()).then((a) => a.entries[1].username)"
    )
    await tab.run(f"query.value = {name!r}; document.querySelector('#find').requestSubmit()")
    await tab.until("document.querySelectorAll('#found tbody tr').length === 1")
    await tab.click("#found td button")
    await tab.until("document.querySelector('#do-adjust') !== null")
    await tab.click("#do-adjust")
    await tab.run(
        "document.querySelector('#order-value').value = '-50';"
        "document.querySelector('#order-reason').value = 'counted twice while the clock was wrong'"
    )
    await tab.click("#order-go")
    await tab.until("document.querySelector('#person').innerText.includes('counted twice')")
    await tab.run("scrollTo(0, 0)")


async def _running(tab: Tab) -> None:
    await tab.click("#tab-board")
    await tab.until("document.querySelector('#board table') !== null")


async def take(folder: Path) -> list[Path]:
    """A player explained, and the board now."""
    manifest = yaml.safe_load((ROOT / "examples" / "arcade.yaml").read_text(encoding="utf-8"))
    player, board = folder / "console-player.png", folder / "console-board-light.png"
    with tempfile.TemporaryDirectory() as place:
        async with running(Path(place), manifest, "--demo") as instance, a_browser() as browser:
            await _hired(instance)
            async with a_tab(browser, media={"prefers_color_scheme": "light"}) as tab:
                await _explained(tab, instance.url)
                await tab.picture(player)
                await _running(tab)
                await tab.picture(board)
    return [player, board]
