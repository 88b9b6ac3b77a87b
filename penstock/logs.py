"""Logs: one JSON object per line on standard error. No event of Penstock contains a customer's value."""

from __future__ import annotations

import logging
import os
import re
import socket
import sys
import threading
import traceback
from dataclasses import dataclass
from pathlib import Path

import structlog
from structlog.typing import EventDict, Processor

from penstock.domain.errors import refusal

SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
# Loggers with a line for each attempt to reach a server, beside ours: only enabled at level debug.
DRIVERS = ("cassandra", "penstock.adapters.cluster.kafka_settings")
REPEATED_SECONDS = 10.0  # for which repeated lines of a driver are left out
SUPPRESSED_LINES = "left_out"  # in a line: how many equal lines before it were left out
MAX_REMEMBERED_LINES = 1000
# Numbers that differ between repetitions of a line; not those of addresses, which distinguish servers.
MEASUREMENT = re.compile(r"(?<!\d)\d++(?:\.\d++)?(?= ?(?:ms|s|seconds|identical)\b)")


def configure(level: str, service: str) -> None:
    """Log from `level` (debug, info, warning, error, critical) on; other libraries from warning on.

    Each line has `service` and this process's instance.
    No setting enables DEBUG for botocore, because it would log complete requests.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise refusal(
            "invalid_setting",
            f"PENSTOCK_LOG_LEVEL is {level!r}",
            "Set it to debug, info, warning, error or critical.",
        )
    shared: list[Processor] = [_named(service), *SHARED]
    structlog.configure(
        processors=[*shared, _frames_only, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )

    _configure_libraries(max(number, logging.WARNING), shared, driver_lines=number <= logging.DEBUG)


def _configure_libraries(level: int, shared: list[Processor], *, driver_lines: bool) -> None:
    """Log other libraries in the same format, without repetitions: drivers log each attempt to reach a server."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(RepetitionFilter())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(allow=[SUPPRESSED_LINES]), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _frames_only,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in DRIVERS:
        logging.getLogger(name).setLevel(level if driver_lines else logging.CRITICAL + 1)


def _named(service: str) -> Processor:
    instance = f"{socket.gethostname()}:{os.getpid()}"  # in Kubernetes, the host is the pod's name

    def name(_logger: object, _method: str, event: EventDict) -> EventDict:
        return {"service": service, "instance": instance, **event}

    return name


class RepetitionFilter(logging.Filter):
    """Passes one of equal lines every `REPEATED_SECONDS`, by the lines' timestamps.

    Lines of one logger are equal if they differ only in a `MEASUREMENT`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._passed: dict[tuple[str, str], _Passed] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        line = record.name, MEASUREMENT.sub("", record.getMessage())
        with self._lock:
            last = self._passed.get(line)
            if last is not None and 0 <= record.created - last.at_seconds < REPEATED_SECONDS:
                last.left_out += 1
                return False
            if len(self._passed) >= MAX_REMEMBERED_LINES:
                self._passed.clear()
            self._passed[line] = _Passed(record.created)
        if last is not None and last.left_out:
            setattr(record, SUPPRESSED_LINES, last.left_out)
        return True


@dataclass
class _Passed:
    at_seconds: float
    left_out: int = 0  # equal lines since


def _frames_only(_logger: object, _name: str, event: EventDict) -> EventDict:
    """Replace an exception by its stack frames, without its message, which may contain a customer's value."""
    raised = event.pop("exc_info", None)
    if raised:
        frames = traceback.extract_tb(raised[2] if isinstance(raised, tuple) else sys.exc_info()[2])
        event["frames"] = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return event
