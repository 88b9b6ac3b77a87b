"""The reconciler: looks after requests whose progress was lost, whose end is not announced, or whose hold is over.

Events can be lost for good (an expired offset), the control store cannot: the manifests say which chunks are done.
Chunks that were lost on their way are sent again by the dispatcher.

How long a request has stood still is what this process saw of it, so that no clock that jumps can start a flood.
A hold ends at its stored time, so that it also ends when the tracker was down meanwhile.

It visits the tenants of its share that have active requests, and those for which a hint says that they may have some.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import NamedTuple

import structlog

from penstock.application.delivery.announcer import Announcer
from penstock.application.due_work.visits import Visits
from penstock.application.requests.active_markers import ActiveMarker
from penstock.application.requests.chunks import Chunks
from penstock.application.requests.requests import Requests, Stored
from penstock.domain.dispatching.owners import Share
from penstock.domain.errors import Corrupt, Unavailable
from penstock.domain.requests.hold import is_overdue, schedule_expiry
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.status import apply, has_chunk
from penstock.failpoints import failpoint
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore

AT_WORK_SECONDS = 2.0  # that the tracker may take to announce what it has counted
LOOK_SECONDS = 10.0  # between two looks for hints, and at requests that are under way
MISSING_SECONDS = 60.0  # between two looks at a marker without a request
NEVER_ACCEPTED_US = 86_400_000_000  # after its marker; a retry stores another one
UNDO_GRACE_US = 300_000_000  # an undo that has not come this long after its marker never will

log = structlog.get_logger(__name__)


class Observation(NamedTuple):
    """How far a request was, and since when, by the monotonic clock."""

    progress: tuple[object, ...]
    since: float


class Observations:
    """Of the requests of a tenant: those of the last visit, and those of this one."""

    def __init__(self, before: Mapping[str, Observation]) -> None:
        self._before, self.present = before, dict[str, Observation]()

    def quiet_seconds(self, request: Request, now: float) -> float:
        """For how long the request has made no progress."""
        progress = (request.status, request.chunks_done)
        before = self._before.get(request.request_id)
        since = before.since if before is not None and before.progress == progress else now
        self.present[request.request_id] = Observation(progress, since)
        return now - since

    def so_far(self) -> Mapping[str, Observation]:
        """After a visit that failed: a fault makes no request young again."""
        return {**self._before, **self.present}


class Reconciler:
    """`share` is what this process looks after now. `quiet_seconds`: the time without progress after which the chunks
    of a request are counted again."""

    def __init__(
        self,
        *,
        store: ControlStore,
        requests: Requests,
        chunks: Chunks,
        announcer: Announcer,
        clock: Clock,
        share: Callable[[], Share],
        quiet_seconds: float,
    ) -> None:
        self._requests, self._chunks, self._announcer = requests, chunks, announcer
        self._clock, self._share = clock, share
        self._quiet_seconds = quiet_seconds
        self._visits = Visits("reconciler", store, clock, LOOK_SECONDS)
        self._seen: dict[str, Mapping[str, Observation]] = {}  # by tenant and request

    def reconcile(self) -> None:
        """One pass over the tenants that need it. Raises `Unavailable`."""
        self._visits.make(self._share(), self._visit)
        self._seen = {tenant_id: seen for tenant_id, seen in self._seen.items() if tenant_id in self._visits.planned}

    def _visit(self, tenant_id: str) -> float | None:
        """Look after the active requests of a tenant; the seconds until they need it again, if any does."""
        observations = Observations(self._seen.get(tenant_id, {}))
        waits = list[float | None]()
        try:
            for marker, stored in self._requests.marked(tenant_id):
                waits.append(self._look_after(tenant_id, marker, stored, observations))
        except (Corrupt, Unavailable):
            self._seen[tenant_id] = observations.so_far()
            raise
        self._seen[tenant_id] = observations.present
        self._requests.markers.forget_empty_windows(tenant_id, self._clock.now_us())
        return min((wait for wait in waits if wait is not None), default=None)

    def _look_after(
        self, tenant_id: str, marker: ActiveMarker, stored: Stored | None, observations: Observations
    ) -> float | None:
        """The seconds until the request needs another look; None if it does not."""
        if stored is None:
            return self._look_after_missing(tenant_id, marker)
        if marker.undo or not self._announcer.has_announced(stored.request):
            stored = self._requests.stored(tenant_id, marker.request_id)  # the tracker may have announced it meanwhile
        if marker.undo and stored.request.parent_id is not None:
            stored = self._requests.end_with_root(stored)
        if is_overdue(stored.request, self._clock.now_us()):
            stored = self._requests.expire(stored)
            failpoint("tracker.hold_expired")
        elif stored.request.status.processing and self._is_quiet(stored.request, observations):
            stored = self._recount(stored)
        if not self._announcer.has_announced(stored.request):
            if self._is_just_done(stored.request):
                return AT_WORK_SECONDS
            self._announcer.announce([stored])
            return LOOK_SECONDS
        if stored.request.status.ended:
            return None if self._close(stored.request, marker) else LOOK_SECONDS
        return self._until_decided(stored.request)

    def _is_just_done(self, request: Request) -> bool:
        """Whether the tracker is probably announcing it at this moment, since a step of it has just been counted."""
        return abs(self._clock.now_us() - request.last_step_at) < AT_WORK_SECONDS * 1e6

    def _look_after_missing(self, tenant_id: str, marker: ActiveMarker) -> float | None:
        """Its uploader died before it was accepted; a retry with the same key will use the marker."""
        if self._is_overdue(marker) or self._clock.now_us() - marker.at_us > NEVER_ACCEPTED_US:
            self._requests.markers.clear_each(tenant_id, [marker])
            return None
        return MISSING_SECONDS

    def _until_decided(self, request: Request) -> float:
        """A held request needs nothing before the end of its hold."""
        until_us = request.hold.until_us if request.status is Status.HELD and request.hold else None
        return LOOK_SECONDS if until_us is None else max(LOOK_SECONDS, (until_us - self._clock.now_us()) / 1e6)

    def _is_quiet(self, request: Request, observations: Observations) -> bool:
        return observations.quiet_seconds(request, self._clock.monotonic()) >= self._quiet_seconds

    def _recount(self, quiet: Stored) -> Stored:
        """Count the chunks whose manifests are there and whose events were lost."""
        request = quiet.request
        manifests = self._chunks.manifests(request.tenant_id, request.request_id)
        steps = [manifest.step() for manifest in manifests if not has_chunk(request, manifest.chunk)]
        if steps:
            log.warning("reconcile.progress_recovered", request_id=request.request_id, chunks=len(steps))
        now_us = self._clock.now_us()
        return self._requests.change(quiet, lambda present: schedule_expiry(reduce(apply, steps, present), now_us))

    def _close(self, request: Request, marker: ActiveMarker) -> bool:
        """Forget the marker. An undo's stays with a completed request for as long as the undo may still come: then
        false."""
        if marker.undo and request.status is not Status.REVERTED and not self._is_overdue(marker):
            return False
        self._requests.markers.clear_each(request.tenant_id, [marker])
        return True

    def _is_overdue(self, marker: ActiveMarker) -> bool:
        """Whether the undo that it announces will never come."""
        return marker.undo and abs(self._clock.now_us() - marker.at_us) > UNDO_GRACE_US
