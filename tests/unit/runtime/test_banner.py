"""local/banner.py: README and tutorial print what `make run` prints."""

import re
from pathlib import Path

import pytest

from scoreboard_runtime.local import banner

ROOT = Path(__file__).parents[3]
READY = {
    "url": "http://127.0.0.1:8080", "docs": "http://127.0.0.1:8080/docs",
    "websocket": "ws://127.0.0.1:8081/ws", "dataDir": "/home/ada/scoreboard/.scoreboard/arcade",
    "metrics": {f"role {port}": f"http://127.0.0.1:{port}/metrics" for port in (8082, 8083, 8084)},
}  # fmt: skip


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("sys.argv", [".venv/bin/scoreboard", "local"])
    monkeypatch.setattr("os.getcwd", lambda: "/home/ada/scoreboard")
    return banner.lines(READY, "curl ...", 15)


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial.md"])
def test_the_docs_print_what_it_says(page: str, said: str):
    (printed,) = re.findall(
        r"^(  page .*?)\n(?:\n|```)", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL
    )

    assert printed in said
    readme = (ROOT / "README.md").read_text()
    for line in ("A signed action, good for 15 min", "The console asks ", "Ctrl-C stops "):
        (order,) = re.findall(f"^{line}.*", said, re.MULTILINE)
        assert order in readme
    assert "\ncurl ...\n" in said


def test_a_board_elsewhere_is_named_whole_and_nobody_is_shown_a_request_that_there_is_not():
    said = banner.lines({**READY, "dataDir": "/some where/else"}, None, 15)

    assert "admin --data-dir '/some where/else' create-user" in said
    assert "paste" not in said
