"""Which value of several sources and times a profile has, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.http_system import CRMID, HttpSystem, serving

CITY = {"column": "city", "attribute": "city"}
SEEN = {"column": "seen", "attribute": "last_seen", "format": "date", "as_of": True}


@pytest.fixture
def system(tmp_path: Path) -> Iterator[HttpSystem]:
    with serving(tmp_path / "data") as running:
        yield running


def ingest(system: HttpSystem, city: str, source: str = "crm", **more: Any) -> dict[str, Any]:
    content = f"crmid\tcity\nc1\t{city}\n".encode()
    request = system.ingest(
        content, data_source=source, mapping=[CRMID, CITY], create_data_source=True, force=True, **more
    )
    assert request["status"] == "COMPLETED", request
    return request


def profile(system: HttpSystem) -> dict[str, Any]:
    answer = system.viewer.post(
        "/v1/profiles:lookup", json={"namespace": "crmid", "value": "c1", "lineage": True, "history": True}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_history_that_is_loaded_late_does_not_overwrite_newer_facts(system: HttpSystem) -> None:
    ingest(system, "Ghent")
    old = ingest(system, "Oslo", as_of="2019-12-31")
    assert old["as_of"] == "2019-12-31T00:00:00.000000Z"
    assert system.viewer.get(f"/v1/requests/{old['request_id']}/plan").json()["as_of"] == old["as_of"]
    found = profile(system)
    assert found["attributes"]["city"] == "Ghent"
    assert [(each["value"], each["is_current"]) for each in found["history"]["city"]] == [
        ("Ghent", True),
        ("Oslo", False),
    ]


def test_a_column_of_times_says_when_its_rows_were_true(system: HttpSystem) -> None:
    mapping = [CRMID, CITY, SEEN]
    rows = b"crmid\tcity\tseen\nc1\tGhent\t2024-05-01\nc1\tOslo\t2021-05-01\nc1\tRiga\t2023-05-01\n"
    assert system.ingest(rows, mapping=mapping)["status"] == "COMPLETED"
    assert profile(system)["attributes"] == {"crmid": "c1", "city": "Ghent", "last_seen": "2024-05-01"}
    later = b"crmid\tcity\tseen\nc1\tBern\t2022-01-01\n"
    assert system.ingest(later, mapping=mapping)["status"] == "COMPLETED"
    assert profile(system)["attributes"]["city"] == "Ghent"
    columns = system.viewer.get("/v1/data-sources/crm/mapping").json()["columns"]
    assert [each.get("as_of") for each in columns] == [None, None, True]


def test_the_values_of_a_preferred_source_win(system: HttpSystem) -> None:
    ingest(system, "Ghent", "crm")
    ingest(system, "Oslo", "till")
    assert profile(system)["attributes"]["city"] == "Oslo"
    edited = system.admin.patch("/v1/attributes/city", json={"preferred_sources": ["crm", "till"]})
    assert (edited.status_code, edited.json()["preferred_sources"]) == (200, ["crm", "till"])
    assert profile(system)["attributes"]["city"] == "Ghent"
    unknown = system.admin.patch("/v1/attributes/city", json={"preferred_sources": ["tills"]})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_data_source")
    twice = system.admin.patch("/v1/attributes/city", json={"preferred_sources": ["crm", "crm"]})
    assert (twice.status_code, twice.json()["code"]) == (422, "invalid_preferred_sources")
    assert system.admin.patch("/v1/attributes/city", json={"preferred_sources": []}).status_code == 200
    assert profile(system)["attributes"]["city"] == "Oslo"


def test_another_time_is_another_file(system: HttpSystem) -> None:
    content = b"crmid\tcity\nc1\tGhent\n"
    first = system.upload(content, mapping=[CRMID, CITY], force=False).json()
    system.ended(first["request_id"])
    assert system.upload(content, mapping=[CRMID, CITY], force=False).json()["duplicate"]
    other = system.upload(content, mapping=[CRMID, CITY], force=False, as_of="2020-01-01").json()
    assert not other["duplicate"]


@pytest.mark.parametrize(
    ("more", "mapping"),
    [
        ({"as_of": "yesterday"}, [CRMID, CITY]),
        ({"as_of": "9999-12-31T23:59:59-14:00"}, [CRMID, CITY]),
        ({"as_of": "0001-01-01T00:00:00+14:00"}, [CRMID, CITY]),
        ({}, [CRMID, {**CITY, "as_of": True}]),
        ({}, [CRMID, CITY, {**SEEN, "attribute": "birth_date"}]),
        ({}, [CRMID, {**CITY, "attribute": "first_seen", "format": "date", "as_of": True}, SEEN]),
    ],
    ids=["no time", "after the last", "before the first", "a text", "personal", "two columns"],
)
def test_a_time_that_is_none_is_refused(
    system: HttpSystem, more: dict[str, Any], mapping: list[dict[str, Any]]
) -> None:
    refused = system.upload(b"crmid\tcity\tseen\nc1\t2020-01-01\t2020-01-01\n", mapping=mapping, **more)
    assert refused.status_code == 422, refused.text
    assert "invalid_as_of" in {each["code"] for each in refused.json()["faults"]}
