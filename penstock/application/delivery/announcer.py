"""The announcer: announces each status of a request through every channel, and as an event for other systems.

Pending announcements are derived from the request's stored record, not from the change that caused them. So after a
crash, they are completed when a redelivered event or the reconciler next reads the request.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from penstock.application.catalog.mapping_versions import MappingVersions
from penstock.application.consuming.worker_pool import WorkerPool
from penstock.application.delivery.outbox import Outbox
from penstock.application.delivery.status_events import StatusEvents
from penstock.application.requests.request_log import log_status
from penstock.application.requests.requests import Requests, Stored
from penstock.domain.delivery.announcement import is_announced, record_announced, unannounced
from penstock.domain.delivery.notification import Notification, notifications
from penstock.domain.delivery.status_event import STATUS_EVENTS
from penstock.domain.requests.request import Request
from penstock.failpoints import failpoint
from penstock.ports.channel import Channel


class Announcer:
    def __init__(
        self,
        *,
        requests: Requests,
        versions: MappingVersions,
        outbox: Outbox,
        channels: Sequence[Channel],
        events: StatusEvents,
        pool: WorkerPool,
    ) -> None:
        self._requests, self._versions = requests, versions
        self._outbox, self._events, self._pool = outbox, events, pool
        self._channels = channels
        self._cursors = (*(channel.name for channel in channels), STATUS_EVENTS)

    def has_announced(self, request: Request) -> bool:
        """Whether the current status is announced: through every channel, and as an event."""
        return is_announced(request, self._cursors)

    def announce(self, requests: Sequence[Stored]) -> None:
        """Confirm the mappings of requests that have ended, store the notifications, send the status events, then
        record that. Raises `Unavailable`.

        Each step is done for all requests, which must be distinct, before the next step begins. All cursors of a
        request move in one change. A crash before that repeats events; no notification is stored twice.
        """
        pending = [stored for stored in requests if not self.has_announced(stored.request)]
        if not pending:
            return
        self._pool.each(self._versions.confirm, [request for request, _ in pending if request.status.ended])
        failpoint("tracker.mappings_confirmed")
        self._store_notifications([request for request, _ in pending])
        failpoint("tracker.notifications_stored")
        self._events.publish([request for request, _ in pending])
        failpoint("tracker.status_sent")
        self._pool.each(self._record, _by_partition(pending))
        for request, _ in pending:
            for status, at_us in unannounced(request, STATUS_EVENTS):
                log_status(request, status, at_us)

    def _store_notifications(self, requests: Sequence[Request]) -> None:
        new = [(request.tenant_id, self._notifications(request)) for request in requests]
        self._pool.each(lambda each: self._outbox.add(*each), [each for each in new if each[1]])

    def _notifications(self, request: Request) -> list[Notification]:
        return [
            notification
            for channel in self._channels
            for notification in notifications(request, channel.name, channel.targets)
        ]

    def _record(self, pending: Sequence[Stored]) -> None:
        after = self._requests.change_each(
            [
                (stored, partial(record_announced, channels=self._cursors, status=stored.request.status))
                for stored in pending
            ]
        )
        done = [request for request, _ in after if request.status.ended and self.has_announced(request)]
        if done:
            self._requests.markers.clear_announced(done[0].tenant_id, done)


def _by_partition(requests: Sequence[Stored]) -> list[list[Stored]]:
    groups: dict[tuple[str, str], list[Stored]] = {}
    for stored in requests:
        groups.setdefault((stored.record.tenant_id, stored.record.partition), []).append(stored)
    return list(groups.values())
