"""A collector that hangs, refuses or is gone harms nothing but the spans."""

import asyncio
from pathlib import Path

from tests.e2e.instance import Instance, a_manifest, running, until
from tests.e2e.traces.collector import GOOD, HANGS, REFUSES, collecting
from tests.e2e.traces.traced import TOLD

ROLES = ("gateway", "worker", "broadcaster")


async def plays(instance: Instance, actions: int = 30) -> None:
    """Every action is accepted and done."""
    player = await instance.player()
    for _ in range(actions):
        reply = await player.execute("level")
        assert reply.status == 202
    assert (await player.job(reply.body["jobId"], wait=10)).body["status"] == "completed"


async def spans(instance: Instance, outcome: str, role: str = "gateway") -> float:
    return await instance.metric(role, f'scoreboard_spans_total{{outcome="{outcome}"}}')


async def grows(instance: Instance, outcome: str) -> None:
    """More spans of this outcome while it plays on."""
    before = await spans(instance, outcome)

    async def more() -> bool:
        await plays(instance, 5)
        return await spans(instance, outcome) > before

    await until(more, f"more spans are {outcome}")


async def test_actions_go_on_and_the_end_is_bounded(tmp_path: Path):
    async with collecting(HANGS) as collector:
        told = {
            **TOLD,
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_EXPORTER_OTLP_TIMEOUT": "1000",
            "OTEL_BSP_MAX_QUEUE_SIZE": "40",
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "20",
        }
        data = ("--data-dir", str(tmp_path / "data"))
        async with running(tmp_path, a_manifest(), *data, told=told) as instance:
            await plays(instance)
            await grows(instance, "dropped")
            await grows(instance, "failed")

            collector.mode = REFUSES
            collector.over.set()
            await grows(instance, "failed")

            collector.mode = GOOD
            await grows(instance, "exported")
            assert [
                line for line in instance.log("gateway") if line["event"] == "spans_exported_again"
            ]

            collector.mode = HANGS
            collector.over.clear()
            asked = collector.asked
            await plays(instance, 5)
            await until(lambda: collector.asked > asked, "the collector hangs again")
            instance.process.terminate()
            await asyncio.wait_for(instance.process.wait(), 30)
            for role in ROLES:
                events = [line["event"] for line in instance.log(role)]
                assert events[-1] == "stopped", "it ended by itself, not by a kill"
                assert events.count("spans_not_exported") <= 5, "told once, not each time"
                assert "collectors-own" not in str(instance.log(role))
