"""Takes the pictures of the README, of docs/admin.md and of docs/traces.md: `make pictures`.

Local mode with demo players runs for half a minute; a headless Chromium plays a little and looks.
Names of every script need a font each: Debian's fonts-ipafont-gothic has the Japanese one.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

import yaml
from docs.pictures import console, waterfall
from tests.e2e.instance import running
from tests.e2e.page.browser import Tab, a_browser, a_tab
from tests.e2e.traces.traced import playing

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WIDE = (1240, 860)


async def _played(tab: Tab, url: str) -> None:
    """A full board, a player with a rank, and a cheat that was found out."""
    await tab.size(*WIDE, scale=2)
    await tab.open(f"{url}/")
    await tab.until("document.querySelectorAll('.row').length === 10", 60)
    for name in ("burst", "play", "forge", "replay"):
        await tab.until(f"!document.querySelector('#{name}').disabled")
        await tab.click(f"#{name}")
    await tab.until("document.querySelector('#log').innerText.includes('20 of 20 counted')")
    await tab.until("document.querySelector('.delta') === null")


async def take(folder: Path) -> list[Path]:
    """Both pictures, light and dark."""
    manifest = yaml.safe_load((ROOT / "examples" / "arcade.yaml").read_text(encoding="utf-8"))
    made = []
    with tempfile.TemporaryDirectory() as place:
        async with running(Path(place), manifest, "--demo") as instance, a_browser() as browser:
            for scheme in ("light", "dark"):
                # Without motion, so that no row is half above another.
                wishes = {"prefers_color_scheme": scheme, "prefers_reduced_motion": "reduce"}
                async with a_tab(browser, media=wishes) as tab:
                    await _played(tab, instance.url)
                    made.append(folder / f"board-{scheme}.png")
                    await tab.picture(made[-1])
    return made


async def trace(folder: Path) -> list[Path]:
    """One action's trace, as a collector receives it: the tenth, when all is warm."""
    with tempfile.TemporaryDirectory() as place:
        async with playing(Path(place)) as traced:
            for _ in range(10):
                spans, caller, _ = await traced.acted()
    made = folder / "trace.svg"
    made.write_text(waterfall.svg(list(spans.values()), caller), encoding="utf-8")
    return [made]


async def pictures(folder: Path) -> list[Path]:
    return [*await take(folder), *await console.take(folder), *await trace(folder)]


if __name__ == "__main__":
    target = Path(sys.argv[1]) if sys.argv[1:] else HERE
    for picture in asyncio.run(pictures(target)):
        print(picture)
