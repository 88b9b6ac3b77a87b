"""The watchdog: ends a process whose consumer has stopped without a word, so that its supervisor starts it anew.

Stream libraries have stopped consuming while all their parts said that they were well. So nothing in the process is
asked: the log itself says whether events wait and whether their offsets move.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

import structlog

from penstock.adapters.cluster.kafka_standing import Standing
from penstock.domain.events import PROGRESS
from penstock.ports.clock import Clock

LOOK_SECONDS = 5.0
STALL_SECONDS = 120.0  # far beyond the time of a batch or of a rebalance
STALLED = os.EX_TEMPFAIL  # the exit code

log = structlog.get_logger(__name__)


class Sighting(NamedTuple):
    """Where the group was in a partition that had events left, and since when, by the monotonic clock."""

    committed: int | None
    since: float


class Watchdog:
    """`standing` gives each partition's offsets, `assigned` those that are this process's, `excused` whether this
    process knows why one of them stands still; `end` is called with the exit code."""

    def __init__(
        self,
        *,
        standing: Callable[[], Mapping[int, Standing]],
        assigned: Callable[[], frozenset[int]],
        excused: Callable[[int], bool],
        clock: Clock,
        patience_seconds: float = STALL_SECONDS,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        self._standing, self._assigned, self._excused = standing, assigned, excused
        self._clock, self._patience_seconds, self._end = clock, patience_seconds, end
        self._seen: dict[int, Sighting] = {}
        self._told: set[tuple[int, int | None]] = set()

    def check(self) -> None:
        """One look. Raises `Unavailable`, after which the patience begins anew: nobody can say what moved."""
        before, self._seen = self._seen, {}
        standing = self._standing()
        self._tell_expired(standing)
        # A consumer that was never given a partition may be the one that has stopped.
        watched = self._assigned() or frozenset(standing)
        for partition in watched & standing.keys():
            if standing[partition].lag > 0 and not self._excused(partition):
                self._seen[partition] = self._sighting(standing[partition], before.get(partition))
        still = {partition: self._clock.monotonic() - seen.since for partition, seen in self._seen.items()}
        if any(seconds >= self._patience_seconds for seconds in still.values()):
            log.critical("tracker.stalled", partitions=sorted(still), seconds=round(max(still.values())))
            self._end(STALLED)

    def _sighting(self, now: Standing, before: Sighting | None) -> Sighting:
        if before is not None and before.committed == now.committed:
            return before
        return Sighting(now.committed, self._clock.monotonic())

    def _tell_expired(self, standing: Mapping[int, Standing]) -> None:
        """Tell, once, of events that were deleted before they were read, and of a log that was cut."""
        for partition, now in standing.items():
            lost = now.committed is not None and not now.first <= now.committed <= now.end
            if lost and (partition, now.committed) not in self._told:
                self._told.add((partition, now.committed))
                log.error("consume.events_expired", topic=PROGRESS, partition=partition)
