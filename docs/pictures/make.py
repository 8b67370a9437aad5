"""Takes the pictures of the README: `python -m docs.pictures.make`, from the root.

Local mode with demo players runs for half a minute; a headless Chromium plays a little and looks.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

import yaml
from tests.e2e.instance import running
from tests.e2e.page.browser import Tab, a_browser, a_tab

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WIDE = (1240, 800)
STILL = "[...document.querySelectorAll('.row')].every((row) => !row.getAnimations().length)"


async def _played(tab: Tab, url: str) -> None:
    """A full board, a player with a rank, and a cheat that was found out."""
    await tab.size(*WIDE, scale=2)
    await tab.open(f"{url}/")
    await tab.until("document.querySelectorAll('.row').length === 10", 60)
    for name in ("cheat", "burst", "play"):
        await tab.until(f"!document.querySelector('#{name}').disabled")
        await tab.click(f"#{name}")
    await tab.until("document.querySelector('#log').innerText.includes('Counted')")
    # A moment in which no row is on its way, so that none is half above another.
    await tab.until(STILL, 60)


async def take(folder: Path) -> list[Path]:
    """Both pictures, light and dark."""
    manifest = yaml.safe_load((ROOT / "examples" / "arcade.yaml").read_text(encoding="utf-8"))
    made = []
    with tempfile.TemporaryDirectory() as place:
        async with running(Path(place), manifest, "--demo") as instance, a_browser() as browser:
            for scheme in ("light", "dark"):
                async with a_tab(browser, media={"prefers_color_scheme": scheme}) as tab:
                    await _played(tab, instance.url)
                    made.append(folder / f"board-{scheme}.png")
                    await tab.picture(made[-1])
    return made


if __name__ == "__main__":
    target = Path(sys.argv[1]) if sys.argv[1:] else HERE
    for picture in asyncio.run(take(target)):
        print(picture)
