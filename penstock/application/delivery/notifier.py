"""The notifier: delivers the due notifications of one channel.

An attempt is stored before it is made. When its outcome is unknown (the process died, or a reply was lost), the
notification is delivered once more, but never a third time.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from penstock.application.delivery.outbox import Outbox
from penstock.application.due_work.visits import Visits
from penstock.application.requests.requests import Requests
from penstock.domain.delivery.notification import Notification, begin, delivered, doubt, is_due, postponed, refused
from penstock.domain.dispatching.owners import Share
from penstock.domain.errors import Conflict, InDoubt, Refused, Unavailable
from penstock.failpoints import failpoint
from penstock.ports.channel import Channel
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Record

log = structlog.get_logger(__name__)


class Notifier:
    """`share` is what this process delivers now."""

    def __init__(
        self,
        *,
        channel: Channel,
        store: ControlStore,
        requests: Requests,
        clock: Clock,
        share: Callable[[], Share],
    ) -> None:
        self._channel, self._requests, self._clock, self._share = channel, requests, clock, share
        self._outbox = Outbox(store, clock)
        self._visits = Visits(f"notifier.{channel.name}", store, clock)
        self._count, self._is_unavailable = 0, False

    def deliver_due(self) -> int:
        """Attempt all due notifications once; returns how many were certainly delivered. Raises `Unavailable`.

        Ends early when the channel is unavailable, because each further attempt would wait as long as the first.
        """
        self._count, self._is_unavailable = 0, False
        self._visits.make(self._share(), self._visit)
        return self._count

    def _visit(self, tenant_id: str) -> float | None:
        """The seconds until the tenant's next attempt, if there is one."""
        return 0.0 if self._is_unavailable else self._attempt_due(tenant_id)

    def _attempt_due(self, tenant_id: str) -> float | None:
        waits = list[float]()
        for record, notification in self._outbox.due(self._channel.name, tenant_id):
            if self._is_unavailable:
                return 0.0
            now_us = self._clock.now_us()
            if is_due(notification, now_us):
                self._count += self._attempt(record, notification)
                waits.append(0.0)  # the next pass finds what has become of it
            else:
                waits.append((notification.not_before_us - now_us) / 1e6)
        return min(waits, default=None)

    def _attempt(self, record: Record, notification: Notification) -> bool:
        attempt = begin(notification, self._clock.now_us())
        try:
            record = self._outbox.store(record, attempt)
        except Conflict:
            return False  # another notifier made the attempt
        if attempt.delivery.ended:
            _log_doubt(attempt)
            return False
        failpoint("notifier.attempt_stored")
        after, is_delivered = self._deliver(record.tenant_id, attempt)
        try:
            self._outbox.store(record, after)
        except Conflict:
            log.warning("notifier.lease_expired", **_about(attempt))
        return is_delivered

    def _deliver(self, tenant_id: str, notification: Notification) -> tuple[Notification, bool]:
        """The notification after an attempt, and whether it was certainly delivered."""
        try:
            delivery = self._channel.deliver(notification, self._requests.get(tenant_id, notification.request_id))
        except Unavailable as error:
            self._is_unavailable = bool(error.dependency)
            return postponed(notification, self._clock.now_us()), False
        except InDoubt:
            in_doubt = doubt(notification)
            _log_doubt(in_doubt)
            return in_doubt, False
        except Refused as refusal:
            log.warning("notifier.delivery_refused", **_about(notification), code=refusal.code)
            return refused(notification, refusal.code), False
        failpoint("notifier.delivered")
        return delivered(notification, delivery), True


def _log_doubt(notification: Notification) -> None:
    if notification.delivery.ended:  # after the first doubt there is one more attempt
        log.warning("notifier.delivery_in_doubt", **_about(notification))


def _about(notification: Notification) -> dict[str, str]:
    """The log fields of `notification`; without its target, which may be a person's address."""
    return {"channel": notification.channel, "request_id": notification.request_id, "status": notification.status}
