"""docs/page.md: the example that it prints is the one that a test runs."""

from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_printed_example_is_the_one_that_is_run():
    page = (ROOT / "docs" / "page.md").read_text(encoding="utf-8")
    example = (ROOT / "examples" / "watch.mjs").read_text(encoding="utf-8")

    assert f"```js\n{example}```" in page
    assert len(example.splitlines()) == 10
