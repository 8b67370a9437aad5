"""Takes the pictures of the README and of docs/page.md, admin.md and traces.md: `make pictures`.

Local mode with demo players runs for a minute; a headless Chromium plays a little and looks.
Names of every script need a font each: Debian's fonts-ipafont-gothic has the Japanese one.
"""

import asyncio
import hashlib
import sys
import tempfile
from pathlib import Path

from docs.pictures import board, console, waterfall
from tests.e2e.traces.traced import playing

HERE = Path(__file__).parent
PAGES = HERE.parents[1] / "runtime/scoreboard_runtime/gateway/page"
TAKEN_OF = "pages.sha256"  # beside the pictures


def looks() -> str:
    """Of everything that says how the pages look."""
    parts = sorted(each for each in PAGES.rglob("*") if each.suffix in (".css", ".html"))
    return hashlib.sha256(b"".join(each.read_bytes() for each in parts)).hexdigest()


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
    return [*await board.take(folder), *await console.take(folder), *await trace(folder)]


if __name__ == "__main__":
    target = Path(sys.argv[1]) if sys.argv[1:] else HERE
    for picture in asyncio.run(pictures(target)):
        print(picture)
    (target / TAKEN_OF).write_text(looks() + "\n")
