"""What a service needs and whether that is available: one line in the log when it changes, however many tries fail.

Several reporters may say so of one dependency (a consumer, a probe); it is available again once all of them say so.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import structlog

from penstock.domain.errors import Unavailable

SETTLE_SECONDS = 10.0  # without a new outage, until a dependency counts as available again
OPERATORS = ("key_file",)  # what no waiting brings back, but an operator
OTHER = "other"  # an outage of what has no name

Outages = Mapping[str, str]  # by dependency: what is wrong, where, and how to fix it

log = structlog.get_logger(__name__)


def outage(error: Unavailable) -> dict[str, str]:
    """What `error` says of the dependencies."""
    return {error.dependency or OTHER: str(error)}


class _Away(NamedTuple):
    """Times are by the monotonic clock; `until` is None while somebody still reports it."""

    message: str
    since: float
    until: float | None = None


class Dependencies:
    """Any thread may report and ask. `known` are those that the metric shows before anything is wrong with them;
    `changed`, if given, is called with all outages in place of a line in the log.

    What is available again has to stay so for `settle_seconds`: clients find their servers again one after the other.
    """

    def __init__(
        self, *, changed: Callable[[Outages], None] | None = None, settle_seconds: float = SETTLE_SECONDS
    ) -> None:
        self._changed, self._settle_seconds = changed, settle_seconds
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._reports: dict[str, Outages] = {}
        self._away: dict[str, _Away] = {}

    def expect(self, dependency: str) -> None:
        """Show `dependency` as available until somebody reports otherwise."""
        with self._lock:
            self._known.add(dependency)

    def report(self, reporter: str, outages: Outages) -> None:
        """All that is unavailable as `reporter` sees it now, in place of what it reported before."""
        with self._lock:
            self._reports[reporter] = dict(outages)
            self._update()

    def outages(self) -> dict[str, str]:
        with self._lock:
            self._update()
            return {dependency: away.message for dependency, away in self._away.items()}

    def problems(self) -> list[str]:
        """What is unavailable, in sentences; nothing when all is well."""
        return list(self.outages().values())

    def states(self) -> dict[str, bool]:
        """Whether each known dependency is available."""
        with self._lock:
            self._update()
            return {dependency: dependency not in self._away for dependency in sorted(self._known)}

    def _update(self) -> None:
        before, now = self._away, time.monotonic()
        present: dict[str, str] = {}
        for outages in self._reports.values():
            present = {**outages, **present}  # the first reporter's words stay
        self._known.update(present)
        self._away = {name: before.get(name, _Away(text, now))._replace(until=None) for name, text in present.items()}
        for name in before.keys() - present.keys():
            until = before[name].until or now
            if now - until < self._settle_seconds:
                self._away[name] = before[name]._replace(until=until)
        if before.keys() != self._away.keys():
            self._tell(before, now)

    def _tell(self, before: Mapping[str, _Away], now: float) -> None:
        if self._changed is not None:
            self._changed({name: away.message for name, away in self._away.items()})
            return
        for name in self._away.keys() - before.keys():
            told = {"dependency": name, "error": self._away[name].message}
            if name in OPERATORS:
                log.error("dependency.unavailable", **told)
            else:
                log.warning("dependency.unavailable", **told)
        for name in before.keys() - self._away.keys():
            seconds = (before[name].until or now) - before[name].since
            log.info("dependency.available", dependency=name, seconds=round(seconds, 1))
