"""Logs: one JSON object a line on standard error. No event of Penstock's carries a customer's value."""

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
# What tells of each try to reach a server, beside the one line of ours: shown at level debug only.
DRIVERS = ("cassandra", "penstock.adapters.cluster.kafka_settings")
REPEATED_SECONDS = 10.0  # a line of a driver's that says the same again is left out for so long
LEFT_OUT = "left_out"  # how many of the same were, in the next that is not
MOST_LINES = 1000  # that are remembered for it
# What differs from one repetition of a line to the next; not the numbers of addresses, which tell servers apart.
MEASURED = re.compile(r"(?<!\d)\d++(?:\.\d++)?(?= ?(?:ms|s|seconds|identical)\b)")


def configure(level: str, service: str) -> None:
    """Log from `level` (debug, info, warning, error, critical) on; foreign libraries never below warning.

    Each line names `service`, and the instance of it that this process is.
    botocore at DEBUG would log whole requests, so that no setting of ours can make it.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise refusal(
            "invalid_setting",
            f"PENSTOCK_LOG_LEVEL is {level!r}",
            "Give it one of debug, info, warning, error, critical.",
        )
    shared: list[Processor] = [_named(service), *SHARED]
    structlog.configure(
        processors=[*shared, _frames_only, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )

    _configure_foreign(max(number, logging.WARNING), shared, driver_lines=number <= logging.DEBUG)


def _configure_foreign(level: int, shared: list[Processor], *, driver_lines: bool) -> None:
    """Lines of other libraries in the same form, and not over and over: drivers tell of each try to reach a server."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(OncePerWhile())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(allow=[LEFT_OUT]), *shared],
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
    instance = f"{socket.gethostname()}:{os.getpid()}"  # the pod's name, in Kubernetes

    def name(_logger: object, _method: str, event: EventDict) -> EventDict:
        return {"service": service, "instance": instance, **event}

    return name


class OncePerWhile(logging.Filter):
    """Lets one line of those that say the same pass every `REPEATED_SECONDS`, by the lines' own clock.

    Two are the same that come from one logger and differ in what is `MEASURED` alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self._passed: dict[tuple[str, str], _Passed] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        line = record.name, MEASURED.sub("", record.getMessage())
        with self._lock:
            last = self._passed.get(line)
            if last is not None and 0 <= record.created - last.at_seconds < REPEATED_SECONDS:
                last.left_out += 1
                return False
            if len(self._passed) >= MOST_LINES:
                self._passed.clear()
            self._passed[line] = _Passed(record.created)
        if last is not None and last.left_out:
            setattr(record, LEFT_OUT, last.left_out)
        return True


@dataclass
class _Passed:
    at_seconds: float
    left_out: int = 0  # of the same, since


def _frames_only(_logger: object, _name: str, event: EventDict) -> EventDict:
    """Where an exception came from, in place of its message, which may hold a customer's value."""
    raised = event.pop("exc_info", None)
    if raised:
        frames = traceback.extract_tb(raised[2] if isinstance(raised, tuple) else sys.exc_info()[2])
        event["frames"] = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return event
