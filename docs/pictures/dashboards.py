"""Takes the pictures of the dashboards, with real data: part of `make pictures`.

Without options a local Scoreboard is played for some minutes while a Prometheus looks at it
(Debian's package prometheus), then its database hangs. With --prometheus it is a board of a
cluster, or its operator:

    python -m docs.pictures.dashboards --prometheus http://127.0.0.1:9090 \\
        --namespace games --board arcade
    python -m docs.pictures.dashboards --prometheus http://127.0.0.1:9090 \\
        --namespace scoreboard --only operator

dashboards.json beside the pictures says which panels are on them.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import aiohttp
from docs.pictures import asking, drawing
from docs.pictures.asking import Prometheus, Window
from docs.pictures.scene import SCRAPE, playing, without_postgres
from tests.e2e.page.browser import a_browser, a_tab

HERE = Path(__file__).parent
OF_A_BOARD = ("overview", "gateway", "worker", "broadcaster", "stores")
OUTAGE_PICTURE = "outage"  # the overview
SCALE = 1.0
OUTAGE, AFTERWARDS = 80.0, 60.0  # seconds
# Nothing of that kind happens while a board is well.
QUIET = {
    "Failures by route", "Database errors", "Closed by the server", "Handshakes rejected",
    "Frames skipped", "Alerts", "Spans of traces",
}  # fmt: skip


def say(text: str) -> None:
    """On a terminal the last line is written over."""
    over = sys.stderr.isatty()
    sys.stderr.write(f"\r\033[K{text}" if over else f"{text}\n")
    sys.stderr.flush()


async def draw(
    prometheus: Prometheus, names: Mapping[str, str], window: Window, folder: Path
) -> list[Path]:
    """Pictures by their names, of dashboards by theirs; dashboards.json says what is on them."""
    made, about = [], folder / "dashboards.json"
    known = json.loads(about.read_text()) if about.exists() else {}
    async with a_browser() as browser:
        for name, shown in names.items():
            say(f"drawing {name}")
            found = asking.dashboard(shown)
            asked = await asking.ask(prometheus, found, window)
            if missing := asking.silent(asked):
                print(f"{name}: no data for {', '.join(missing)}")
            alerts = await prometheus.alerts(found, window)
            html, high = drawing.page(found, asked, alerts, dict(prometheus.values), window)
            source, picture = folder / f"dashboard-{name}.html", folder / f"dashboard-{name}.png"
            source.write_text(html, encoding="utf-8")
            async with a_tab(browser) as tab:
                await tab.size(drawing.WIDTH, high, scale=SCALE)
                await tab.open(source.as_uri())
                await tab.until(
                    "document.querySelector('main') && document.readyState === 'complete'"
                )
                await tab.picture(picture)
            source.unlink()
            known[name] = [panel["title"] for panel in found["panels"]]
            made.append(picture)
    about.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    return made


async def _until_full(prometheus: Prometheus, seconds: float) -> Window:
    """Waits until the whole range has data and every panel speaks."""
    first = time.time() + 20  # players sign in
    while True:
        window = asking.window_of(seconds, SCRAPE)
        left = first + seconds - window.end
        missing: list[str] = []
        for name in OF_A_BOARD:
            asked = await asking.ask(prometheus, asking.dashboard(name), window)
            missing += [title for title in asking.silent(asked) if title not in QUIET]
        done = await prometheus.now("sum(scoreboard_jobs_total)")
        lacking = ", ".join(missing) or "none"
        say(f"{max(0, left):3.0f} s to go, {done:.0f} actions scored; without data: {lacking}")
        if left <= 0 and not missing:
            return window
        if left < -120:
            raise SystemExit(f"these panels stay without data: {', '.join(missing)}")
        await asyncio.sleep(SCRAPE)


async def take(folder: Path, minutes: float) -> list[Path]:
    """Of a local board."""
    with tempfile.TemporaryDirectory() as place:
        async with playing(Path(place)) as (instance, prometheus):
            window = await _until_full(prometheus, minutes * 60)
            made = await draw(prometheus, {name: name for name in OF_A_BOARD}, window, folder)
            with without_postgres(instance):
                await _count_down(OUTAGE, "PostgreSQL hangs")
            await _count_down(AFTERWARDS, "PostgreSQL answers again")
            window = asking.window_of(minutes * 60, SCRAPE)
            return made + await draw(prometheus, {OUTAGE_PICTURE: "overview"}, window, folder)


async def _count_down(seconds: float, what: str) -> None:
    while seconds > 0:
        say(f"{what}: {seconds:.0f} s to go")
        await asyncio.sleep(SCRAPE)
        seconds -= SCRAPE


async def take_of(given: argparse.Namespace, folder: Path) -> list[Path]:
    """Of a board that somebody runs."""
    values = {"namespace": given.namespace, "board": given.board}
    names = given.only.split(",") if given.only else OF_A_BOARD
    async with aiohttp.ClientSession() as http:
        window = asking.window_of(given.minutes * 60, given.scrape)
        prometheus = Prometheus(http, given.prometheus.rstrip("/"), values)
        return await draw(prometheus, {name: name for name in names}, window, folder)


def options() -> argparse.ArgumentParser:
    """What may be said on the command line."""
    plain = argparse.RawDescriptionHelpFormatter
    found = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    add = found.add_argument
    add("folder", nargs="?", type=Path, default=HERE, help="where pictures go")
    add("--minutes", type=float, default=4.0, help="the range that is shown")
    add("--prometheus", help="address of a Prometheus, instead of a local board")
    add("--namespace", default="games", help="of the Scoreboard, or of the operator")
    add("--board", default="arcade", help="name of the Scoreboard")
    add("--scrape", type=float, default=15.0, help="seconds between two scrapes of it")
    add("--only", default="", help="names of dashboards, as in overview,operator")
    return found


def main() -> None:
    """Says which pictures it took."""
    given = options().parse_args()
    taking = take_of(given, given.folder) if given.prometheus else take(given.folder, given.minutes)
    for picture in asyncio.run(taking):
        print(f"{picture} {picture.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
