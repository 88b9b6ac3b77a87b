"""The history of requests: lists of their ids, by month, of all and by data source, uploader and how they ended.

An entry is stored before what it says becomes true, so that no request is missing from a list; a reader compares each
entry with its request. A list only grows. There is none of completed requests, because most requests complete: the list
of all serves. Requests that have not ended are found by their active markers.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from heapq import merge
from itertools import groupby, islice
from typing import NamedTuple

import msgspec

from penstock.application.requests.active_markers import ActiveMarkers
from penstock.application.scanning import scan_all
from penstock.domain.limits import MAX_REQUESTS_EXAMINED
from penstock.domain.requests.ids import accepted_at_us, month_of, partition_of
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.request_filter import RequestFilter
from penstock.ports.control_store import ControlStore, Put, Record, Table

MONTHS = "months"  # the partition of the months that have lists
CACHED_MONTHS = 10_000  # of all tenants
ALL = "all"
LISTED_ENDS = frozenset({Status.FAILED, Status.CANCELLED, Status.REVERTED})


class Listed(NamedTuple):
    """A request of a list. `may_match`: what never changes of it fits the filter."""

    request_id: str
    may_match: bool


class _Facts(msgspec.Struct, array_like=True, frozen=True):
    """What never changes of a request."""

    data_source: str
    uploaded_by: str
    file_name: str
    accepted_at: int


class RequestLists:
    def __init__(self, store: ControlStore, markers: ActiveMarkers) -> None:
        self._store, self._markers = store, markers
        self._has_month = lru_cache(CACHED_MONTHS)(self._add_month)

    def entries_of(self, request: Request) -> list[Put]:
        """The entries to put before the request is stored."""
        month = month_of(request.request_id)
        self._has_month(request.tenant_id, month)
        return [
            entry_of(request, f"{month}/{facet}")
            for facet in (ALL, _source(request.data_source), _uploader(request.uploaded_by))
        ]

    def ends_of(self, request: Request) -> list[Put]:
        """The entries to put before the request is stored with this status."""
        if request.status not in LISTED_ENDS:
            return []
        return [entry_of(request, f"{month_of(request.request_id)}/{_status(request.status)}")]

    def newest_first(self, tenant_id: str, only: RequestFilter, *, before: str = "") -> Iterator[Listed]:
        """The requests that may match `only`, older than `before`, and others between them."""
        before = only.first_cursor(before)
        if only.statuses and Status.COMPLETED not in only.statuses:
            # The markers are read before the ends: a request that ends meanwhile is in one of them, or in both.
            lists = [] if LISTED_ENDS.issuperset(only.statuses) else [self._active(tenant_id, only, before)]
            lists += (
                self._list(tenant_id, only, _status(each), before) for each in only.statuses if each in LISTED_ENDS
            )
            found = merge(*lists, key=lambda listed: listed.request_id, reverse=True)
            return (next(same) for _, same in groupby(found, key=lambda listed: listed.request_id))
        if only.uploaded_by is not None:
            return self._list(tenant_id, only, _uploader(only.uploaded_by), before)
        if only.data_source is not None:
            return self._list(tenant_id, only, _source(only.data_source), before)
        return self._list(tenant_id, only, ALL, before)

    def _list(self, tenant_id: str, only: RequestFilter, facet: str, before: str) -> Iterator[Listed]:
        newest = partition_of(before).partition("/")[0] or None
        for month in scan_all(self._store, Table.REQUEST_LISTS, tenant_id, MONTHS, newest_first=True):
            if newest is not None and month.sort > newest:
                continue
            partition = f"{month.sort}/{facet}"
            for record in scan_all(
                self._store, Table.REQUEST_LISTS, tenant_id, partition, after=before, newest_first=True
            ):
                facts = _facts(record)
                if only.is_past(facts):
                    return
                yield Listed(record.sort, only.may_match(facts))

    def _active(self, tenant_id: str, only: RequestFilter, before: str) -> Iterator[Listed]:
        """Those that have not ended; of very many, the latest."""
        marked = (marker.request_id for marker in self._markers.list(tenant_id, newest_first=True))
        older = (request_id for request_id in marked if not before or request_id < before)
        for request_id in sorted(set(islice(older, MAX_REQUESTS_EXAMINED)), reverse=True):
            if only.accepted_from is not None and accepted_at_us(request_id) < only.accepted_from:
                return
            yield Listed(request_id, may_match=True)

    def _add_month(self, tenant_id: str, month: str) -> None:
        self._store.put(Table.REQUEST_LISTS, tenant_id, MONTHS, month, b"{}")


def entry_of(request: Request, partition: str) -> Put:
    """The entry of a request in the list that lies in `partition`."""
    facts = _Facts(request.data_source, request.uploaded_by, request.file_name, request.accepted_at)
    return Put(Table.REQUEST_LISTS, partition, request.request_id, msgspec.json.encode(facts))


def _facts(record: Record) -> _Facts:
    return msgspec.json.decode(record.body, type=_Facts)


def _source(name: str) -> str:
    return f"source/{name}"


def _uploader(name: str) -> str:
    return f"uploader/{name}"


def _status(status: Status) -> str:
    return f"status/{status}"
