"""The gate on rejects over HTTP: held, approved, cancelled; who may decide, and what is recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.http_system import CRMID, HttpSystem, serving
from tests.support.waiting import until

COLUMNS = [CRMID, {"column": "points", "attribute": "points", "format": "integer"}]
GOOD = b"crmid\tpoints\nC1\t1\n"
MOSTLY_BAD = b"crmid\tpoints\nC3\t3\nC4\tx\nC5\ty\nC6\tz\n"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpSystem]:
    with serving(tmp_path_factory.mktemp("held") / "data") as running:
        yield running


def request(system: HttpSystem, request_id: str) -> dict[str, Any]:
    found: dict[str, Any] = system.viewer.get(f"/v1/requests/{request_id}").json()
    return found


def held(system: HttpSystem, source: str) -> dict[str, Any]:
    """A replacement of a source with one person, held because most of its rows were rejected."""
    system.ingest(GOOD, data_source=source, mapping=COLUMNS)
    request_id = system.upload(MOSTLY_BAD, data_source=source, mapping=COLUMNS, mode="replace").json()["request_id"]
    until(lambda: request(system, request_id)["status"] == "HELD")
    return request(system, request_id)


def test_a_held_request_gives_the_reason_and_counts_no_rows(system: HttpSystem) -> None:
    found = held(system, "why")
    assert (found["rows_read"], found["rows_accepted"], found["rows_ingested"], found["rows_rejected"]) == (4, 1, 0, 3)
    assert found["held"].keys() == {"reason", "message", "hint", "until"}
    assert found["held"]["reason"] == "too_many_rejects"
    assert found["max_rejects"] == "5%"
    assert system.viewer.get("/v1/requests", params={"status": "HELD", "data_source": "why"}).json()["requests"] == [
        found
    ]
    assert system.uploader.get(f"/v1/requests/{found['request_id']}/rejects").status_code == 200


def test_events_tell_of_the_hold_and_of_the_decision(system: HttpSystem) -> None:
    request_id = held(system, "live")["request_id"]
    events = system.each_event(request_id)
    assert next(events)["status"] == "HELD"
    system.uploader.post(f"/v1/requests/{request_id}:approve")
    assert [each["status"] for each in events] == ["COMPLETED"]


def test_approve_lets_the_other_rows_count(system: HttpSystem) -> None:
    request_id = held(system, "approved")["request_id"]
    for _ in range(2):
        answer = system.uploader.post(f"/v1/requests/{request_id}:approve")
        assert (answer.status_code, answer.json()["status"], answer.json()["rows_ingested"]) == (200, "COMPLETED", 1)
    assert answer.json()["held"] is None
    audit = system.admin.get("/v1/audit", params={"limit": 200}).json()["entries"]
    mine = [each for each in audit if each["request_id"] == request_id and each["action"] == "request.approve"]
    assert [each["outcome"] for each in mine] == ["allowed"] * 2


def test_a_cancelled_held_request_cannot_be_approved(system: HttpSystem) -> None:
    request_id = held(system, "cancelled")["request_id"]
    assert system.uploader.post(f"/v1/requests/{request_id}:cancel").json()["status"] == "CANCELLED"
    refused = system.uploader.post(f"/v1/requests/{request_id}:approve")
    assert (refused.status_code, refused.json()["code"]) == (409, "cannot_approve")


@pytest.mark.parametrize("action", ["undo", "resubmit"])
def test_undo_and_resubmit_point_to_the_decision(system: HttpSystem, action: str) -> None:
    refused = system.uploader.post(f"/v1/requests/{held(system, action)['request_id']}:{action}")
    assert refused.status_code == 409
    assert "approve or cancel" in refused.json()["faults"][0]["hint"].lower()


def test_a_viewer_may_not_approve(system: HttpSystem) -> None:
    request_id = held(system, "viewer")["request_id"]
    assert system.viewer.post(f"/v1/requests/{request_id}:approve").status_code == 403
    assert request(system, request_id)["status"] == "HELD"


@pytest.mark.parametrize(("limit", "displayed"), [("75%", "75%"), (3, "3"), ("3", "3")])
def test_the_limit_of_an_upload_is_text_or_a_number(system: HttpSystem, limit: object, displayed: str) -> None:
    found = system.ingest(MOSTLY_BAD, data_source="limits", mapping=COLUMNS, mode="replace", max_rejects=limit)
    assert (found["status"], found["max_rejects"]) == ("COMPLETED", displayed)


@pytest.mark.parametrize(
    ("limit", "code"), [("many", "invalid_max_rejects"), (-1, "invalid_request"), (0.5, "invalid_request")]
)
def test_any_other_limit_is_refused(system: HttpSystem, limit: object, code: str) -> None:
    refused = system.upload(MOSTLY_BAD, data_source="limits", mapping=COLUMNS, max_rejects=limit)
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert "many" not in json.dumps(refused.json())
