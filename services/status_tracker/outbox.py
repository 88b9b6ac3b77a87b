"""The outbox: e-mails that are noted before they are sent, each once, however often they are asked for.

An e-mail has a record of its own, which only ever moves on, and an entry in the list of due ones. The entry comes
first and goes last, so that a crash leaves at worst an entry whose e-mail is sent or was never noted, which is seen
when it is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from penstock.application.scanning import scan_all
from penstock.domain.delivery.notification import Notification, notifications
from penstock.domain.errors import Conflict
from penstock.domain.requests.request import Request
from penstock.ports.control_store import ControlStore, Record, Table


class Due(msgspec.Struct, frozen=True):
    """An entry in the list of due e-mails: where the e-mail's own record is."""

    request_id: str
    sort: str


class Outbox:
    def __init__(self, store: ControlStore) -> None:
        self._store = store

    def add(self, request: Request) -> None:
        """Note every e-mail about what is not announced yet; those that are noted already stay as they are."""
        for notification in notifications(request):
            self._add(request.tenant_id, notification)

    def due(self, tenant_id: str) -> Iterator[tuple[Record, Notification]]:
        """E-mails that have not ended, with their records, the oldest request first."""
        for entry in scan_all(self._store, Table.DUE_NOTIFICATIONS, tenant_id):
            due = msgspec.json.decode(entry.body, type=Due)
            record = self._store.get(Table.NOTIFICATIONS, tenant_id, due.request_id, due.sort)
            if record is None:
                continue  # its tracker died in between and will be back
            notification = msgspec.json.decode(record.body, type=Notification)
            if notification.delivery.ended:
                self._store.delete(entry.table, tenant_id, entry.partition, entry.sort)
            else:
                yield record, notification

    def store(self, record: Record, notification: Notification) -> Record:
        """Move an e-mail on. Raises `Conflict` when another did so meanwhile."""
        stored = self._store.replace(record, msgspec.json.encode(notification))
        if notification.delivery.ended:
            self._store.delete(Table.DUE_NOTIFICATIONS, record.tenant_id, "", _due_sort(notification))
        return stored

    def _add(self, tenant_id: str, notification: Notification) -> None:
        place = (Table.NOTIFICATIONS, tenant_id, notification.request_id, notification.sort)
        due = Due(notification.request_id, notification.sort)
        self._store.put(Table.DUE_NOTIFICATIONS, tenant_id, "", _due_sort(notification), msgspec.json.encode(due))
        try:
            self._store.create(*place, msgspec.json.encode(notification))
        except Conflict:
            return  # it is noted already; should it have been sent too, `due` clears the entry away


def _due_sort(notification: Notification) -> str:
    return f"{notification.request_id} {notification.sort}"
