"""Why a request waits: what this process knows of its dependencies, and what a dispatcher has stored of the queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from penstock.application.encryption.expiring_cache import ExpiringCache
from penstock.application.health.dependencies import began_us
from penstock.application.requests.queues import Queues
from penstock.domain.dispatching.queue import Queue
from penstock.domain.errors import Corrupt
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.waiting import QUIET_US, Waiting, quiet_us, waits_for
from penstock.ports.clock import Clock

KNOWN_SECONDS = 1.0  # for which a queue that was read serves all requests of its tenant
KNOWN_TENANTS = 1_000


class Waits:
    """`lasting` returns the unavailable dependencies, and for how many seconds each has been so."""

    def __init__(self, queues: Queues, clock: Clock, lasting: Callable[[], Mapping[str, float]]) -> None:
        self._queues, self._clock, self._lasting = queues, clock, lasting
        self._known = ExpiringCache[str, tuple[Queue | None]](clock, seconds=KNOWN_SECONDS, max_entries=KNOWN_TENANTS)

    def of(self, request: Request) -> Waiting | None:
        """None for a request that moves, or is not processed. Raises `Unavailable`."""
        if not request.status.processing:
            return None
        now_us = self._clock.now_us()
        outages = began_us(self._lasting(), now_us)
        is_quiet = request.status is Status.SCHEDULED or quiet_us(request, now_us) >= QUIET_US
        queue = self._queue(request.tenant_id) if is_quiet else None
        return waits_for(request, now_us, queue=queue, outages=outages)

    def _queue(self, tenant_id: str) -> Queue | None:
        known = self._known.get(tenant_id)
        if known is None:
            known = (self._stored(tenant_id),)
            self._known.put(tenant_id, known)
        return known[0]

    def _stored(self, tenant_id: str) -> Queue | None:
        """A queue that was changed in the database is none: it only says what a request waits for."""
        try:
            return self._queues.of(tenant_id)
        except Corrupt:  # which the store logs
            return None
