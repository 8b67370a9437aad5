"""The socket on the docs page: who says what, how a handshake fails, why a socket is closed."""

from html import escape
from typing import Any

from scoreboard_runtime.contract.openapi.prose import inline, prose, shown
from scoreboard_runtime.contract.openapi.sections import table, type_section

Json = dict[str, Any]
IDENT = "socket"


def _last(reference: Json) -> str:
    return str(reference["$ref"]).rsplit("/", 1)[-1]


def _link(reference: Json) -> str:
    name = escape(_last(reference))
    return f'<a href="#type-{name}">{name}</a>'


def _row(name: str, operation: Json) -> str:
    who = "client" if operation["action"] == "receive" else "server"
    answers = operation.get("reply", {}).get("messages", ())
    said = ", ".join(map(_link, operation["messages"]))
    return (
        f"<tr><td><code>{escape(name)}</code><br><small>{who}</small></td><td>{said}</td>"
        f"<td>{', '.join(map(_link, answers))}</td><td>{inline(operation['summary'])}</td></tr>"
    )


def _messages(description: Json) -> str:
    parts = []
    for name, message in description["components"]["messages"].items():
        examples = "".join(
            f"<details><summary>{escape(example['name'])}</summary>{shown(example['payload'])}"
            "</details>"
            for example in message["examples"]
        )
        parts.append(type_section(name, description["components"]["schemas"][name], examples))
    return "".join(parts)


def _endings(channel: Json) -> str:
    refusals = [
        f'<tr><td class="status s{str(row["status"])[0]}">{row["status"]}</td>'
        f"<td><code>{row['code']}</code></td><td>{inline(row['when'])}</td></tr>"
        for row in channel["x-handshake"]
    ]
    closes = [
        f'<tr id="close-{row["code"]}"><td class="status">{row["code"]}</td>'
        f"<td>{inline(row['why'])}</td><td>{inline(row['reconnect'])}</td></tr>"
        for row in channel["x-closes"]
    ]
    return (
        f"<h4>A handshake that fails</h4>{table(('status', 'code', 'when'), refusals)}"
        f"<h4>Closes</h4>{table(('close', 'why', 'connect again'), closes)}"
    )


def own_types(description: Json, known: Json) -> list[str]:
    """Types in messages that the HTTP API does not have."""
    schemas, said = description["components"]["schemas"], description["components"]["messages"]
    return [name for name in schemas if name not in said and name not in known]


def socket_section(description: Json) -> str:
    """Everything about the socket."""
    (channel,) = description["channels"].values()
    rows = [_row(name, operation) for name, operation in description["operations"].items()]
    heads = ("message", "type", "answered with", "what")
    return (
        f'<section id="{IDENT}"><h2><a href="#{IDENT}">The socket</a></h2>'
        f'<p class="route"><b class="get">WS</b> <code>{escape(channel["address"])}</code></p>'
        f"<p class=quiet>AsyncAPI {description['asyncapi']} · "
        '<a href="/asyncapi.json">asyncapi.json</a></p>'
        f"{prose(description['info']['description'])}{table(heads, rows)}{_endings(channel)}"
        f"</section>{_messages(description)}"
    )
