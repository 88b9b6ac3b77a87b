"""The limits of each tenant in the control store, and how much of them is used."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from penstock.application.encryption.expiring_cache import ExpiringCache
from penstock.application.requests.requests import Requests
from penstock.domain.days import DAY_US
from penstock.domain.mapping.mapping import Limits
from penstock.domain.tenant_limits import TenantLimits, check_day
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Table

KNOWN_SECONDS = 5.0  # after which a change is in force everywhere
KNOWN_TENANTS = 10_000
LATE_US = 10_000_000  # that a request may be listed after its time of acceptance


class StoredLimits:
    """Reads and writes the limits. Thread-safe."""

    def __init__(self, store: ControlStore, clock: Clock) -> None:
        self._store = store
        self._known = ExpiringCache[str, TenantLimits](clock, seconds=KNOWN_SECONDS, max_entries=KNOWN_TENANTS)

    def of(self, tenant_id: str) -> TenantLimits:
        """May be a few seconds old. Raises `Unavailable`."""
        known = self._known.get(tenant_id)
        if known is None:
            known = self.stored(tenant_id)
            self._known.put(tenant_id, known)
        return known

    def stored(self, tenant_id: str) -> TenantLimits:
        record = self._store.get(Table.TENANT_LIMITS, tenant_id, "")
        return TenantLimits() if record is None else msgspec.json.decode(record.body, type=TenantLimits)

    def set(self, tenant_id: str, limits: TenantLimits) -> None:
        self._store.put(Table.TENANT_LIMITS, tenant_id, "", "", msgspec.json.encode(limits))


class _Counted(NamedTuple):
    """The bytes of the requests that were accepted from midnight until `until_us`."""

    until_us: int
    sum: int


class DayBytes:
    """Counts the bytes of the files that were accepted today. Calls at the same time do not see each other's file."""

    def __init__(self, requests: Requests, clock: Clock) -> None:
        self._requests, self._clock = requests, clock
        self._counted: dict[str, _Counted] = {}

    def used(self, tenant_id: str) -> int:
        """Reads only the requests since the last call, and some before it that may have been listed late."""
        now_us = self._clock.now_us()
        midnight_us = now_us - now_us % DAY_US
        before = self._counted.get(tenant_id, _Counted(0, 0))
        if before.until_us < midnight_us:
            before = _Counted(midnight_us, 0)
        until_us = max(before.until_us, now_us - LATE_US)
        counted, late = before.sum, 0
        for request in self._requests.newest_first(tenant_id):
            if request.accepted_at < before.until_us:
                break
            if request.accepted_at < until_us:
                counted += request.file_bytes
            else:
                late += request.file_bytes
        self._counted[tenant_id] = _Counted(until_us, counted)
        return counted + late


class Quotas:
    """What a tenant may upload: the `installation`'s limits, and its own."""

    def __init__(self, installation: Limits, stored: StoredLimits, day: DayBytes) -> None:
        self._installation, self._stored, self._day = installation, stored, day

    def limits(self, tenant_id: str) -> Limits:
        """The limits of one file."""
        own = self._stored.of(tenant_id).file_bytes
        most = self._installation.file_bytes
        return replace(self._installation, file_bytes=most if own is None else min(own, most))

    def check_day(self, tenant_id: str, more: int = 0) -> None:
        """Raise `Refused` (daily_limit_reached) if the tenant may upload nothing more today, or not `more` bytes."""
        limits = self._stored.of(tenant_id)
        if limits.day_bytes is not None:
            check_day(limits, self._day.used(tenant_id), more)
