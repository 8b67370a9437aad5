"""The runtime of a Scoreboard. Packages in reading order, which is also the import order:

contract     what separate processes must agree on: data and codecs, no I/O
rules        decisions: pure functions and state machines; time is an argument
process      what every process needs: settings, lifecycle, health, telemetry
stores       the only modules that speak Postgres and Valkey
gateway      HTTP: a signed action in, 202 out
worker       the queue in, one transaction a batch, changes out
broadcaster  changes in, WebSocket frames out
admin        the operator's commands in a terminal
local        one machine: the same manifest with embedded stores
"""

__version__ = "0.1.0"
