"""The dependencies of a service and whether they are available; logs one line per change, not per failed attempt.

Several reporters (consumers, a probe) may report one dependency; it is available again once all say so.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import structlog

from penstock.domain.errors import Unavailable
from penstock.ports.key_vault import KEY_FILE, RootMissing

RECOVERY_SECONDS = 10.0  # without a new outage before a dependency counts as available again
NEEDS_OPERATOR = (KEY_FILE,)  # dependencies that only an operator can bring back
OTHER = "other"  # for an outage of an unnamed dependency

Outages = Mapping[str, str]  # by dependency: what is wrong, where, and how to fix it

log = structlog.get_logger(__name__)


def outage(error: Unavailable) -> dict[str, str]:
    """The outage that `error` reports."""
    return {error.dependency or OTHER: str(error)}


def shared_outage(error: Unavailable) -> dict[str, str]:
    """As `outage`; none for the missing root of a tenant, which is a fault of that tenant alone. That all are missing,
    the probe of the key vault reports."""
    return {} if isinstance(error, RootMissing) else outage(error)


def began_us(lasting: Mapping[str, float], now_us: int) -> dict[str, int]:
    """When each outage began, in microseconds since the epoch; `lasting` is for how many seconds each has lasted."""
    return {dependency: now_us - int(seconds * 1e6) for dependency, seconds in lasting.items()}


class _Outage(NamedTuple):
    """An outage. Times are by the monotonic clock; `until` is None while a reporter still reports it."""

    message: str
    since: float
    until: float | None = None


class Dependencies:
    """Thread-safe. `changed`, if given, is called with all outages instead of a log line.

    A dependency is reported as available only after `recovery_seconds` without an outage, because clients reconnect one
    after the other.
    """

    def __init__(
        self, *, changed: Callable[[Outages], None] | None = None, recovery_seconds: float = RECOVERY_SECONDS
    ) -> None:
        self._changed, self._recovery_seconds = changed, recovery_seconds
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._reports: dict[str, Outages] = {}
        self._current: dict[str, _Outage] = {}

    def expect(self, dependency: str) -> None:
        """Show `dependency` as available until a reporter reports an outage."""
        with self._lock:
            self._known.add(dependency)

    def report(self, reporter: str, outages: Outages) -> None:
        """Replace all outages that `reporter` reported before."""
        with self._lock:
            self._reports[reporter] = dict(outages)
            self._update()

    def outages(self) -> dict[str, str]:
        with self._lock:
            self._update()
            return {dependency: entry.message for dependency, entry in self._current.items()}

    def lasting(self) -> dict[str, float]:
        """For how many seconds each outage has lasted."""
        now = time.monotonic()
        with self._lock:
            return {dependency: now - entry.since for dependency, entry in self._current.items()}

    def problems(self) -> list[str]:
        """A sentence for each unavailable dependency."""
        return list(self.outages().values())

    def states(self) -> dict[str, bool]:
        """Whether each known dependency is available."""
        with self._lock:
            self._update()
            return {dependency: dependency not in self._current for dependency in sorted(self._known)}

    def _update(self) -> None:
        before, now = self._current, time.monotonic()
        reported: dict[str, str] = {}
        for outages in self._reports.values():
            reported = {**outages, **reported}  # the first reporter's message wins
        self._known.update(reported)
        self._current = {
            name: before.get(name, _Outage(text, now))._replace(until=None) for name, text in reported.items()
        }
        for name in before.keys() - reported.keys():
            until = before[name].until or now
            if now - until < self._recovery_seconds:
                self._current[name] = before[name]._replace(until=until)
        if before.keys() != self._current.keys():
            self._log_changes(before, now)

    def _log_changes(self, before: Mapping[str, _Outage], now: float) -> None:
        if self._changed is not None:
            self._changed({name: entry.message for name, entry in self._current.items()})
            return
        for name in self._current.keys() - before.keys():
            fields = {"dependency": name, "error": self._current[name].message}
            if name in NEEDS_OPERATOR:
                log.error("dependency.unavailable", **fields)
            else:
                log.warning("dependency.unavailable", **fields)
        for name in before.keys() - self._current.keys():
            seconds = (before[name].until or now) - before[name].since
            log.info("dependency.available", dependency=name, seconds=round(seconds, 1))
