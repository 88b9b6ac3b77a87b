"""Reads the hints that are new since the last look."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from penstock.application.due_work.hints import HOUR_US, READ_HOURS, Hints, hour_of
from penstock.domain.errors import Corrupt
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore

WIDE_SECONDS = 60.0  # between two looks at the hours before and after the present one
NEAR_US = 120_000_000  # a hint of a clock that differs by less is seen at once, also when an hour ends


class NewHints(NamedTuple):
    """Tenants with a new hint, and shards with a hint that was changed in the database: all of their tenants may have
    a new one."""

    tenants: Collection[str]
    unreadable: Collection[int] = ()


class HintReader:
    def __init__(self, store: ControlStore, clock: Clock) -> None:
        self._hints, self._clock = Hints(store, clock), clock
        self._seen: dict[tuple[int, str], dict[str, int]] = {}  # by shard and hour: the time of each tenant's hint
        self._looked_wide_at = float("-inf")

    def new(self, shards: Iterable[int]) -> NewHints:
        """Those of these shards. Raises `Unavailable`; then nothing counts as seen."""
        now = self._clock.monotonic()
        is_wide = now - self._looked_wide_at >= WIDE_SECONDS
        seen: dict[tuple[int, str], dict[str, int]] = {}
        tenants: set[str] = set()
        unreadable: set[int] = set()
        for place in [(shard, hour) for shard in shards for hour in self._hours(is_wide=is_wide)]:
            known = self._seen.get(place, {})
            try:
                seen[place] = dict(self._hints.read(*place))
            except Corrupt:  # which the store logs
                seen[place] = known
                unreadable.add(place[0])
            tenants |= {tenant_id for tenant_id, at_us in seen[place].items() if known.get(tenant_id) != at_us}
        if not is_wide:
            self._seen |= seen
            return NewHints(tenants)
        self._seen, self._looked_wide_at = seen, now
        return NewHints(tenants, unreadable)

    def _hours(self, *, is_wide: bool) -> Iterable[str]:
        """The present hour, and others that a writer may take for that."""
        now_us = self._clock.now_us()
        near = [hour_of(now_us + differs_us) for differs_us in (0, -NEAR_US, NEAR_US)]
        wide = [hour_of(now_us + hours * HOUR_US) for hours in range(-READ_HOURS, 2)] if is_wide else []
        return dict.fromkeys([*near, *wide])
