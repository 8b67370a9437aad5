"""A trace as a picture: its spans as bars over time, in the order of cause, as SVG."""

from collections.abc import Iterator, Sequence
from html import escape

from tests.e2e.traces.collector import Seen

WIDTH, ROW, TOP, LEFT, RIGHT = 960, 30, 64, 330, 90
INK, PALE, LINE, GROUND = "#1f2430", "#5b6472", "#d9dee6", "#ffffff"
COLORS = {"gateway": "#2f6fde", "worker": "#0f8a5f", "broadcaster": "#b4590c"}
FONT = "font-family='ui-sans-serif, system-ui, sans-serif'"


def _ordered(spans: Sequence[Seen], parent: str, depth: int = 0) -> Iterator[tuple[int, Seen]]:
    """Each after its parent, with how deep it is."""
    for span in sorted((s for s in spans if s.parent == parent), key=lambda s: s.start):
        yield depth, span
        yield from _ordered(spans, span.span, depth + 1)


def _text(x: float, y: float, said: str, color: str = INK, **more: str) -> str:
    rest = "".join(f" {name.replace('_', '-')}='{value}'" for name, value in more.items())
    return f"<text x='{x:.1f}' y='{y:.1f}' fill='{color}' {FONT}{rest}>{escape(said)}</text>"


def _step(length: float) -> float:
    """Milliseconds between two marks of the axis: five or so."""
    steps = (0.5, 1, 2, 5, 10, 20, 50, 100, 200)
    return next((step for step in steps if length / step <= 6), 500)


def svg(spans: Sequence[Seen], caller: str) -> str:
    """`caller`: the span that the first of these is a child of."""
    rows = list(_ordered(spans, caller))
    begin, end = min(s.start for s in spans), max(s.end for s in spans)
    scale = (WIDTH - LEFT - RIGHT) / max(1, end - begin)
    height = TOP + ROW * len(rows) + 16
    found = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' font-size='13'>",
        f"<rect width='{WIDTH}' height='{height}' fill='{GROUND}'/>",
    ]
    for number, (role, color) in enumerate(COLORS.items()):
        x = 16 + number * 104
        found.append(f"<rect x='{x}' y='15' width='11' height='11' rx='2' fill='{color}'/>")
        found.append(_text(x + 17, 25, role, PALE))
    step, mark = _step((end - begin) / 1e6), 0.0
    while mark <= (end - begin) / 1e6:
        x = LEFT + mark * 1e6 * scale
        found.append(f"<path d='M{x:.1f} {TOP - 12}V{height - 12}' stroke='{LINE}'/>")
        found.append(_text(x, TOP - 18, f"{mark:g} ms", PALE, text_anchor="middle"))
        mark += step
    for number, (depth, span) in enumerate(rows):
        y = TOP + number * ROW
        x, wide = LEFT + (span.start - begin) * scale, max(2.0, (span.end - span.start) * scale)
        said = f"{(span.end - span.start) / 1e6:.1f} ms"
        found.append(_text(16 + 16 * depth, y + 14, span.name))
        found.append(
            f"<rect x='{x:.1f}' y='{y + 3}' width='{wide:.1f}' height='14' rx='3' "
            f"fill='{COLORS[span.role]}'/>"
        )
        found.append(_text(x + wide + 6, y + 14, said, PALE))
    return "\n".join((*found, "</svg>\n"))
