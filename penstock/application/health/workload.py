"""The present work of all tenants: what waits, what runs, and how fast."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from penstock.application.consuming.groups import PIPELINE
from penstock.application.requests.requests import Requests
from penstock.domain.errors import Unavailable
from penstock.domain.requests.request import Request, Status
from penstock.ports.clock import Clock
from penstock.ports.event_log import EventLog

MAX_REQUESTS_COUNTED = 1_000  # active ones, of all tenants
MAX_TENANTS = 20  # listed


class Step(NamedTuple):
    """A step of a request's way: the members of its consumer group, and the `events` that it has not handled yet. Both
    are None while the event log does not answer."""

    group: str
    topic: str
    members: int | None
    events: int | None


class TenantWork(NamedTuple):
    """How many requests of a tenant run and wait; `oldest_seconds` as in `RunningWork`."""

    tenant_id: str
    running: int
    waiting: int
    oldest_seconds: float | None


class RunningWork(NamedTuple):
    """`oldest_seconds` is the longest that a request waits for its turn, None if none waits. `is_all` is false when
    there are more requests than are counted. `tenants` are those with the most requests that wait."""

    running: int
    waiting: int
    held: int
    rows_per_second: float
    oldest_seconds: float | None
    is_all: bool
    tenants: Sequence[TenantWork] = ()


class DiskSpace(NamedTuple):
    """Bytes of the file system with the data folder."""

    free: int
    total: int


class Workload:
    def __init__(self, log: EventLog, requests: Requests, tenants: Callable[[], Iterable[str]], clock: Clock) -> None:
        self._log, self._requests, self._tenants, self._clock = log, requests, tenants, clock

    def steps(self) -> list[Step]:
        members = self._members()
        return [Step(group, topic, members.get(group), self._lag(group, topic)) for group, topic in PIPELINE.items()]

    def running(self) -> RunningWork:
        active = list(islice(self._active(), MAX_REQUESTS_COUNTED + 1))
        return summary(active[:MAX_REQUESTS_COUNTED], self._clock.now_us(), is_all=len(active) <= MAX_REQUESTS_COUNTED)

    def _members(self) -> Mapping[str, int]:
        try:
            return {group: len(members) for group, members in self._log.members([*PIPELINE]).items()}
        except Unavailable:
            return {}

    def _lag(self, group: str, topic: str) -> int | None:
        try:
            return self._log.lag(group, topic)
        except Unavailable:
            return None

    def _active(self) -> Iterator[Request]:
        for tenant_id in self._tenants():
            yield from self._requests.active(tenant_id)


def summary(active: Iterable[Request], now_us: int, *, is_all: bool = True) -> RunningWork:
    """Rows per second are those of the running requests since each has started."""
    by_status: dict[Status, list[Request]] = {}
    for request in active:
        by_status.setdefault(request.status, []).append(request)
    waiting = by_status.get(Status.SCHEDULED, [])
    running = by_status.get(Status.IN_PROGRESS, [])
    return RunningWork(
        running=len(running),
        waiting=len(waiting),
        held=len(by_status.get(Status.HELD, [])),
        rows_per_second=sum(_rows_per_second(each, now_us) for each in running),
        oldest_seconds=_oldest_seconds(waiting, now_us),
        is_all=is_all,
        tenants=_by_tenant(running, waiting, now_us),
    )


def _by_tenant(running: Sequence[Request], waiting: Sequence[Request], now_us: int) -> list[TenantWork]:
    runs = Counter(request.tenant_id for request in running)
    waits: dict[str, list[Request]] = {}
    for request in waiting:
        waits.setdefault(request.tenant_id, []).append(request)
    found = [
        TenantWork(tenant_id, runs[tenant_id], len(own), _oldest_seconds(own, now_us))
        for tenant_id in sorted({*runs, *waits})
        for own in [waits.get(tenant_id, [])]
    ]
    return sorted(found, key=lambda each: (-each.waiting, -each.running))[:MAX_TENANTS]


def _oldest_seconds(waiting: Iterable[Request], now_us: int) -> float | None:
    return max(((now_us - each.accepted_at) / 1e6 for each in waiting), default=None)


def _rows_per_second(request: Request, now_us: int) -> float:
    if request.started_at is None:
        return 0.0
    return request.rows_read / max(1.0, (now_us - request.started_at) / 1e6)
