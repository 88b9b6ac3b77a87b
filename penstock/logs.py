"""Logs: one JSON object a line on standard error. No event of Penstock's carries a customer's value."""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path

import structlog
from structlog.typing import EventDict, Processor

from penstock.domain.errors import refusal

SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(level: str) -> None:
    """Log from `level` (debug, info, warning, error, critical) on; foreign libraries never below warning.

    botocore at DEBUG would log whole requests, so that no setting of ours can make it.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise refusal(
            "invalid_setting",
            f"PENSTOCK_LOG_LEVEL is {level!r}",
            "Give it one of debug, info, warning, error, critical.",
        )
    structlog.configure(
        processors=[*SHARED, _frames_only, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )

    _configure_foreign(max(number, logging.WARNING))


def _configure_foreign(level: int) -> None:
    """Lines of other libraries in the same form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _frames_only,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)


def _frames_only(_logger: object, _name: str, event: EventDict) -> EventDict:
    """Where an exception came from, in place of its message, which may hold a customer's value."""
    raised = event.pop("exc_info", None)
    if raised:
        frames = traceback.extract_tb(raised[2] if isinstance(raised, tuple) else sys.exc_info()[2])
        event["frames"] = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return event
