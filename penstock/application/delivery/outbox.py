"""The outbox: stores notifications before they are delivered; adding one again changes nothing.

A notification has its own record, whose state only advances, and an entry in its channel's list of due notifications.
The entry is written first and removed last, so a crash can only leave an entry whose notification has ended or was
never stored; readers detect both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from penstock.application.due_work.hints import Hints
from penstock.application.scanning import scan_all
from penstock.domain.delivery.notification import Notification
from penstock.domain.errors import Conflict
from penstock.domain.requests.request import Request
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Record, Table


class Due(msgspec.Struct, frozen=True):
    """An entry in a list of due notifications: the key of the notification's record."""

    request_id: str
    sort: str


class Outbox:
    def __init__(self, store: ControlStore, clock: Clock) -> None:
        self._store, self._hints = store, Hints(store, clock)

    def add(self, tenant_id: str, notifications: Sequence[Notification]) -> None:
        """Store each, in order; those already stored stay unchanged."""
        self._hints.put(tenant_id)
        for notification in notifications:
            self._add(tenant_id, notification)

    def due(self, channel: str, tenant_id: str) -> Iterator[tuple[Record, Notification]]:
        """The channel's unfinished notifications with their records, oldest request first."""
        for entry in scan_all(self._store, Table.DUE_NOTIFICATIONS, tenant_id, channel):
            due = msgspec.json.decode(entry.body, type=Due)
            record = self._store.get(Table.NOTIFICATIONS, tenant_id, due.request_id, due.sort)
            if record is None:
                continue  # its tracker died before it wrote the record, and will write it again
            notification = msgspec.json.decode(record.body, type=Notification)
            if notification.delivery.ended:
                self._remove_due(tenant_id, notification)
            else:
                yield record, notification

    def of(self, channel: str, request: Request) -> Iterator[Notification]:
        """All stored notifications of a request for the channel, in the order of their statuses."""
        for record in scan_all(self._store, Table.NOTIFICATIONS, request.tenant_id, request.request_id):
            notification = msgspec.json.decode(record.body, type=Notification)
            if notification.channel == channel:
                yield notification

    def store(self, record: Record, notification: Notification) -> Record:
        """Store a notification's new state. Raises `Conflict` when another process changed it since."""
        stored = self._store.replace(record, msgspec.json.encode(notification))
        if notification.delivery.ended:
            self._remove_due(record.tenant_id, notification)
        return stored

    def _add(self, tenant_id: str, new: Notification) -> None:
        due = msgspec.json.encode(Due(new.request_id, new.sort))
        self._store.put(Table.DUE_NOTIFICATIONS, tenant_id, new.channel, _due_sort(new), due)
        try:
            self._store.create(Table.NOTIFICATIONS, tenant_id, new.request_id, new.sort, msgspec.json.encode(new))
        except Conflict:
            return  # already stored; if it has ended too, `due` removes the entry

    def _remove_due(self, tenant_id: str, ended: Notification) -> None:
        self._store.delete(Table.DUE_NOTIFICATIONS, tenant_id, ended.channel, _due_sort(ended))


def _due_sort(notification: Notification) -> str:
    return f"{notification.request_id} {notification.sort}"
