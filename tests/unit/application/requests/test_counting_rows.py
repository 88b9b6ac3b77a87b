"""The rows of a data source that count now, on the embedded control store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.application.requests.counting_rows import CountingRows, counting_rows
from penstock.application.requests.requests import Requests
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.request import Request, Status
from penstock.ports.control_store import Place, Record, Table
from tests.support.acceptance import TENANT as T
from tests.support.acceptance import new_request, plan_for
from tests.support.manual_clock import ManualClock

NONE = CountingRows(0, 0, 0, None, are_all=True)


@pytest.fixture
def requests(store: EmbeddedControlStore) -> Requests:
    return Requests(store, ManualClock())


def ended(requests: Requests, rows: int, status: Status = Status.COMPLETED, **options: Any) -> Request:
    """A request of the source crm that has accepted so many rows."""
    new = replace(new_request(), **options)
    request = requests.accept(new, idempotency_key=None, fingerprint="f", plan_for=plan_for).request
    return requests.update(
        T, request.request_id, lambda present: replace(present, status=status, rows_accepted=rows, finished_at=5)
    )[1]


def counted(requests: Requests, **options: Any) -> CountingRows:
    """Without the time of the first, which has a test of its own."""
    return counting_rows(requests, T, "crm", **options)._replace(first_at=None)


def test_completed_requests_of_the_source_count_and_no_others(requests: Requests) -> None:
    assert counted(requests) == NONE
    assert counted(requests).are_none
    first = ended(requests, 900)
    last = ended(requests, 40)
    for status in (Status.HELD, Status.FAILED, Status.CANCELLED, Status.REVERTED, Status.IN_PROGRESS):
        ended(requests, 7, status)
    ended(requests, 5, data_source="till")
    assert counted(requests) == CountingRows(940, 2, 0, last.accepted_at, are_all=True)
    assert not counted(requests).are_none
    assert counting_rows(requests, T, "crm").first_at == first.accepted_at
    assert counting_rows(requests, "other", "crm") == NONE


def test_corrections_count_with_the_request_that_they_correct(requests: Requests) -> None:
    root, other = ended(requests, 900), ended(requests, 10)
    child = ended(requests, 3, parent_id=root.request_id)
    assert counted(requests) == CountingRows(913, 2, 1, child.accepted_at, are_all=True)
    assert counted(requests, before=other.request_id).rows == 903
    requests.update(T, root.request_id, lambda present: replace(present, status=Status.REVERTED))
    assert counted(requests).rows == 10


def test_a_completed_replacement_is_the_floor_until_it_is_undone(requests: Requests) -> None:
    root = ended(requests, 900)
    replacing = ended(requests, 150, mode=Mode.REPLACE)
    ended(requests, 2, parent_id=root.request_id)  # a correction of what was replaced
    ended(requests, 6)
    assert counted(requests).rows == 156
    requests.undo(T, replacing.request_id)
    assert counted(requests).rows == 908


def test_before_a_held_replacement_later_imports_and_its_own_rows_stay(requests: Requests) -> None:
    ended(requests, 900)
    held = ended(requests, 150, Status.HELD, mode=Mode.REPLACE)
    ended(requests, 6)
    assert counted(requests, before=held.request_id).rows == 900
    ended(requests, 20, mode=Mode.REPLACE)
    assert counted(requests, before=held.request_id) == NONE


def test_beyond_the_requests_that_are_read_more_rows_may_count(requests: Requests) -> None:
    old = [ended(requests, 100) for _ in range(3)]
    ended(requests, 1, data_source="till")
    assert counted(requests, most=2) == CountingRows(200, 2, 0, old[2].accepted_at, are_all=False)
    assert counted(requests, most=4).are_all
    ended(requests, 5, mode=Mode.REPLACE)
    assert counted(requests, most=1).are_all, "nothing below a replacement counts"


def test_no_more_requests_are_read_than_twice_those_to_count(
    requests: Requests, store: EmbeddedControlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(45):
        ended(requests, 1)
    reads: list[int] = []
    really_get = store.get_each

    def counted_reads(table: Table, tenant_id: str, places: Sequence[Place]) -> list[Record]:
        reads.append(len(places))
        return really_get(table, tenant_id, places)

    monkeypatch.setattr(store, "get_each", counted_reads)
    assert not counted(requests, most=20).are_all
    assert 20 <= sum(reads) < 40
