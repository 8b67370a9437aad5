"""The pages about the code say what the code says; links and verbs in the docs lead somewhere."""

import re
from pathlib import Path

import pytest
from docs.reference.make import PAGES

ROOT = Path(__file__).parents[3]
FOLDERS = ("docs", "clients", "charts")
TEXTS = sorted(
    [*ROOT.glob("*.md"), *(md for each in FOLDERS for md in (ROOT / each).rglob("*.md"))]
)
HERE = r"https://github\.com/scoreboard-dev/scoreboard/blob/main/"


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_made_from_the_code_is_up_to_date(page: str):
    assert (ROOT / "docs/reference" / page).read_text() == PAGES[page](), "run: make docs"


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_links_lead_to_files(path: Path):
    text = path.read_text()
    for target in re.findall(r'(?:\]\(|<img [^>]*src=")(?!https?:|#)([\w./-]+)', text):
        assert (path.parent / target).exists(), target
    for target in re.findall(rf"{HERE}([\w./-]+)", text):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_every_verb_of_make_exists(path: Path):
    verbs = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = re.findall(r"(?:^(?:\$ )?|`|&& )make ([a-z0-9]+)\b", path.read_text(), re.MULTILINE)
    assert set(used) <= verbs


def test_the_paths_of_the_architecture_exist():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for path, function in re.findall(r"`([a-z]+/\w+\.(?:py|sql|lua|yaml))(?: (\w+))?`", text):
        inner = ROOT / "runtime/scoreboard_runtime"
        operator = ROOT / "operator/scoreboard_operator"
        places = [ROOT / path, inner / path, inner / "stores" / path, operator / path]
        found = [place for place in places if place.is_file()]
        assert found, path
        if function:
            pattern = rf"\b(def|class|function) {function}\b|'{function}'"
            assert re.search(pattern, found[0].read_text()), function
