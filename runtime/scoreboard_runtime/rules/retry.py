"""How long to wait after the nth failure: exponential, bounded, with jitter."""

FIRST, LONGEST = 0.05, 5.0


def delay(failures: int, chance: float) -> float:
    """Seconds to wait after `failures` (from 1) in a row; `chance` in [0, 1) is the jitter.

    Between half and the whole of the bound, so that many clients spread and none hurries.
    """
    bound = min(LONGEST, FIRST * 2.0 ** min(failures - 1, 16))
    return bound * (0.5 + chance / 2)
