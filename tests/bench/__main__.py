"""`python -m tests.bench`: what `make bench` prints. Ratios and CPU time, never a lone rate."""

import argparse
import asyncio
import importlib
import sys
import time
from pathlib import Path

from tests.bench.pairing import Figure, table

PAGE = Path("docs/benchmarks.md")
MARK = "<!-- figures: make bench ARGS=--write -->"
BENCHMARKS = {
    "accept": "actions:accept",
    "cost": "actions:cost",
    "worker": "jobs:worker",
    "fanout": "frames:fanout",
    "latency": "frames:latency",
    "tracing": "tracing:tracing",
}


async def main(names: list[str], pairs: int, seconds: float) -> list[Figure]:
    figures: list[Figure] = []
    for number, name in enumerate(names, 1):
        module, _, function = BENCHMARKS[name].partition(":")
        measure = getattr(importlib.import_module(f"tests.bench.{module}"), function)
        started = time.monotonic()
        head = f"{name} ({number} of {len(names)}): {pairs} pairs of {seconds:g} s, after its start"
        print(head, file=sys.stderr, flush=True)
        found = await measure(pairs, seconds)
        for figure in found:
            line = f"  {figure.name}: {figure.spread()}  {figure.target}  {figure.note}"
            print(line, file=sys.stderr)
        print(f"  took {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        figures += found
    return figures


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="of one block")
    parser.add_argument("--write", action="store_true", help="the table into docs/benchmarks.md")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    options = _arguments()
    chosen = options.names or list(BENCHMARKS)
    text = table(asyncio.run(main(chosen, options.pairs, options.seconds)))
    print(text)
    if options.write:
        head, mark, rest = PAGE.read_text().partition(MARK)
        PAGE.write_text(f"{head}{mark}\n{text}\n{MARK}{rest.partition(MARK)[2]}")
