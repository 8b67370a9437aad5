"""The operator's commands in a terminal."""
