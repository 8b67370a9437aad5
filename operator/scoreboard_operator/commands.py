"""`scoreboard operator`, `render` and `plan`: what the operator package adds to the command."""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any

import yaml

from scoreboard_operator import offline, settings

_OPERATOR = "run the operator (settings come from the environment)"
_RENDER = "print what a manifest becomes on a cluster, without one; Secrets are left out"
_PLAN = "show what applying a manifest would change on the cluster of KUBECONFIG; change nothing"


def add_commands(found: Any) -> None:
    """`found`: the subparsers of `scoreboard`."""
    operator = found.add_parser("operator", help=_OPERATOR, description=_OPERATOR)
    operator.set_defaults(run=_operate)
    render = found.add_parser("render", help=_RENDER, description=_RENDER)
    render.add_argument("manifest", type=Path, help="a Scoreboard, as YAML or JSON")
    render.add_argument("--namespace", help="instead of the manifest's own, or default")
    render.add_argument(
        "--without",
        action="append",
        default=[],
        choices=sorted(offline.OPTIONAL),
        help="an optional kind that the cluster does not have (may be given more than once)",
    )
    render.set_defaults(run=_render)
    plan = found.add_parser("plan", help=_PLAN, description=_PLAN)
    plan.add_argument("manifest", type=Path, help="a Scoreboard, as YAML or JSON")
    plan.add_argument("--namespace", help="instead of the manifest's own, or default")
    plan.set_defaults(run=_plan)


def _operate(_: argparse.Namespace) -> int:
    from scoreboard_operator.process import serve

    try:
        asyncio.run(serve(settings.load()))
    except settings.WrongSetting as error:
        print(f"scoreboard operator: {error}", file=sys.stderr)
        return 1
    return 0


def _render(options: argparse.Namespace) -> int:
    try:
        resource = offline.resource(options.manifest, options.namespace)
        images = settings.load().images
    except (offline.Unreadable, settings.WrongSetting) as error:
        print(f"scoreboard render: {error}", file=sys.stderr)
        return 1
    served = offline.OPTIONAL - set(options.without)
    manifests = offline.manifests(resource, images, served)
    yaml.safe_dump_all(manifests, sys.stdout, sort_keys=False, allow_unicode=True)
    return 0


def _plan(options: argparse.Namespace) -> int:
    """0: nothing would change; 2: something would (as `kubectl diff` has 1); 1: it failed."""
    from scoreboard_operator.planning import Unplanned, changes

    try:
        resource = offline.resource(options.manifest, options.namespace)
        lines = asyncio.run(changes(resource, settings.load().images))
    except (offline.Unreadable, Unplanned, settings.WrongSetting) as error:
        print(f"scoreboard plan: {error}", file=sys.stderr)
        return 1
    for line in lines:
        print(line)
    print(f"{len(lines)} changes" if lines else "nothing would change", file=sys.stderr)
    return 2 if lines else 0
