"""What is left of a budget, as lua/queue.lua keeps it (GCRA)."""


def left(arrival_us: int, now_us: int, count: int, per_us: int) -> int:
    """How many attempts would be allowed now; `arrival_us` is the stored theoretical arrival."""
    after = max(arrival_us, now_us)
    return max(0, min(count, (now_us + per_us - after) * count // per_us))
