"""One JSON object a line on standard error, kopf's and every library's lines too."""

import logging
import sys

import structlog


def configure(level: str) -> None:
    """`level`: debug, info, warning or error."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=shared,
        )
    )
    # kopf tells of every event that it hears; what matters of them is in our own lines.
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)
    # That an optional API is absent is no trouble: a condition says it where somebody asked for it.
    logging.getLogger("kopf._core.reactor.observation").setLevel(logging.ERROR)
    # Its end is told by who listens; the signals are not its own.
    logging.getLogger("kopf._core.reactor.running").setLevel(logging.CRITICAL)
