"""The announcer: tells people and other systems what a request has reached.

What is to be told follows from the request's own record, not from the change that led there, so a crash at any point
is made up for by whoever looks at the request next: a redelivered event or the reconciler.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from penstock.application.consuming.worker_pool import WorkerPool
from penstock.application.requests.request_log import log_status
from penstock.application.requests.requests import Requests, Stored
from penstock.domain.event_codec import encode
from penstock.domain.requests.request import Request, announced, status_changed, unannounced
from penstock.failpoints import failpoint
from penstock.ports.event_log import EventLog
from services.status_tracker.outbox import Outbox


class Announcer:
    def __init__(self, *, log: EventLog, requests: Requests, outbox: Outbox, pool: WorkerPool) -> None:
        self._producer, self._requests, self._outbox, self._pool = log.producer(), requests, outbox, pool

    def announce(self, requests: Sequence[Stored]) -> None:
        """Note the e-mails, send the status events, then record that both is done. Raises `Unavailable`.

        Each is done for all requests, which must differ, before the next one begins.
        """
        news = [stored for stored in requests if unannounced(stored.request)]
        if not news:
            return
        self._pool.each(self._outbox.add, [request for request, _ in news if request.notify])
        failpoint("tracker.notifications_stored")
        self._publish([request for request, _ in news])
        failpoint("tracker.status_sent")
        self._pool.each(self._record, _by_tenant(news))
        for request, _ in news:
            for status, at_us in unannounced(request):
                log_status(request, status, at_us)

    def _publish(self, news: Sequence[Request]) -> None:
        for request in news:
            for status, at_us in unannounced(request):
                event = status_changed(request, status, at_us)
                self._producer.send(event.topic, event.key, encode(event))
        self._producer.flush()

    def _record(self, told: Sequence[Stored]) -> None:
        after = self._requests.change_each(
            [(stored, partial(announced, status=stored.request.status)) for stored in told]
        )
        done = [request for request, _ in after if request.status.ended and not unannounced(request)]
        if done:
            self._requests.clear_markers(done[0].tenant_id, done)


def _by_tenant(requests: Sequence[Stored]) -> list[list[Stored]]:
    groups: dict[str, list[Stored]] = {}
    for stored in requests:
        groups.setdefault(stored.request.tenant_id, []).append(stored)
    return list(groups.values())
