"""The event of a status: what a failure says, and who offered the file."""

from __future__ import annotations

from msgspec.structs import asdict, replace

from penstock.domain.delivery.status_event import status_changed
from penstock.domain.errors import Problem
from penstock.domain.requests.hold import expire
from penstock.domain.requests.request import Hold, Request, Status
from penstock.domain.requests.status import cancel

FAILED = Request(
    request_id="01890000-0000-7000-8000-000000000001",
    tenant_id="t",
    data_source="crm",
    file_name="people.tsv",
    uploaded_by="ann",
    status=Status.FAILED,
    rows_read=3,
    rows_rejected=3,
    error=Problem(code="no_rows_ingested", title="No row was ingested", detail="None of the 3 rows."),
    publisher_id="shop",
    event_id="e1",
)


def test_a_failure_has_a_problem() -> None:
    failed = status_changed(FAILED, Status.FAILED, 7)
    assert (failed.status, failed.at_us, failed.rows_rejected) == ("FAILED", 7, 3)
    assert (failed.problem_code, failed.problem_detail) == ("no_rows_ingested", "None of the 3 rows.")
    assert failed.rows_ingested == 0
    started = status_changed(FAILED, Status.IN_PROGRESS, 5)
    assert (started.problem_code, started.problem_detail) == (None, None)


def test_the_publisher_of_an_offer_finds_its_own_ids() -> None:
    assert (
        status_changed(FAILED, Status.FAILED, 7).publisher_id,
        status_changed(FAILED, Status.FAILED, 7).event_id,
    ) == (
        "shop",
        "e1",
    )
    ours = asdict(status_changed(replace(FAILED, publisher_id=None, event_id=None), Status.FAILED, 7))
    assert (ours["publisher_id"], ours["event_id"]) == (None, None)


HELD = replace(
    FAILED,
    status=Status.HELD,
    rows_read=4,
    rows_accepted=1,
    max_rejects="5%",
    hold=Hold("too_many_rejects", 8, 9),
    error=None,
)


def test_a_hold_has_its_reason_and_no_ingested_row() -> None:
    held = status_changed(HELD, Status.HELD, 8)
    assert (held.rows_accepted, held.rows_ingested) == (1, 0)
    assert held.problem_code == "too_many_rejects"
    assert held.problem_detail == "3 of 4 rows (75.0%) were rejected; the limit is 5%."


def test_only_the_completed_status_has_ingested_rows_whenever_it_is_announced() -> None:
    reverted = replace(HELD, status=Status.REVERTED, finished_at=10, reverted_at=11)
    ingested = {status: status_changed(reverted, status, 12).rows_ingested for status in Status}
    assert ingested == {status: int(status is Status.COMPLETED) for status in Status}
    assert status_changed(reverted, Status.COMPLETED, 10).problem_code is None


def test_the_end_of_a_hold_has_a_problem() -> None:
    expired = expire(HELD, 9)
    assert status_changed(expired, Status.CANCELLED, 9).problem_code == "hold_expired"
    assert status_changed(cancel(HELD, 9), Status.CANCELLED, 9).problem_code is None
