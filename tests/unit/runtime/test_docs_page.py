"""The docs page: all of the description in HTML that needs nothing else and obeys nothing it shows."""

import re
from dataclasses import replace

import pytest
from tests.unit.runtime.test_openapi import BOARD, VARIANTS, found

from scoreboard_runtime.contract.asyncapi import describe_socket
from scoreboard_runtime.contract.board import Scoreboard
from scoreboard_runtime.contract.openapi import describe, sections
from scoreboard_runtime.contract.openapi.docs import docs_page
from scoreboard_runtime.contract.openapi.errors import anchor
from scoreboard_runtime.contract.openapi.prose import prose, shown
from scoreboard_runtime.contract.rejections import REJECTIONS


@pytest.mark.parametrize("board", VARIANTS.values(), ids=VARIANTS)
def test_the_docs_page_needs_nothing_from_elsewhere_and_runs_no_script(board: Scoreboard):
    page = docs_page(describe(board), describe_socket(board))

    assert "://" not in re.sub(r"<code>[^<]*</code>", "", page), "only as an example's text"
    assert "<script" not in page
    assert " style=" not in page


def test_the_docs_page_has_an_anchor_for_every_code_header_operation_and_type():
    description = describe(BOARD)

    page = docs_page(description, describe_socket(BOARD))

    wanted = [anchor(code) for code in REJECTIONS] + list(found(description))
    wanted += [f"type-{name}" for name in description["components"]["schemas"]]
    wanted += [sections.header_anchor(name) for name in description["components"]["headers"]]
    assert [name for name in wanted if f'id="{name}"' not in page] == []
    links = set(page.split('href="#')[1:])
    targets = {link.partition('"')[0] for link in links}
    assert [target for target in targets if f'id="{target}"' not in page] == []


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"minimum": 1, "maximum": 5}, "1 to 5"),
        ({"minLength": 3, "maxLength": 32}, "3 to 32 characters"),
        ({"minItems": 1}, "1 items or more"),
        ({"maximum": 0}, "0 at most"),
        ({"minimum": 0, "default": 0}, "default <code>0</code>"),
        ({"pattern": "<x>"}, "<code>&lt;x&gt;</code>"),
        ({}, ""),
    ],
)
def test_bounds_are_said_in_words(schema: dict, said: str):
    assert sections.bounds(schema) == said


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"const": 4}, "<code>4</code>"),
        ({"enum": ["a", 1]}, "<code>a</code> or <code>1</code>"),
        ({"type": "array", "items": {"type": "string", "format": "uuid"}}, "list of uuid"),
        ({"type": "array"}, "list of anything"),
        ({"allOf": [{"type": "integer"}]}, "integer"),
        ({"oneOf": [{"type": "null"}, {"type": "string"}]}, "null or string"),
    ],
)
def test_kinds_are_said_in_words(schema: dict, said: str):
    assert sections.kind(schema) == said


def test_what_a_manifest_says_is_shown_never_obeyed():
    wild = replace(BOARD, name="<b>x</b>", version='"><i>')
    page = docs_page(describe(wild), describe_socket(wild))

    assert "<b>x</b>" not in page
    assert '"><i>' not in page


def test_what_a_description_says_is_text_on_the_page():
    said = prose("- <script>one</script>\n\n`<b>` **<i>**") + shown({"<k>": "<v>"})

    assert re.findall(r"</?(?!ul|li|p|pre|code|strong|span)\w+", said) == []
