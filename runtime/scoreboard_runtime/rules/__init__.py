"""Decisions: pure functions and state machines. Time, keys and randomness come as arguments."""
