"""The notifier: delivers the notifications of one channel that are due.

An attempt is stored before it is made. When its outcome is not known (the process died, or a reply was lost), the same
notification is delivered once more, and never a third time.
"""

from __future__ import annotations

import structlog

from penstock.application.delivery.outbox import Outbox
from penstock.application.requests.requests import Requests
from penstock.domain.delivery.notification import Notification, begin, doubt, is_due, postponed, refused, sent
from penstock.domain.errors import Conflict, InDoubt, Refused, Unavailable
from penstock.failpoints import failpoint
from penstock.ports.channel import Channel
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Record

log = structlog.get_logger(__name__)


class Notifier:
    def __init__(self, *, channel: Channel, store: ControlStore, requests: Requests, clock: Clock) -> None:
        self._channel, self._store, self._requests, self._clock = channel, store, requests, clock
        self._outbox = Outbox(store)
        self._is_away = False

    def deliver_due(self) -> int:
        """One pass over all that is due; returns how many were surely delivered. Raises `Unavailable`.

        The pass ends when the channel is away: each attempt would wait for it as long as the first has.
        """
        delivered, self._is_away = 0, False
        for tenant_id in self._store.tenants():
            for record, notification in self._outbox.due(self._channel.name, tenant_id):
                if self._is_away:
                    return delivered
                if is_due(notification, self._clock.now_us()):
                    delivered += self._attempt(record, notification)
        return delivered

    def _attempt(self, record: Record, notification: Notification) -> bool:
        begun = begin(notification, self._clock.now_us())
        try:
            record = self._outbox.store(record, begun)
        except Conflict:
            return False  # another notifier has taken it
        if begun.delivery.ended:
            _log_doubt(begun)
            return False
        failpoint("notifier.attempt_stored")
        done, delivered = self._deliver(record.tenant_id, begun)
        try:
            self._outbox.store(record, done)
        except Conflict:
            log.warning("notifier.lease_expired", **_about(begun))
        return delivered

    def _deliver(self, tenant_id: str, notification: Notification) -> tuple[Notification, bool]:
        """The notification after an attempt, and whether it was surely delivered."""
        try:
            self._channel.deliver(notification, self._requests.get(tenant_id, notification.request_id))
        except Unavailable as error:
            self._is_away = bool(error.dependency)
            return postponed(notification, self._clock.now_us()), False
        except InDoubt:
            doubted = doubt(notification)
            _log_doubt(doubted)
            return doubted, False
        except Refused as refusal:
            log.warning("notifier.delivery_refused", **_about(notification), code=refusal.code)
            return refused(notification, refusal.code), False
        failpoint("notifier.delivered")
        return sent(notification), True


def _log_doubt(notification: Notification) -> None:
    if notification.delivery.ended:  # the first doubt is followed by one more attempt
        log.warning("notifier.delivery_in_doubt", **_about(notification))


def _about(notification: Notification) -> dict[str, str]:
    """The fields of every line about `notification`; its target may be a person's address and stays out."""
    return {"channel": notification.channel, "request_id": notification.request_id, "status": notification.status}
