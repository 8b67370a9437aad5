"""The operator that turns a Scoreboard manifest into running roles. It is the next issue's work."""
