"""A headless Chromium, driven over the DevTools protocol."""

import asyncio
import base64
import contextlib
import itertools
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--hide-scrollbars", "--remote-debugging-port=0", "about:blank"),
)
WITHIN = 20.0


def chromium() -> str | None:
    """Where it is, if this machine has one."""
    return next((found for found in map(shutil.which, NAMES) if found), None)


class Tab:
    """One page. What it logs, throws or fails to load is kept in `problems`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._traced: list[dict[str, Any]] = []
        self._complete = asyncio.Event()
        self.problems: list[str] = []

    async def read(self) -> None:
        """Takes what the browser says, for as long as the tab lives."""
        async for message in self._socket:
            said = orjson.loads(message.data)
            waiting = self._replies.pop(said.get("id", 0), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(said)
            self._note(said.get("method", ""), said.get("params", {}))

    def _note(self, method: str, params: dict[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.problems.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            entry = params["entry"]
            self.problems.append(f"{entry['text']} {entry.get('url', '')}")
        elif method == "Tracing.dataCollected":
            self._traced += params["value"]
        elif method == "Tracing.tracingComplete":
            self._complete.set()

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        ident = next(self._ids)
        reply = self._replies[ident] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": ident, "method": method, "params": params})
        said = await asyncio.wait_for(reply, WITHIN)
        assert "error" not in said, said["error"]
        result: dict[str, Any] = said["result"]
        return result

    async def open(self, url: str) -> None:
        await self.send("Page.navigate", url=url)

    async def run(self, script: str) -> Any:
        """The value of an expression; promises are waited for."""
        said = await self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")

    async def until(self, script: str, within: float = WITHIN) -> Any:
        """The first true value of an expression; fails with its last one."""
        deadline = asyncio.get_running_loop().time() + within
        while True:
            value = None
            with contextlib.suppress(AssertionError):  # the page is on its way to another
                value = await self.run(script)
            if value:
                return value
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"{script} is {value!r} after {within} s; {self.problems}")
            await asyncio.sleep(0.05)

    @asynccontextmanager
    async def tasks(self) -> AsyncIterator[list[float]]:
        """After the block: CPU seconds of each task of the page's main thread in its time."""
        found: list[float] = []
        self._traced.clear()
        self._complete.clear()
        wanted = {"includedCategories": ["toplevel", "__metadata"]}
        await self.send("Tracing.start", transferMode="ReportEvents", traceConfig=wanted)
        yield found
        await self.send("Tracing.end")
        await asyncio.wait_for(self._complete.wait(), WITHIN)
        (main,) = {
            (each["pid"], each["tid"])
            for each in self._traced
            if each["name"] == "thread_name" and each["args"]["name"] == "CrRendererMain"
        }
        found += [
            each["tdur"] / 1e6
            for each in self._traced
            if (each["pid"], each["tid"]) == main
            and each["name"].endswith("::RunTask")
            and "tdur" in each  # one that began before has none
        ]

    async def text(self, selector: str) -> str:
        return str(await self.run(f"document.querySelector({selector!r}).innerText"))

    async def click(self, selector: str) -> None:
        await self.run(f"document.querySelector({selector!r}).click()")

    async def size(self, width: int, height: int, *, phone: bool = False, scale: float = 1) -> None:
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=phone,
        )

    async def prefer(self, **features: str) -> None:
        """Media features, e.g. prefers_color_scheme="dark"."""
        wanted = [
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()
        ]
        await self.send("Emulation.setEmulatedMedia", features=wanted)

    async def picture(self, path: Path, *, whole: bool = False) -> None:
        shot = await self.send("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), 5)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _address(profile: Path, process: asyncio.subprocess.Process) -> str:
    """Where the browser listens: it writes that in a file of its profile."""
    file = profile / "DevToolsActivePort"
    deadline = asyncio.get_running_loop().time() + WITHIN
    while not file.exists() or "\n" not in file.read_text():
        assert process.returncode is None, "chromium ended"
        assert asyncio.get_running_loop().time() < deadline, "chromium does not listen"
        await asyncio.sleep(0.05)
    return f"http://127.0.0.1:{file.read_text().split()[0]}"


@asynccontextmanager
async def a_browser() -> AsyncIterator[str]:
    """The address of a browser with a profile of its own."""
    program = chromium()
    assert program is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            program,
            f"--user-data-dir={profile}",
            *FLAGS,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            yield await _address(Path(profile), process)
        finally:
            await _end(process)


async def _ready(tab: Tab, before: str) -> None:
    for domain in ("Page", "Runtime", "Log"):
        await tab.send(f"{domain}.enable")
    if before:
        await tab.send("Page.addScriptToEvaluateOnNewDocument", source=before)


@asynccontextmanager
async def a_tab(
    browser: str, *, before: str = "", media: Mapping[str, str] | None = None
) -> AsyncIterator[Tab]:
    """A new tab; `before` runs in it before any script of a page."""
    async with aiohttp.ClientSession() as http:
        async with http.put(f"{browser}/json/new?about:blank") as answer:
            target = await answer.json(content_type=None)
        async with http.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            tab = Tab(socket)
            reading = asyncio.ensure_future(tab.read())
            try:
                await _ready(tab, before)
                await tab.size(1200, 900)
                await tab.prefer(**(media or {}))
                yield tab
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
        async with http.get(f"{browser}/json/close/{target['id']}"):
            pass
