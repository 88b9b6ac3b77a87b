"""The watchdog: ends a process whose consumer has stopped silently, so that the orchestrator restarts it.

Stream libraries have stopped consuming while all their components reported to be healthy. So the watchdog asks the log
itself whether there are unprocessed events and whether committed offsets advance.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

import structlog

from penstock.ports.clock import Clock
from penstock.ports.event_log import PartitionLag

CHECK_SECONDS = 5.0  # between two checks
STALL_SECONDS = 120.0  # much longer than a batch or a rebalance
STALLED = os.EX_TEMPFAIL  # the exit code

log = structlog.get_logger(__name__)


class Observation(NamedTuple):
    """The group's committed offset in a partition with unprocessed events, and since when, by the monotonic clock."""

    committed: int | None
    since: float


class Watchdog:
    """`lags` returns the group's lag in each partition of `topic`, `assigned` this process's partitions, and
    `is_expected_stall` whether a partition has a known reason for its stall; `end` is called with the exit code."""

    def __init__(
        self,
        *,
        topic: str,
        lags: Callable[[], Mapping[int, PartitionLag]],
        assigned: Callable[[], frozenset[int]],
        is_expected_stall: Callable[[int], bool],
        clock: Clock,
        timeout_seconds: float = STALL_SECONDS,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        self._topic = topic
        self._lags, self._assigned, self._is_expected_stall = lags, assigned, is_expected_stall
        self._clock, self._timeout_seconds, self._end = clock, timeout_seconds, end
        self._observed: dict[int, Observation] = {}
        self._logged: set[tuple[int, int | None]] = set()

    def check(self) -> None:
        """Check once. Raises `Unavailable`; then the timeout starts again, since the progress is unknown."""
        before, self._observed = self._observed, {}
        lags = self._lags()
        self._log_expired(lags)
        # A consumer without an assignment may be the one that has stopped.
        watched = self._assigned() or frozenset(lags)
        for partition in watched & lags.keys():
            if lags[partition].events > 0 and not self._is_expected_stall(partition):
                self._observed[partition] = self._observation(lags[partition], before.get(partition))
        stalled = {partition: self._clock.monotonic() - seen.since for partition, seen in self._observed.items()}
        if any(seconds >= self._timeout_seconds for seconds in stalled.values()):
            log.critical(
                "consume.stalled",
                topic=self._topic,
                partitions=sorted(stalled),
                seconds=round(max(stalled.values())),
            )
            self._end(STALLED)

    def _observation(self, now: PartitionLag, before: Observation | None) -> Observation:
        if before is not None and before.committed == now.committed:
            return before
        return Observation(now.committed, self._clock.monotonic())

    def _log_expired(self, lags: Mapping[int, PartitionLag]) -> None:
        """Log, once, events that expired before they were read, and a truncated log."""
        for partition, now in lags.items():
            lost = now.committed is not None and not now.first <= now.committed <= now.end
            if lost and (partition, now.committed) not in self._logged:
                self._logged.add((partition, now.committed))
                log.error("consume.events_expired", topic=self._topic, partition=partition)
