"""The JavaScript client under one contract (contract.mjs), in Chromium and in Node."""

import asyncio
import hashlib
import shutil
from pathlib import Path
from typing import Any

import orjson
from tests.e2e.instance import Instance
from tests.e2e.lacking import lacks
from tests.e2e.page.browser import Tab

from scoreboard_runtime.gateway.pages import CLIENT, FOLDER
from scoreboard_runtime.rules import signature

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[2] / "examples" / "watch.mjs"
CONTRACT = (HERE / "contract.mjs").read_text(encoding="utf-8")
WITHIN = 120.0

Found = dict[str, str | None]


def _vector() -> dict[str, Any]:
    """A request, and the signature that the server computes of it."""
    key, body = bytes(range(32)), '{"action":"level","data":{"name":"名無し"}}'
    request = {"method": "POST", "path": "/api/actions/execute?x=1", "timestamp": 1795000000000}
    digest = hashlib.sha256(body.encode()).hexdigest()
    message = signature.canonical("POST", request["path"], "1795000000000", "n" * 16, digest)
    return {
        **request, "nonce": "n" * 16, "body": body,
        "signingKey": signature.shown(key), "signature": signature.sign(key, message),
    }  # fmt: skip


def node() -> str:
    found = shutil.which("node") or ""
    if not found:
        lacks("there is no node on this machine")
    return found


async def _node(*arguments: str, folder: Path | None = None) -> str:
    process = await asyncio.create_subprocess_exec(
        node(), *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        cwd=folder,
    )  # fmt: skip
    said, wrong = await asyncio.wait_for(process.communicate(), WITHIN)
    assert process.returncode == 0, wrong.decode()
    return said.decode()


async def in_chromium(tab: Tab, url: str) -> Found:
    await tab.open(f"{url}/docs")
    await tab.until("location.pathname === '/docs' && document.readyState === 'complete'")
    script = CONTRACT.replace("export ", "")
    options = orjson.dumps(_vector()).decode()
    await tab.run(f"""(() => {{ {script};
      import('/{CLIENT}').then((client) => checked(client, {url!r}, {options}))
        .then((found) => {{ window.found = found; }}); }})()""")
    return dict(await tab.until("window.found", WITHIN))


async def in_node(url: str, *flags: str) -> Found:
    script = f"""import * as client from {str(FOLDER / CLIENT)!r};
      import {{ checked }} from {str(HERE / "contract.mjs")!r};
      const found = await checked(client, {url!r}, {orjson.dumps(_vector()).decode()});
      console.log(JSON.stringify(found)); process.exit(0);"""
    said = await _node(*flags, "--input-type=module", "--eval", script)
    return dict(orjson.loads(said))


def failures(found: Found) -> list[str]:
    assert len(found) == CONTRACT.count("\n  async "), "each check ran"
    return [f"{name}: {wrong}" for name, wrong in found.items() if wrong is not None]


async def test_the_client_keeps_its_contract_in_chromium(tab: Tab, board: Instance):
    assert failures(await in_chromium(tab, board.url)) == []


async def test_the_client_keeps_its_contract_in_node(board: Instance):
    assert failures(await in_node(board.url, "--experimental-websocket")) == []


async def test_the_example_runs_as_printed(board: Instance, tmp_path: Path):
    text = EXAMPLE.read_text(encoding="utf-8").replace("collect_coins", "coins")
    (tmp_path / "watch.mjs").write_text(text, encoding="utf-8")
    async with board.http.get(f"{board.url}/{CLIENT}") as answer:
        (tmp_path / CLIENT).write_bytes(await answer.read())

    said = await _node("watch.mjs", board.url, folder=tmp_path)

    assert len(text.splitlines()) == 10
    assert "status: 'completed'" in said
    assert "rank: 1" in said
