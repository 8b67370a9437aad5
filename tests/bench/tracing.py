"""What traces cost: CPU per action of the three roles with traces, beside the same without."""

from contextlib import AsyncExitStack

from tests.bench.actions import loaded
from tests.bench.pairing import Block, Figure, paired, ratios
from tests.bench.rig import Rig, a_floor, a_rig

ROLES = ("gateway", "worker", "broadcaster")
RATIOS = ("0.01", "1.0")


def _block(rig: Rig, seconds: float) -> Block:
    async def cost() -> float:
        before = rig.cpu(*ROLES)
        outcome, _ = await loaded(rig.port, seconds, rig.sessions, lambda: 0.0)
        await rig.settled(outcome.good)
        return (rig.cpu(*ROLES) - before) / outcome.good

    return cost


async def _spans(rig: Rig, outcome: str) -> float:
    name = f'scoreboard_spans_total{{outcome="{outcome}"}}'
    return sum([await rig.instance.metric(role, name) for role in ROLES])


async def tracing(pairs: int, seconds: float) -> list[Figure]:
    """Off, and on at each ratio, with a collector that takes all; a socket watches each board."""
    figures = []
    async with AsyncExitStack() as stack:
        _, port = await stack.enter_async_context(a_floor("post"))
        off = await stack.enter_async_context(a_rig())
        for ratio in RATIOS:
            told = {
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
                "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
                "OTEL_TRACES_SAMPLER_ARG": ratio,
            }
            async with AsyncExitStack() as one:
                traced = await one.enter_async_context(a_rig(told=told))
                for rig in (off, traced):
                    socket = await one.enter_async_context(await rig.instance.socket())
                    await socket.send_json({"type": "subscribe", "channel": "scoreboard"})
                found = await paired(_block(off, seconds), _block(traced, seconds), pairs)
                sent, dropped = await _spans(traced, "exported"), await _spans(traced, "dropped")
                if not sent or await _spans(off, "exported"):
                    raise AssertionError("void: traces are where they are off, or not where on")
            note = f"{sent:,.0f} spans exported, {dropped:,.0f} dropped"
            figures.append(
                Figure(f"CPU per action of the roles, traces on at {ratio} / off", ratios(found),
                       note=note)
            )  # fmt: skip
    return figures
