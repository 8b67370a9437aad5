"""The client of a Scoreboard: log in, sign actions, wait for them, watch the standings live.

In reading order: `signing`, `clock`, `retrying`, `errors`, `models` and `conversation` decide and
parse, without I/O; `sessions`, `client` and `live` speak HTTP and WebSocket.
"""

from scoreboard_client.client import Scoreboard
from scoreboard_client.errors import ScoreboardError, Unreachable
from scoreboard_client.models import (
    Accepted,
    Action,
    Around,
    Change,
    Entry,
    Event,
    History,
    Job,
    JobFinished,
    Lost,
    Result,
    Session,
    SocketError,
    Standings,
    Subscribed,
    Task,
    User,
    UserScore,
)

__version__ = "0.1.0"
__all__ = [
    "Accepted", "Action", "Around", "Change", "Entry", "Event", "History", "Job", "JobFinished",
    "Lost", "Result", "Scoreboard", "ScoreboardError", "Session", "SocketError", "Standings",
    "Subscribed", "Task", "Unreachable", "User", "UserScore",
]  # fmt: skip
