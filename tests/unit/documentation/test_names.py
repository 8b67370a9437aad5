"""What the docs name is there: anchors, commands of `scoreboard`, metrics, codes."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.documentation.test_reference import ROOT, TEXTS, name

from scoreboard_operator.metrics import METRICS as OPERATOR_METRICS
from scoreboard_runtime.__main__ import _ADMIN, _PAGE, _parser, main
from scoreboard_runtime.contract.metrics import METRICS
from scoreboard_runtime.contract.rejections import REJECTIONS

PAGES = TEXTS
HISTORY = {"CHANGELOG.md"}
SETTINGS = ("SCOREBOARD_", "OTEL_")  # variables, which docs/reference/settings.md is made of
NOT_METRICS = {
    "scoreboard_runtime",
    "scoreboard_operator",
    "scoreboard_client",
    "scoreboard_updated",
}
METRIC_ENDINGS = ("", "_total", "_bucket", "_count", "_sum", "_info")


def slug(heading: str) -> str:
    """As GitHub makes anchors of headings."""
    text = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(path: Path) -> set[str]:
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_links_to_places_on_a_page_lead_there(path: Path):
    for target, anchor in re.findall(r"\]\((?!https?:)([\w./-]*)#([\w-]+)\)", path.read_text()):
        page = (path.parent / target) if target else path
        if page.suffix == ".md":
            assert anchor in anchors(page), f"{target}#{anchor}"


def commands(text: str) -> Iterator[tuple[str, bool]]:
    """Each command of ours, and whether it stands in a block, where it must be whole."""
    # Every block is found, whatever its language: the end of one must not begin the next.
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        if language not in ("", "sh", "console"):
            continue
        for line in block.replace("\\\n", " ").splitlines():
            found = re.match(r"(?:\$ )?(?:\S*/)?(scoreboard .+)", line)
            if found:
                yield found[1], True
    for span in re.findall(r"`(?:[\w.]*/)*(scoreboard [a-z][^`]*)`", text):
        yield span, False


def words(command: str) -> list[str]:
    """Up to a pipe, a redirection, a comment."""
    found = shlex.split(command, comments=True)[1:]
    for index, word in enumerate(found):
        if word in ("|", ">", "<", "&&", "&", ";"):
            return found[:index]
    return found


def parsed(arguments: list[str]) -> object:
    try:
        _parser().parse_args(arguments)
    except SystemExit as ended:
        return ended.code
    return 0


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_commands_of_the_docs_are_commands(path: Path, capsys: pytest.CaptureFixture[str]):
    for command, whole in commands(path.read_text()):
        if "..." in command or (not whole and "|" in command):
            continue
        code = parsed(words(command))
        said = capsys.readouterr().err
        missing = not whole and "arguments are required" in said
        assert code == 0 or missing, f"{command}: {said}"


def test_commands_are_found_after_a_block_of_another_language():
    page = (
        "```csv\na,b\n```\ntext\n```\n$ .venv/bin/scoreboard doctor\n```\nand `scoreboard plan`\n"
    )

    assert list(commands(page)) == [("scoreboard doctor", True), ("scoreboard plan", False)]


def test_the_examples_of_the_help_are_commands(capsys: pytest.CaptureFixture[str]):
    examples = re.findall(r"^  (scoreboard .+?)(?:  .*)?$", _PAGE + _ADMIN, re.MULTILINE)

    assert len(examples) == 6
    for example in examples:
        assert parsed(words(example)) == 0, capsys.readouterr().err


def test_the_help_is_a_page_and_what_who_types_nothing_gets(capsys: pytest.CaptureFixture[str]):
    assert main([]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    for command in ("local", "doctor", "admin", "broadcaster", "rebuild"):
        assert re.search(rf"^    {command} +\S", said.err, re.MULTILINE), "name and text, one line"
    assert max(map(len, said.err.splitlines())) <= 100


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_metrics_of_the_docs_are_measured(path: Path):
    known = {metric.name.removesuffix("_total") for metric in (*METRICS, *OPERATOR_METRICS)}
    wanted = {name + ending for name in known for ending in METRIC_ENDINGS}
    for found in set(re.findall(r"(?<![\w/.-])scoreboard_[a-z_]+", path.read_text())) - NOT_METRICS:
        begun = found.endswith("_") and any(each.startswith(found) for each in wanted)
        assert found in wanted or begun, found


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_codes_of_the_docs_are_codes(path: Path):
    if path.name in HISTORY:
        return
    for found in set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", path.read_text())):
        assert found in REJECTIONS or found.startswith(SETTINGS), found


def test_the_example_of_the_readme_is_the_clients_which_a_test_runs():
    blocks = [
        re.findall(r"^```python\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)
        for path in (ROOT / "README.md", ROOT / "clients/python/README.md")
    ]

    assert blocks[0] == blocks[1]
    assert len(blocks[0]) == 1
