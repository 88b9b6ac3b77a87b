"""The reconciler: looks after requests whose progress was lost, whose end is not announced, or whose hold is over.

Events can be lost for good (an expired offset), the control store cannot: the manifests say which chunks are done.
Chunks that were lost on their way are sent again by the dispatcher.

How long a request has stood still is what this process saw of it, so that no clock that jumps can start a flood.
A hold ends at its stored time, so that it also ends when the tracker was down meanwhile.
"""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

import structlog

from penstock.application.delivery.announcer import Announcer
from penstock.application.requests.active_markers import ActiveMarker
from penstock.application.requests.chunks import Chunks
from penstock.application.requests.requests import Requests, Stored
from penstock.domain.errors import Unavailable
from penstock.domain.requests.hold import is_overdue, schedule_expiry
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.status import apply, has_chunk
from penstock.failpoints import failpoint
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore

NEVER_ACCEPTED_US = 86_400_000_000  # after its marker; a retry stores another one
UNDO_GRACE_US = 300_000_000  # an undo that has not come this long after its marker never will

log = structlog.get_logger(__name__)


class Observation(NamedTuple):
    """How far a request was, and since when, by the monotonic clock."""

    progress: tuple[object, ...]
    since: float


class Reconciler:
    """`quiet_seconds`: the time without progress after which the chunks of a request are counted again."""

    def __init__(
        self,
        *,
        store: ControlStore,
        requests: Requests,
        chunks: Chunks,
        announcer: Announcer,
        clock: Clock,
        quiet_seconds: float,
    ) -> None:
        self._store, self._requests, self._chunks, self._announcer = store, requests, chunks, announcer
        self._clock = clock
        self._quiet_seconds = quiet_seconds
        self._seen: dict[str, Observation] = {}

    def reconcile(self) -> None:
        """One pass over every active request. Raises `Unavailable`."""
        before, self._seen = self._seen, {}
        try:
            for tenant_id in self._store.tenants():
                for marker, stored in self._requests.marked(tenant_id):
                    self._look_after(tenant_id, marker, stored, before.get(marker.request_id))
                self._requests.markers.forget_empty_windows(tenant_id, self._clock.now_us())
        except Unavailable:
            self._seen = before | self._seen  # an outage makes none of them young again
            raise

    def _look_after(
        self, tenant_id: str, marker: ActiveMarker, stored: Stored | None, before: Observation | None
    ) -> None:
        if stored is None:
            if self._is_overdue(marker) or self._clock.now_us() - marker.at_us > NEVER_ACCEPTED_US:
                self._requests.markers.clear_each(tenant_id, [marker])
            return  # its uploader died before it was accepted; a retry with the same key will use the marker
        if marker.undo or not self._announcer.has_announced(stored.request):
            stored = self._requests.stored(tenant_id, marker.request_id)  # the tracker may have announced it meanwhile
        if marker.undo and stored.request.parent_id is not None:
            stored = self._requests.end_with_root(stored)
        if is_overdue(stored.request, self._clock.now_us()):
            stored = self._requests.expire(stored)
            failpoint("tracker.hold_expired")
        elif stored.request.status.processing and self._is_quiet(stored.request, before):
            stored = self._recount(stored)
        if not self._announcer.has_announced(stored.request):
            self._announcer.announce([stored])
        elif stored.request.status.ended:
            self._close(stored.request, marker)

    def _is_quiet(self, request: Request, before: Observation | None) -> bool:
        now = self._clock.monotonic()
        progress = (request.status, request.chunks_done)
        since = before.since if before is not None and before.progress == progress else now
        self._seen[request.request_id] = Observation(progress, since)
        return now - since >= self._quiet_seconds

    def _recount(self, quiet: Stored) -> Stored:
        """Count the chunks whose manifests are there and whose events were lost."""
        request = quiet.request
        manifests = self._chunks.manifests(request.tenant_id, request.request_id)
        steps = [manifest.step() for manifest in manifests if not has_chunk(request, manifest.chunk)]
        if steps:
            log.warning("reconcile.progress_recovered", request_id=request.request_id, chunks=len(steps))
        now_us = self._clock.now_us()
        return self._requests.change(quiet, lambda present: schedule_expiry(reduce(apply, steps, present), now_us))

    def _close(self, request: Request, marker: ActiveMarker) -> None:
        """Forget the marker. An undo's stays with a completed request for as long as the undo may still come."""
        if not marker.undo or request.status is Status.REVERTED or self._is_overdue(marker):
            self._requests.markers.clear_each(request.tenant_id, [marker])

    def _is_overdue(self, marker: ActiveMarker) -> bool:
        """Whether the undo that it announces will never come."""
        return marker.undo and abs(self._clock.now_us() - marker.at_us) > UNDO_GRACE_US
