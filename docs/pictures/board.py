"""The pictures of the live board: light, dark, a phone, attacks, a cut, names from the right."""

import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import yaml
from tests.e2e.instance import Instance, running
from tests.e2e.page.browser import Tab, a_browser, a_tab

ROOT = Path(__file__).parents[2]
WIDE, PHONE = (1280, 1150), (390, 844)
RIGHT_TO_LEFT = ("نورة بنت عبد الرحمن", "יוסי כהן", "فاطمة الزهراء", "דנה לוי")
# What stands twice on the page is the same: the own neighbours are asked for once a second.
AGREED = """[...document.querySelectorAll('#near .row')].every((row) => {
  const twin = document.querySelector(`#board .row[data-user="${row.dataset.user}"]`);
  const said = (one) => one.querySelector('.score').textContent;
  return !twin || said(twin) === said(row);
})"""
FULL = "document.querySelectorAll('#board .row').length === 10"


async def _press(tab: Tab, *names: str) -> None:
    for name in names:
        await tab.until(f"!document.querySelector('#{name}').disabled", 60)
        await tab.click(f"#{name}")
        await tab.until(f"!document.querySelector('#{name}').disabled", 60)


async def _calm(tab: Tab) -> None:
    """Nothing is half on its way, and every figure is there."""
    await tab.until("document.querySelector('.delta') === null", 60)
    await tab.until("document.querySelector('#gauge').dataset.level", 60)
    await tab.until("!document.querySelector('#around').hidden", 60)
    live = "document.querySelector('#detail').textContent.startsWith('live')"
    await tab.until(f"{live} && {AGREED}", 60)


async def _played(tab: Tab, url: str) -> None:
    """A full board, and a player with a rank."""
    await tab.open(f"{url}/")
    await tab.until(FULL, 60)
    await _press(tab, "burst", "play", "forge")
    await tab.until("document.querySelector('#log').innerText.includes('20 of 20 counted')", 60)
    await _calm(tab)


async def _wide(tab: Tab, url: str) -> None:
    await tab.size(*WIDE, scale=2)
    await _played(tab, url)


async def _phone(tab: Tab, url: str) -> None:
    await tab.size(*PHONE, phone=True, scale=2)
    await _played(tab, url)
    await tab.run("document.querySelector('#standings').scrollIntoView()")


async def _attacks(tab: Tab, url: str) -> None:
    """Every attack, with the code and the layer that stopped it."""
    await tab.size(420, 900, scale=2)
    await tab.open(f"{url}/")
    await tab.until(FULL, 60)
    await _press(tab, "play", "replay", "forge", "spam")
    await tab.until("document.querySelector('#log').innerText.includes('USER_RATE_LIMIT')", 60)
    await _calm(tab)
    await tab.run("document.querySelector('.buttons.three').scrollIntoView()")


async def _resuming(tab: Tab, url: str) -> None:
    """The connection was cut: it polls, and knows where it will resume."""
    await tab.size(1280, 420, scale=2)
    await tab.open(f"{url}/")
    await tab.until(FULL, 60)
    await tab.until("document.querySelector('#gauge').dataset.level", 60)
    await _press(tab, "cut")
    await tab.until("document.querySelector('#detail').textContent.includes('resumes')", 60)


async def _from_the_right(instance: Instance) -> None:
    for name in RIGHT_TO_LEFT:
        player = await instance.player(name)
        for _ in range(25):
            await player.execute("collect_coins", data={"coins": 250})


Look = Callable[[Tab, str], Awaitable[None]]
PICTURES: tuple[tuple[str, str, Look], ...] = (
    ("board-light", "light", _wide),
    ("board-dark", "dark", _wide),
    ("phone", "dark", _phone),
    ("attacks", "light", _attacks),
    ("cut", "light", _resuming),
)


async def take(folder: Path) -> list[Path]:
    """All pictures; the last is of a board whose leaders write from the right."""
    manifest = yaml.safe_load((ROOT / "examples" / "arcade.yaml").read_text(encoding="utf-8"))
    manifest["spec"]["limits"]["address"] = {"count": 100_000, "per": "1s"}  # one machine plays all
    made = []

    async def one(name: str, scheme: str, look: Look) -> None:
        # Without motion, so that no row is half above another.
        wishes = {"prefers_color_scheme": scheme, "prefers_reduced_motion": "reduce"}
        async with a_tab(browser, media=wishes) as tab:
            await look(tab, instance.url)
            made.append(folder / f"{name}.png")
            await tab.picture(made[-1])

    with tempfile.TemporaryDirectory() as place:
        async with running(Path(place), manifest, "--demo") as instance, a_browser() as browser:
            for name, scheme, look in PICTURES:
                await one(name, scheme, look)
            await _from_the_right(instance)
            await one("right-to-left", "light", _wide)
    return made
