"""process/health.py: what is measured of a dependency that answers, and of one that does not."""

from scoreboard_runtime.contract.metrics import DEPENDENCY_CHECK, DEPENDENCY_UP
from scoreboard_runtime.process.health import Dependency, Health
from scoreboard_runtime.process.telemetry import Telemetry


async def answers() -> None:
    return


async def fails() -> None:
    raise ConnectionRefusedError


async def test_only_an_answer_has_a_duration():
    queue, database = Dependency("queue", answers), Dependency("database", fails)
    telemetry = Telemetry("gateway", "test")
    health = Health(telemetry, [queue, database])

    for item in health.dependencies:
        await health.ask(item)

    text = telemetry.exposition().decode()
    assert f'{DEPENDENCY_CHECK.name}_count{{dependency="queue"}} 1.0' in text
    assert f'{DEPENDENCY_CHECK.name}_count{{dependency="database"}}' not in text
    assert f'{DEPENDENCY_UP.name}{{dependency="queue"}} 1.0' in text
    assert f'{DEPENDENCY_UP.name}{{dependency="database"}} 0.0' in text
