"""Active markers: records of the requests that have not ended or whose latest status is not announced yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from penstock.application.scanning import scan_all
from penstock.domain.requests.request import Request, Status
from penstock.ports.control_store import ControlStore, Table

UNDO_SUFFIX = "/undo"  # of the sort key of an undo's marker


class ActiveMarker(msgspec.Struct, frozen=True):
    """Marks a request whose end is not announced yet. `undo`: it is about to be undone."""

    request_id: str
    at_us: int
    undo: bool = False

    @property
    def sort(self) -> str:
        return self.request_id + (UNDO_SUFFIX if self.undo else "")


class ActiveMarkers:
    """Stores, lists and clears the active markers of each tenant."""

    def __init__(self, store: ControlStore) -> None:
        self._store = store

    def list(self, tenant_id: str) -> Iterator[ActiveMarker]:
        """The markers, in order of request id."""
        for record in scan_all(self._store, Table.ACTIVE_REQUESTS, tenant_id):
            yield msgspec.json.decode(record.body, type=ActiveMarker)

    def put(self, tenant_id: str, marker: ActiveMarker) -> None:
        """Store a marker; one that exists already is replaced."""
        self._store.put(Table.ACTIVE_REQUESTS, tenant_id, "", marker.sort, msgspec.json.encode(marker))

    def clear(self, tenant_id: str, marker: ActiveMarker) -> None:
        """Delete a marker."""
        self._store.delete(Table.ACTIVE_REQUESTS, tenant_id, "", marker.sort)

    def clear_announced(self, tenant_id: str, requests: Sequence[Request]) -> None:
        """Delete the markers of requests whose ends are announced.

        Keeps the undo marker of a completed request, because the undo may be in progress.
        """
        markers = [ActiveMarker(request.request_id, request.accepted_at) for request in requests]
        reverted = [request for request in requests if request.status is Status.REVERTED]
        markers += [ActiveMarker(request.request_id, request.accepted_at, undo=True) for request in reverted]
        self._store.delete_each(Table.ACTIVE_REQUESTS, tenant_id, "", [marker.sort for marker in markers])
