"""Visits: one consumer's plan of which tenants it visits when.

It visits a tenant at once when a new hint says so, and again a few times within a minute: the writer of the hint may
be slow to write what it announces, and of two hints at almost the same time Cassandra keeps that of the clock that is
ahead. Beside that, each visit says when the next one is due; without anything to do, only another hint leads to one.

As a net, all tenants are visited at the start, when the consumer owns others than before, when the clock has jumped,
and once a day. Shares decide who visits a tenant; that two consumers do so at once must be harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from penstock.application.due_work.hint_reader import HintReader
from penstock.application.due_work.hints import INSTALLATION
from penstock.application.tenant_faults import TenantFaults
from penstock.domain.days import DAY_SECONDS
from penstock.domain.dispatching.owners import NOTHING, Share, shard_of_tenant
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore

FOLLOW_UPS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)  # seconds between the visits that a hint leads to
RETRY_SECONDS = 10.0  # after a visit that failed
JUMP_SECONDS = 60.0  # by which the clock moves more or less than the monotonic one

Visit = Callable[[str], float | None]  # the seconds until the tenant needs the next one, if it does


class Planned(NamedTuple):
    """When a visit is due, by the monotonic clock, and the gaps before those that follow it because of a hint."""

    at: float
    follow_ups: tuple[float, ...] = ()


class Visits:
    """`name` is the consumer's in the log. Hints are read every `look_seconds`; planned visits are made meanwhile.

    For one thread.
    """

    def __init__(self, name: str, store: ControlStore, clock: Clock, look_seconds: float = 0.0) -> None:
        self._name, self._store, self._clock, self._look_seconds = name, store, clock, look_seconds
        self._reader = HintReader(store, clock)
        self._share = NOTHING
        self._plan: dict[str, Planned] = {}
        self._listed_at = self._looked_at = float("-inf")
        self._ahead_us = self._clock_ahead_us()

    @property
    def planned(self) -> Collection[str]:
        """The tenants that are visited without another hint."""
        return self._plan.keys()

    def make(self, share: Share, visit: Visit) -> None:
        """Make the visits that are due to tenants of `share`. Raises the first `Unavailable` after all others."""
        faults = TenantFaults(self._name)
        self._take(share)
        faults.attempt(INSTALLATION, self._look, None)
        for tenant_id in self._due():
            if faults.is_outage:
                break
            self._visit(tenant_id, visit, faults)
        faults.raise_outage()

    def _take(self, share: Share) -> None:
        """Plan a visit to every tenant of `share`, when it is time for that. Raises `Unavailable`."""
        now, ahead_us = self._clock.monotonic(), self._clock_ahead_us()
        if abs(ahead_us - self._ahead_us) > JUMP_SECONDS * 1e6:
            self._listed_at = float("-inf")
        self._ahead_us = ahead_us
        if share == self._share and now - self._listed_at < DAY_SECONDS:
            return
        self._plan = {tenant_id: planned for tenant_id, planned in self._plan.items() if share.has(tenant_id)}
        self._plan_all(share)
        self._share, self._listed_at = share, now

    def _plan_all(self, share: Share, shards: Collection[int] | None = None) -> None:
        if not share.partitions:
            return
        now = self._clock.monotonic()
        for tenant_id in self._store.tenants():
            if share.has(tenant_id) and (shards is None or shard_of_tenant(tenant_id) in shards):
                self._plan[tenant_id] = self._plan.get(tenant_id, Planned(now))._replace(at=now)

    def _look(self) -> None:
        """Plan visits to the tenants with new hints. Raises `Unavailable`."""
        now = self._clock.monotonic()
        if now - self._looked_at < self._look_seconds:
            return
        new = self._reader.new(self._share.shards)
        for tenant_id in filter(self._share.has, new.tenants):
            self._plan[tenant_id] = Planned(now, FOLLOW_UPS)
        if new.unreadable:
            self._plan_all(self._share, new.unreadable)
        self._looked_at = now

    def _due(self) -> list[str]:
        """The tenants whose visit is due, for the longest time first."""
        now = self._clock.monotonic()
        due = sorted((planned.at, tenant_id) for tenant_id, planned in self._plan.items() if planned.at <= now)
        return [tenant_id for _, tenant_id in due]

    def _visit(self, tenant_id: str, visit: Visit, faults: TenantFaults) -> None:
        follow_ups = self._plan[tenant_id].follow_ups
        self._plan[tenant_id] = Planned(self._clock.monotonic() + RETRY_SECONDS, follow_ups)  # if it fails

        def visited() -> None:
            gaps = [gap for gap in (visit(tenant_id), *follow_ups[:1]) if gap is not None]
            del self._plan[tenant_id]
            if gaps:
                self._plan[tenant_id] = Planned(self._clock.monotonic() + min(gaps), follow_ups[1:])

        faults.attempt(tenant_id, visited, None)

    def _clock_ahead_us(self) -> float:
        """By how much the clock is ahead of the monotonic one; changes only when it jumps."""
        return self._clock.now_us() - self._clock.monotonic() * 1e6
