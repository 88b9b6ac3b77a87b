"""Versions of mappings over HTTP: which one is current, compared, restored, and edits that do not overwrite others'."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.http_system import COLUMNS, CRMID, HttpSystem, form, serving
from tests.support.waiting import until

MAPPING = "/v1/data-sources/crm/mapping"
EMAIL = {"column": "mail", "attribute": "email", "on_misfit": "drop"}
GOOD, BAD = b"crmid\tmail\nc1\ta@example.com\n", b"crmid\tmail\n\ta@example.com\n"


@pytest.fixture
def system(tmp_path: Path) -> Iterator[HttpSystem]:
    with serving(tmp_path / "data") as running:
        yield running


def versions(system: HttpSystem) -> list[tuple[int, str]]:
    found = system.viewer.get(f"{MAPPING}/versions").json()["versions"]
    return [(each["version"], each["state"]) for each in found]


def save(system: HttpSystem, columns: list[dict[str, Any]], **headers: str) -> httpx.Response:
    return system.uploader.put(MAPPING, json={"columns": columns}, headers=headers)


def test_an_uploads_mapping_is_the_sources_only_when_the_request_completes(system: HttpSystem) -> None:
    assert system.ingest(BAD, mapping=[CRMID, EMAIL])["status"] == "FAILED"
    assert system.viewer.get(MAPPING).status_code == 404
    without = system.upload(GOOD, mapping=None)
    assert (without.status_code, without.json()["code"]) == (422, "no_mapping")
    completed = system.ingest(GOOD, mapping=[CRMID, EMAIL])
    assert (completed["status"], completed["mapping_version"]) == ("COMPLETED", 1)
    current = system.viewer.get(MAPPING)
    assert (current.json()["version"], current.headers["etag"]) == (1, '"1"')
    assert system.ingest(BAD, mapping=[CRMID])["status"] == "FAILED"
    assert versions(system) == [(2, "unused"), (1, "current")]
    assert system.ingest(GOOD, mapping=None)["mapping_version"] == 1


def test_a_held_request_brings_its_mapping_with_the_approval(system: HttpSystem) -> None:
    held = system.upload(GOOD + b"\tb@example.com\n", mapping=[CRMID, EMAIL], max_rejects=0).json()["request_id"]
    until(lambda: system.viewer.get(f"/v1/requests/{held}").json()["status"] == "HELD")
    assert versions(system) == [(1, "pending")]
    assert system.uploader.post(f"/v1/requests/{held}:approve").json()["status"] == "COMPLETED"
    assert versions(system) == [(1, "current")]


def test_a_column_that_looks_personal_and_is_mapped_as_plain_is_warned_about(system: HttpSystem) -> None:
    rows = b"crmid\tmail\n" + b"".join(b"c%d\tp%d@gmail.com\n" % (min(number, 40), number) for number in range(60))
    plain = [CRMID, {"column": "mail", "attribute": "contact"}]
    accepted = system.upload(rows, mapping=plain).json()
    assert [(each["code"], each["column"]) for each in accepted["warnings"]] == [("looks_personal", "mail")]
    assert system.ended(accepted["request_id"])["status"] == "COMPLETED"
    personal = [CRMID, {"column": "mail", "attribute": "contact", "pii": True}]
    assert system.upload(rows, mapping=personal).json()["warnings"] == []
    checked = system.uploader.post("/v1/files:check", files=form(rows, mapping=plain)).json()
    assert [(each["code"], each["column"]) for each in checked["warnings"]] == [
        ("one_value_on_many_rows", "crmid"),
        ("looks_personal", "mail"),
    ]
    assert "20 of 60 rows" in checked["warnings"][0]["message"]
    inspected = system.uploader.post("/v1/files:inspect", files=form(rows)[1:]).json()
    assert "one value stands in 20 of 60 rows" in inspected["suggested_mapping"][0]["against"]


def test_a_check_counts_the_addresses_that_different_people_share(system: HttpSystem) -> None:
    rows = b"crmid\tmail\n" + b"".join(b"c%d\tp%d@gmail.com\n" % (number, number // 2) for number in range(7))
    identifying = {"column": "mail", "attribute": "email", "identifier": True}
    checked = system.uploader.post("/v1/files:check", files=form(rows, mapping=[CRMID, identifying])).json()
    (warning,) = checked["warnings"]
    assert (warning["code"], warning["column"]) == ("shared_identifier", "mail")
    assert "rows with different 'crmid' share 3 values of 'mail'" in warning["message"]
    assert system.uploader.post("/v1/files:check", files=form(rows, mapping=[CRMID, EMAIL])).json()["warnings"] == []


def test_versions_are_listed_compared_and_restored(system: HttpSystem) -> None:
    save(system, [CRMID, EMAIL])
    request = system.ingest(GOOD, mapping=[{**EMAIL, "identifier": True, "on_misfit": "reject"}, CRMID])
    listed = system.viewer.get(f"{MAPPING}/versions").json()["versions"]
    assert [(each["version"], each["state"], each["columns"]) for each in listed] == [
        (2, "current", 2),
        (1, "earlier", 2),
    ]
    assert [each["request_id"] for each in listed] == [request["request_id"], None]
    assert {each["saved_by"] for each in listed} == {request["uploaded_by"]}
    changes = system.viewer.get(f"{MAPPING}/versions/2/changes").json()
    assert (changes["base"], changes["added"], changes["removed"]) == (1, [], [])
    [column] = changes["changed"]
    assert column["attribute"] == "email"
    assert column["options"] == [
        {"option": "identifier", "before": False, "after": True},
        {"option": "on_misfit", "before": "drop", "after": "reject"},
    ]
    assert changes["identifiers"] == {"before": ["crmid"], "after": ["email", "crmid"]}
    backwards = system.viewer.get(f"{MAPPING}/versions/1/changes?base=2").json()
    assert backwards["changed"][0]["options"][1] == {"option": "on_misfit", "before": "reject", "after": "drop"}
    restored = system.uploader.post(f"{MAPPING}/versions/1:restore")
    assert (restored.status_code, restored.json()["version"], restored.headers["etag"]) == (200, 3, '"3"')
    first = system.viewer.get(f"{MAPPING}/versions/1").json()
    assert {**first, "version": 3} == system.viewer.get(MAPPING).json()
    assert versions(system) == [(3, "current"), (2, "earlier"), (1, "earlier")]
    assert system.viewer.get(f"{MAPPING}/versions/9").status_code == 404
    assert system.viewer.get(f"{MAPPING}/versions/1/changes").status_code == 404
    assert system.viewer.post(f"{MAPPING}/versions/1:restore").status_code == 403


def test_an_edit_of_another_version_than_the_current_one_is_refused(system: HttpSystem) -> None:
    tag = save(system, [CRMID]).headers["etag"]
    mine, theirs = save(system, [CRMID, EMAIL], **{"If-Match": tag}), save(system, COLUMNS, **{"If-Match": tag})
    assert (mine.status_code, mine.headers["etag"]) == (200, '"2"')
    assert (theirs.status_code, theirs.json()["code"]) == (412, "precondition_failed")
    for old in (tag, "anything", 'W/"2"'):
        refused = system.uploader.post(f"{MAPPING}/versions/1:restore", headers={"If-Match": old})
        assert refused.status_code == 412
    assert system.viewer.get(MAPPING).json()["version"] == 2
    assert "hm" not in {each["name"] for each in system.viewer.get("/v1/attributes").json()["attributes"]}
    assert save(system, COLUMNS, **{"If-Match": "*"}).json()["version"] == 3
