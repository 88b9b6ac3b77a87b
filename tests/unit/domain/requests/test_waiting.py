"""What a request waits for."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.waiting import QUIET_US, WaitsFor, waits_for

SECOND = 1_000_000
SCHEDULED = Request(request_id="r", tenant_id="acme", data_source="crm", file_name="f", uploaded_by="ann")
RUNNING = replace(SCHEDULED, status=Status.IN_PROGRESS, started_at=SECOND, last_step_at=2 * SECOND)


@pytest.mark.parametrize(
    ("request_", "now_us", "expected"),
    [
        (SCHEDULED, SECOND, WaitsFor.TURN),
        (RUNNING, 3 * SECOND, None),
        (RUNNING, 2 * SECOND + QUIET_US, WaitsFor.WORKERS),
        (replace(RUNNING, last_step_at=0), SECOND + QUIET_US, WaitsFor.WORKERS),
    ],
)
def test_a_request_without_a_problem_of_the_system(request_: Request, now_us: int, expected: WaitsFor | None) -> None:
    assert waits_for(request_, now_us, system_has_problem=False) == expected


@pytest.mark.parametrize("status", Status)
def test_a_problem_of_the_system_stops_only_what_is_processed(status: Status) -> None:
    found = waits_for(replace(RUNNING, status=status), 10 * QUIET_US, system_has_problem=True)
    assert found == (WaitsFor.SYSTEM if status.processing else None)
