"""Notices an older record of a request that was put back whole, with its tag: an undone one that counts again, or a
replacement that no longer does.

What decides which rows count is recorded a second time, once it has happened, in a record of its own with a rank. So
who restores one record only contradicts the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace as changed

from penstock.application.encryption import corrupt_records
from penstock.domain.errors import Corrupt
from penstock.domain.limits import MAX_PAGE
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.ids import partition_of
from penstock.domain.requests.request import Request, Status
from penstock.ports.control_store import ControlStore, Record, Table

REPLACES, UNDONE = 1, 2


class RequestChecks:
    def __init__(self, store: ControlStore) -> None:
        self._store = store

    def put(self, request: Request) -> None:
        """Call once the request is stored; writes nothing for most."""
        if rank := _rank(request):
            place = partition_of(request.request_id), request.request_id
            self._store.put_ranked(Table.REQUEST_CHECKS, request.tenant_id, *place, rank, str(rank).encode())

    def check(self, tenant_id: str, requests: Iterable[Request], read: Callable[[str], Request]) -> None:
        """Raises `Corrupt` for a request that was something before that nothing leads back from, and that still is not
        when it is `read` again: it may have changed since."""
        ranks = {each.request_id: _rank(each) for each in requests if _may_be_older(each)}
        places = [(partition_of(request_id), request_id) for request_id in sorted(ranks)]
        for start in range(0, len(places), MAX_PAGE):
            for record in self._store.get_each(Table.REQUEST_CHECKS, tenant_id, places[start : start + MAX_PAGE]):
                if rank_of(record) > ranks[record.sort] and is_older(read(record.sort), record):
                    corrupt_records.report(changed(record, table=Table.REQUESTS))
                    raise Corrupt(
                        f"an older record of request {record.sort} was put back in the database, so it is not used"
                    )


def is_older(request: Request, check: Record) -> bool:
    """Whether the record of a request is older than what its check says."""
    return rank_of(check) > _rank(request)


def rank_of(check: Record) -> int:
    return int(check.body)


def _rank(request: Request) -> int:
    if request.status is Status.REVERTED:
        return UNDONE
    return REPLACES if request.mode is Mode.REPLACE and request.status is Status.COMPLETED else 0


def _may_be_older(request: Request) -> bool:
    return request.status is Status.COMPLETED or (request.mode is Mode.REPLACE and not request.status.ended)
