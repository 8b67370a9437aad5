"""Which requests are traced: OpenTelemetry's samplers, decided before anything is recorded."""

from collections.abc import Callable

from scoreboard_runtime.contract.traces import Context

# Takes the caller's context, if any, and the trace's id.
Sampler = Callable[[Context | None, int], bool]
_MASK = (1 << 64) - 1
ALWAYS_ON, ALWAYS_OFF, BY_RATIO = "always_on", "always_off", "traceidratio"
PARENT_BASED = "parentbased_"  # the caller's word holds; without a caller the rest of the name
PLAIN = (ALWAYS_ON, ALWAYS_OFF, BY_RATIO)
SAMPLERS = (*(PARENT_BASED + name for name in PLAIN), *PLAIN)


def sampler(name: str, ratio: float) -> Sampler:
    """By its name in OTEL_TRACES_SAMPLER. The same trace is decided alike by every process."""
    bound = {ALWAYS_ON: 1 << 64, ALWAYS_OFF: 0, BY_RATIO: round(ratio * (1 << 64))}[
        name.removeprefix(PARENT_BASED)
    ]
    asks_the_caller = name.startswith(PARENT_BASED)

    def sampled(caller: Context | None, trace_id: int) -> bool:
        if caller is not None and asks_the_caller:
            return caller.sampled
        return trace_id & _MASK < bound

    return sampled
