"""The event of a status: what a failure says, and who offered the file."""

from __future__ import annotations

from msgspec.structs import asdict, replace

from penstock.domain.delivery.status_event import status_changed
from penstock.domain.errors import Problem
from penstock.domain.requests.request import Request, Status

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


def test_only_a_failure_has_a_problem() -> None:
    failed = status_changed(FAILED, Status.FAILED, 7)
    assert (failed.status, failed.at_us, failed.rows_rejected) == ("FAILED", 7, 3)
    assert (failed.problem_code, failed.problem_detail) == ("no_rows_ingested", "None of the 3 rows.")
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
