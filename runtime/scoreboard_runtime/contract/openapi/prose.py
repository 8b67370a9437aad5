"""The little Markdown that descriptions use, and JSON with its colours, as HTML: always escaped."""

import json
import re
from html import escape
from typing import Any

_CODE = re.compile(r"`([^`]+)`")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?)')


def inline(text: str) -> str:
    """One line: `code` and **bold**."""
    return _BOLD.sub(r"<strong>\1</strong>", _CODE.sub(r"<code>\1</code>", escape(text)))


def _block(block: str) -> str:
    lines = block.split("\n")
    if all(line.startswith("- ") for line in lines):
        return "<ul>" + "".join(f"<li>{inline(line[2:])}</li>" for line in lines) + "</ul>"
    return f"<p>{inline(' '.join(lines))}</p>"


def prose(text: str) -> str:
    """Paragraphs and lists, parted by empty lines."""
    return "".join(_block(block) for block in text.strip().split("\n\n") if block)


def _coloured(found: re.Match[str]) -> str:
    text, colon, word, number = found.groups()
    if text is not None:
        kind = "key" if colon else "text"
        return f'<span class="{kind}">{escape(text)}</span>{colon or ""}'
    return f'<span class="plain">{escape(word or number)}</span>'


def shown(value: Any) -> str:
    """A JSON value as a block of code."""
    lines = json.dumps(value, indent=2, ensure_ascii=False)
    parts, end = [], 0
    for found in _TOKEN.finditer(lines):
        parts += [escape(lines[end : found.start()]), _coloured(found)]
        end = found.end()
    return f'<pre tabindex="0"><code>{"".join(parts)}{escape(lines[end:])}</code></pre>'
