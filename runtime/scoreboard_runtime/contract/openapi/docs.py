"""The descriptions as one HTML page that needs no network: operations, codes, the socket, types."""

from html import escape
from typing import Any

from scoreboard_runtime.contract.asyncapi.section import IDENT, own_types, socket_section
from scoreboard_runtime.contract.openapi.prose import prose
from scoreboard_runtime.contract.openapi.sections import (
    codes_section,
    headers_section,
    operation_section,
    type_section,
)

Json = dict[str, Any]


def _by_tag(description: Json) -> dict[str, list[tuple[str, str, Json]]]:
    found: dict[str, list[tuple[str, str, Json]]] = {tag["name"]: [] for tag in description["tags"]}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            found[operation["tags"][0]].append((method, path, operation))
    return found


def _link(name: str, text: str, mark: str = "") -> str:
    return f'<li><a href="#{name}">{mark}<span>{escape(text)}</span></a></li>'


def _navigation(tags: dict[str, list[tuple[str, str, Json]]]) -> str:
    parts = ["<ul>", _link("top", "Introduction"), _link("codes", "Codes")]
    parts += [_link("headers", "Headers"), "</ul>"]
    for tag, items in tags.items():
        parts.append(f"<h2>{escape(tag)}</h2><ul>")
        parts += [
            _link(item["operationId"], item["summary"], f'<b class="{method}">{method}</b>')
            for method, _, item in items
        ]
        parts.append("</ul>")
    last = (_link(IDENT, "The socket"), _link("types", "Types"))
    return "".join([*parts, "<ul>", *last, "</ul>"])


def _operations(description: Json, tags: dict[str, list[tuple[str, str, Json]]]) -> str:
    said = {tag["name"]: tag["description"] for tag in description["tags"]}
    parts = []
    for tag, items in tags.items():
        parts.append(f'<h2 id="tag-{escape(tag)}">{escape(tag)}</h2>{prose(said[tag])}')
        parts += [
            operation_section(method, path, item, description["components"])
            for method, path, item in items
        ]
    return "".join(parts)


def docs_page(description: Json, socket: Json) -> str:
    """HTML whose codes are anchors: a problem's `type` is `/docs#invalid-token`."""
    info, tags = description["info"], _by_tag(description)
    schemas = description["components"]["schemas"]
    socket_types = socket["components"]["schemas"]
    schemas = {**{name: socket_types[name] for name in own_types(socket, schemas)}, **schemas}
    types = "".join(type_section(name, schemas[name]) for name in sorted(schemas))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(info['title'])}: the API</title>"
        '<link rel="icon" href="/page/icon.svg" type="image/svg+xml">'
        '<link rel="stylesheet" href="/page/docs.css"></head><body>'
        f'<nav aria-label="Contents"><p class="home"><a href="/">← the live board</a></p>'
        f'{_navigation(tags)}</nav><main id="top"><header><h1>{escape(info["title"])}</h1>'
        f"<p class=quiet>version {escape(info['version'])} · OpenAPI {description['openapi']} · "
        f'<a href="/openapi.json">openapi.json</a></p></header>{prose(info["description"])}'
        f"{codes_section()}{headers_section(description['components']['headers'])}"
        f"{_operations(description, tags)}{socket_section(socket)}"
        f'<h2 id="types">Types</h2>{types}</main></body></html>'
    )
