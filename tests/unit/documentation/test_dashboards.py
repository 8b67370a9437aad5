"""docs/dashboards.md and its pictures: every dashboard is there, as its panels are now."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from docs.pictures import dashboards as pictures

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "dashboards.md").read_text()
FILES = {path.stem: json.loads(path.read_text()) for path in (ROOT / "dashboards").glob("*.json")}
FOLDER = ROOT / "docs" / "pictures"
TAKEN: dict[str, Any] = json.loads((FOLDER / "dashboards.json").read_text())
OF = {**{name: name for name in FILES}, pictures.OUTAGE_PICTURE: "overview"}


def test_the_page_has_a_row_a_chapter_and_a_picture_for_each():
    for name, found in FILES.items():
        title = found["title"].partition(" / ")[2]
        assert f"| [{title}](#{title.lower().replace(' ', '-')}) |" in PAGE
        assert f"\n### {title}\n" in PAGE
        assert f"](pictures/dashboard-{name}.png)" in PAGE or name == "operator"


def test_every_picture_on_the_page_was_taken_and_every_one_that_was_taken_is_on_it():
    shown = re.findall(r"!\[[^]]+\]\(pictures/dashboard-(\w+)\.png\)", PAGE)

    assert sorted(shown) == sorted(TAKEN)
    assert set(OF) - set(shown) <= {"operator"}, "only the operator's needs a cluster"


@pytest.mark.parametrize("name", TAKEN)
def test_a_picture_shows_the_panels_that_there_are(name: str):
    titles = [panel["title"] for panel in FILES[OF[name]]["panels"]]

    assert TAKEN[name] == titles, "the panels have changed: run make pictures"
    picture = FOLDER / f"dashboard-{name}.png"
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert picture.stat().st_size < 300 * 1024


def test_the_command_for_a_cluster_is_one_that_there_is():
    for line in re.findall(r"^python -m docs\.pictures\.dashboards (.*)$", PAGE, re.MULTILINE):
        given = pictures.options().parse_args(line.split())
        assert given.prometheus == "http://127.0.0.1:9090"
        assert set(given.only.split(",")) <= set(FILES) or not given.only
