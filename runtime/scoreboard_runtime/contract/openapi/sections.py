"""Sections of the docs page: an operation, the table of codes, a type."""

from html import escape
from typing import Any

from scoreboard_runtime.contract.openapi.errors import PROBLEM, anchor
from scoreboard_runtime.contract.openapi.prose import inline, prose, shown
from scoreboard_runtime.contract.rejections import REJECTIONS

Json = dict[str, Any]
LAYERS = {
    "rate_limit": "1 rate limit",
    "authentication": "2 authentication",
    "signing": "3 signing",
    "zero_trust": "4 zero trust",
}
# On nearly every answer, so they are said once.
USUAL = ("X-Request-Id", "RateLimit-Policy", "RateLimit")


def _last(reference: str) -> str:
    return reference.rsplit("/", 1)[-1]


def kind(schema: Json) -> str:
    """A type in a few words, linked where it has a section of its own."""
    if "$ref" in schema:
        name = escape(_last(schema["$ref"]))
        return f'<a href="#type-{name}">{name}</a>'
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(kind(item) for item in schema[several])
    if "allOf" in schema:
        return kind(schema["allOf"][0])
    if "enum" in schema:
        return " or ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {}))}"
    return escape(schema.get("format") or schema.get("type") or "anything")


def bounds(schema: Json) -> str:
    """What a value must keep to."""
    said = []
    for least, most, what in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
    ):
        if least in schema and most in schema:
            said.append(f"{schema[least]} to {schema[most]}{what}")
        elif schema.get(least):
            said.append(f"{schema[least]}{what} or more")
        elif most in schema:
            said.append(f"{schema[most]}{what} at most")
    if "pattern" in schema:
        said.append(f"<code>{escape(schema['pattern'])}</code>")
    if schema.get("default") is not None:
        said.append(f"default <code>{escape(str(schema['default']))}</code>")
    return ", ".join(said)


def table(heads: tuple[str, ...], rows: list[str], name: str = "") -> str:
    if not rows:
        return ""
    top = "".join(f"<th scope=col>{head}</th>" for head in heads)
    named = f' class="{name}"' if name else ""
    body = "".join(rows)
    inside = f"<table{named}><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide">{inside}</div>'


def _parameter(item: Json) -> str:
    schema = item["schema"]
    must = " <em>required</em>" if item.get("required") else ""
    limits = bounds(schema)
    return (
        f"<tr><td><code>{escape(item['name'])}</code>{must}<br><small>{item['in']}</small></td>"
        f"<td>{kind(schema)}{'<br><small>' + limits + '</small>' if limits else ''}</td>"
        f"<td>{inline(item['description'])}{_such_as(item)}</td></tr>"
    )


def _such_as(item: Json) -> str:
    return f"<br><small>such as <code>{escape(str(item['example']))}</code></small>"


def _body(operation: Json) -> str:
    if "requestBody" not in operation:
        return ""
    content = operation["requestBody"]["content"]["application/json"]
    examples = "".join(
        f"<details{' open' if index == 0 else ''}><summary>{escape(name)}</summary>"
        f"{shown(example['value'])}</details>"
        for index, (name, example) in enumerate(content.get("examples", {}).items())
    )
    return f"<h4>Body: {kind(content['schema'])}</h4>{examples}"


def _codes(answer: Json) -> str:
    codes = answer["content"][PROBLEM]["examples"]
    links = (f'<a href="#{anchor(code)}"><code>{code}</code></a>' for code in codes)
    return "<br>".join(links)


def _example(value: Any) -> str:
    text = isinstance(value, str)
    inside = f'<pre tabindex="0"><code>{escape(value)}</code></pre>' if text else shown(value)
    return f"<details><summary>example</summary>{inside}</details>"


def _said(answer: Json) -> str:
    content = answer.get("content", {})
    if PROBLEM in content:
        return _codes(answer)
    for media in content.values():
        named = kind(media["schema"]) if "$ref" in media["schema"] else ""
        return f"{inline(answer['description'])} {named}{_example(media['example'])}"
    return inline(answer["description"])


def header_anchor(name: str) -> str:
    """Where the page explains a header: Retry-After -> header-retry-after."""
    return f"header-{name.lower()}"


def _headers(answer: Json) -> str:
    own = [name for name in answer["headers"] if name not in USUAL]
    links = (f'<a href="#{header_anchor(name)}"><code>{name}</code></a>' for name in own)
    return f"<p><small>with {', '.join(links)}</small></p>" if own else ""


def _answers(operation: Json) -> str:
    rows = [
        f'<tr><td class="status s{status[0]}">{status}</td>'
        f"<td>{_said(answer)}{_headers(answer)}</td></tr>"
        for status, answer in sorted(operation["responses"].items())
    ]
    return "<h4>Answers</h4>" + table(("status", "what"), rows, "answers")


def headers_section(headers: Json) -> str:
    """Every header of an answer; answers name those that not nearly all of them have."""
    rows = [
        f'<tr id="{header_anchor(name)}"><td><a href="#{header_anchor(name)}"><code>{name}</code>'
        f"</a></td><td>{inline(item['description'])}{_such_as(item)}</td></tr>"
        for name, item in headers.items()
    ]
    said = (
        "Every answer has `X-Request-Id`; what is charged to a budget says what is left of it in "
        "`RateLimit` and `RateLimit-Policy`. The others stand beside the answers that have them."
    )
    return (
        f'<section id="headers"><h2><a href="#headers">Headers</a></h2>{prose(said)}'
        f"{table(('header', 'what'), rows)}</section>"
    )


def operation_section(method: str, path: str, operation: Json, components: Json) -> str:
    name = operation["operationId"]
    known = components["parameters"]
    parameters = [known[_last(item["$ref"])] for item in operation["parameters"]]
    rows = [_parameter(item) for item in parameters]
    session = '<span class="chip">session</span>' if operation["security"] else ""
    signed = '<span class="chip">signed</span>' if "X-Signature" in {
        item["name"] for item in parameters
    } else ""  # fmt: skip
    return (
        f'<section id="{name}"><h3><a href="#{name}">{escape(operation["summary"])}</a>'
        f'{session}{signed}</h3><p class="route"><b class="{method}">{method.upper()}</b> '
        f"<code>{escape(path)}</code></p>{prose(operation['description'])}"
        f"{table(('parameter', 'type', 'what'), rows)}{_body(operation)}{_answers(operation)}"
        "</section>"
    )


def codes_section() -> str:
    """Every code in the order in which the first one wins; a problem's `type` points here."""
    rows = [
        f'<tr id="{anchor(row.code)}"><td><a href="#{anchor(row.code)}"><code>{row.code}</code></a>'
        f'</td><td class="status s{str(row.status)[0]}">{row.status}</td>'
        f"<td>{LAYERS.get(row.layer or '', '')}</td><td>{inline(row.detail)}</td></tr>"
        for row in REJECTIONS.values()
    ]
    said = "When several apply, the first of this order is the answer."
    return (
        f'<section id="codes"><h2><a href="#codes">Codes</a></h2><p>{said}</p>'
        f"{table(('code', 'status', 'layer', 'what to do'), rows, 'codes')}</section>"
    )


def type_section(name: str, schema: Json, examples: str = "") -> str:
    must = set(schema.get("required", ()))
    rows = []
    for field, value in schema.get("properties", {}).items():
        optional = "" if field in must else " <em>optional</em>"
        limits = bounds(value)
        rows.append(
            f"<tr><td><code>{escape(field)}</code>{optional}</td><td>{kind(value)}"
            f"{'<br><small>' + limits + '</small>' if limits else ''}</td></tr>"
        )
    return (
        f'<section id="type-{name}"><h3><a href="#type-{name}">{name}</a></h3>'
        f"{prose(schema.get('description', ''))}{table(('member', 'type'), rows)}{examples}"
        "</section>"
    )
