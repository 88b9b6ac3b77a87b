"""The tenants whose chunks workers put back, because they cannot use the tenant's key: one chunk at a time is tried."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from penstock.ports.clock import Clock

FIRST_SECONDS, MAX_SECONDS = 5.0, 60.0  # between two tries; doubles
MAX_DOUBLINGS = 4
TRY_SECONDS = 60.0  # for which a try may stay unanswered


@dataclass
class _Fault:
    since_us: int
    try_at: float
    tries: int = 0


class KeyFaults:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._faults: dict[str, _Fault] = {}

    def put_back(self, tenant_id: str) -> None:
        """Note that a worker has put back a chunk of the tenant."""
        now = self._clock.monotonic()
        fault = self._faults.setdefault(tenant_id, _Fault(self._clock.now_us(), now))
        fault.try_at = now + min(FIRST_SECONDS * 2**fault.tries, MAX_SECONDS)

    def seconds_to_wait(self, tenant_id: str) -> float:
        """The seconds until a chunk of the tenant may be sent; 0 for now."""
        fault = self._faults.get(tenant_id)
        return 0.0 if fault is None else max(0.0, fault.try_at - self._clock.monotonic())

    def since_us(self, tenant_id: str) -> int:
        """When the first chunk was put back, in microseconds since the epoch."""
        return self._faults[tenant_id].since_us

    def sent(self, tenant_id: str) -> None:
        """Let the tenant's other chunks wait for what becomes of this one."""
        fault = self._faults.get(tenant_id)
        if fault is not None:
            fault.tries = min(fault.tries + 1, MAX_DOUBLINGS)
            fault.try_at = self._clock.monotonic() + TRY_SECONDS

    def solved(self, tenant_id: str) -> bool:
        """Forget the tenant, of which a chunk is done; returns whether its others waited for that."""
        return self._faults.pop(tenant_id, None) is not None

    def keep(self, tenants: Collection[str]) -> None:
        """Forget all tenants but these."""
        self._faults = {tenant_id: fault for tenant_id, fault in self._faults.items() if tenant_id in tenants}
