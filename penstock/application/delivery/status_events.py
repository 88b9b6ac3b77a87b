"""Publishes statuses to other systems as `penstock.status` events.

They are not notifications: the event log keeps them for its subscribers, so there is no target whose delivery has to be
tracked. They have their own cursor in the request, like each channel.
"""

from __future__ import annotations

from collections.abc import Iterable

from penstock.domain.delivery.announcement import unannounced
from penstock.domain.delivery.status_event import STATUS_EVENTS, status_changed
from penstock.domain.event_codec import encode
from penstock.domain.requests.request import Request
from penstock.ports.event_log import EventLog


class StatusEvents:
    def __init__(self, log: EventLog) -> None:
        self._producer = log.producer()

    def publish(self, requests: Iterable[Request]) -> None:
        """Send an event for each unannounced status; a crash may repeat some. Raises `Unavailable`."""
        for request in requests:
            for status, at_us in unannounced(request, STATUS_EVENTS):
                event = status_changed(request, status, at_us)
                self._producer.send(event.topic, event.key, encode(event))
        self._producer.flush()
