"""The announcer: tells people and other systems what a request has reached.

What is to be told follows from the request's own record, not from the change that led there, so a crash at any point
is made up for by whoever looks at the request next: a redelivered event or the reconciler.
"""

from __future__ import annotations

from collections.abc import Sequence

from penstock.application.requests import Requests
from penstock.domain.event_codec import encode
from penstock.domain.request import Request, announced, status_changed, untold
from penstock.failpoints import failpoint
from penstock.ports.event_log import EventLog
from services.status_tracker.outbox import Outbox


class Announcer:
    def __init__(self, *, log: EventLog, requests: Requests, outbox: Outbox) -> None:
        self._producer, self._requests, self._outbox = log.producer(), requests, outbox

    def announce(self, requests: Sequence[Request]) -> None:
        """Note the e-mails, send the status events, then record that both is done. Raises `Unavailable`."""
        news = [request for request in requests if untold(request)]
        if not news:
            return
        for request in news:
            self._outbox.add(request)
        failpoint("tracker.notifications_stored")
        self._publish(news)
        failpoint("tracker.status_sent")
        for request in news:
            self._record(request)

    def _publish(self, news: Sequence[Request]) -> None:
        for request in news:
            for status, at_us in untold(request):
                event = status_changed(request, status, at_us)
                self._producer.send(event.topic, event.key, encode(event))
        self._producer.flush()

    def _record(self, request: Request) -> None:
        told = request.status
        _, after = self._requests.update(request.tenant_id, request.request_id, lambda now: announced(now, told))
        if after.status.ended and not untold(after):
            self._requests.settle(after)
