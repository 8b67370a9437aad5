"""What each dashboard shows: titles, units, queries and what they mean. make.py makes Grafana's JSON of it."""

from dashboards.panels.broadcaster import BROADCASTER
from dashboards.panels.gateway import GATEWAY
from dashboards.panels.of_operator import OF_OPERATOR
from dashboards.panels.overview import OVERVIEW
from dashboards.panels.stores import STORES
from dashboards.panels.worker import WORKER

DASHBOARDS = (OVERVIEW, GATEWAY, WORKER, BROADCASTER, STORES, OF_OPERATOR)
