"""The notifier: sends the e-mails that are due.

An attempt is noted before it is made. When its end is not known (the process died, or the server's reply was lost), the
same message, with the same Message-ID, is sent once more, and never a third time.
"""

from __future__ import annotations

import structlog

from penstock.application.requests.requests import Requests
from penstock.domain.delivery.notification import Notification, begin, doubt, is_due, postponed, refused, render, sent
from penstock.domain.errors import Conflict, Refused, Unavailable
from penstock.failpoints import failpoint
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Record
from penstock.ports.mailer import InDoubt, Mailer
from services.status_tracker.outbox import Outbox

log = structlog.get_logger(__name__)


class Notifier:
    """`sender` is the address that the messages come from."""

    def __init__(self, *, store: ControlStore, requests: Requests, mailer: Mailer, clock: Clock, sender: str) -> None:
        self._store, self._requests, self._mailer = store, requests, mailer
        self._clock, self._sender = clock, sender
        self._outbox = Outbox(store)
        self._server_away = False

    def send_due(self) -> int:
        """One pass over all that is due; returns how many messages a mail server has taken. Raises `Unavailable`.

        The pass ends when the server is away: each message would wait for it as long as the first has.
        """
        taken, self._server_away = 0, False
        for tenant_id in self._store.tenants():
            for record, notification in self._outbox.due(tenant_id):
                if self._server_away:
                    return taken
                if is_due(notification, self._clock.now_us()):
                    taken += self._attempt(record, notification)
        return taken

    def _attempt(self, record: Record, notification: Notification) -> bool:
        begun = begin(notification, self._clock.now_us())
        try:
            record = self._outbox.store(record, begun)
        except Conflict:
            return False  # another notifier has taken it
        if begun.delivery.ended:
            log.warning("notifier.mail_in_doubt", request_id=begun.request_id, status=begun.status)
            return False
        failpoint("notifier.attempt_stored")
        done, taken = self._send(record.tenant_id, begun)
        try:
            self._outbox.store(record, done)
        except Conflict:  # it took longer than its lease
            log.warning("notifier.mail_overtaken", request_id=begun.request_id, status=begun.status)
        return taken

    def _send(self, tenant_id: str, notification: Notification) -> tuple[Notification, bool]:
        """The notification after an attempt, and whether the server said that it has the message."""
        message = render(notification, self._requests.get(tenant_id, notification.request_id), self._sender)
        try:
            self._mailer.send(message)
        except Unavailable as error:
            self._server_away = bool(error.dependency)  # otherwise it is this message that it does not take now
            return postponed(notification, self._clock.now_us()), False
        except InDoubt:
            return doubt(notification), False
        except Refused as refusal:
            log.warning("notifier.mail_refused", request_id=notification.request_id, code=refusal.code)
            return refused(notification, refusal.code), False
        failpoint("notifier.mail_sent")
        return sent(notification), True
