"""Active markers: records of the requests that have not ended or whose latest status is not announced yet.

They lie in windows of ten minutes, by when they were stored, because each scan of a partition in Cassandra also reads
what was deleted from it in the last hours. A window is noted with its first marker, and forgotten once it is empty and
so old that nobody stores markers in it any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from penstock.application.scanning import scan_all
from penstock.domain.requests.request import Request, Status
from penstock.ports.control_store import ControlStore, Put, Table

UNDO_SUFFIX = "/undo"  # of the sort key of an undo's marker
WINDOWS = "windows"  # the partition of the windows that have markers
WINDOW_US = 600_000_000
OLD_US = 6 * WINDOW_US  # more than clocks differ and a call takes


class ActiveMarker(msgspec.Struct, frozen=True):
    """Marks a request whose end is not announced yet, since `at_us`. `undo`: it is about to be undone."""

    request_id: str
    at_us: int
    undo: bool = False

    @property
    def sort(self) -> str:
        return self.request_id + (UNDO_SUFFIX if self.undo else "")

    @property
    def window(self) -> str:
        begin_us = self.at_us - self.at_us % WINDOW_US
        return f"{datetime.fromtimestamp(begin_us / 1e6, UTC):%Y-%m-%dT%H:%M}"


class ActiveMarkers:
    """Stores, lists and clears the active markers of each tenant."""

    def __init__(self, store: ControlStore) -> None:
        self._store = store

    def list(self, tenant_id: str, *, newest_first: bool = False) -> Iterator[ActiveMarker]:
        """The markers, by the window and then by request id."""
        for window in self._windows(tenant_id, newest_first=newest_first):
            for record in scan_all(self._store, Table.ACTIVE_REQUESTS, tenant_id, window, newest_first=newest_first):
                yield msgspec.json.decode(record.body, type=ActiveMarker)

    def puts(self, *markers: ActiveMarker) -> Sequence[Put]:
        """What stores these distinct markers."""
        windows = {marker.window for marker in markers}
        return [
            *(Put(Table.ACTIVE_REQUESTS, WINDOWS, window, b"{}") for window in windows),
            *(Put(Table.ACTIVE_REQUESTS, each.window, each.sort, msgspec.json.encode(each)) for each in markers),
        ]

    def clear_each(self, tenant_id: str, markers: Sequence[ActiveMarker]) -> None:
        """Delete these markers."""
        windows: dict[str, list[str]] = {}
        for marker in markers:
            windows.setdefault(marker.window, []).append(marker.sort)
        for window, sorts in windows.items():
            self._store.delete_each(Table.ACTIVE_REQUESTS, tenant_id, window, sorts)

    def clear_announced(self, tenant_id: str, requests: Sequence[Request]) -> None:
        """Delete the markers of requests whose ends are announced.

        Keeps the undo marker of a completed request, because the undo may be in progress.
        """
        markers = [ActiveMarker(request.request_id, request.marked_at) for request in requests]
        reverted = [request for request in requests if request.status is Status.REVERTED]
        markers += [ActiveMarker(each.request_id, each.reverted_at or 0, undo=True) for each in reverted]
        self.clear_each(tenant_id, markers)

    def forget_empty_windows(self, tenant_id: str, now_us: int) -> None:
        oldest = ActiveMarker("", now_us - OLD_US).window
        empty = [
            window
            for window in self._windows(tenant_id)
            if window < oldest and not self._store.scan(Table.ACTIVE_REQUESTS, tenant_id, window, limit=1)
        ]
        self._store.delete_each(Table.ACTIVE_REQUESTS, tenant_id, WINDOWS, empty)

    def _windows(self, tenant_id: str, *, newest_first: bool = False) -> Iterator[str]:
        for record in scan_all(self._store, Table.ACTIVE_REQUESTS, tenant_id, WINDOWS, newest_first=newest_first):
            yield record.sort
