"""Data sources and attributes over HTTP: entity tags, patches, and what uploads take from their source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.http_system import CRMID, HEADER, HttpSystem, serving

ROWS = (HEADER + "c1\t+31612345678\tshoes\n").encode()


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpSystem]:
    with serving(tmp_path_factory.mktemp("catalog") / "data", sources=("crm", "tagged")) as running:
        running.uploader.post("/v1/attributes", json={"name": "tagged"})
        yield running


RESOURCES = [
    ("/v1/data-sources/tagged", "PATCH", {"display_name": "A"}, {"display_name": "B"}),
    ("/v1/attributes/tagged", "PATCH", {"display_name": "A"}, {"display_name": "B"}),
    ("/v1/attributes/city", "PATCH", {"display_name": "A"}, {"display_name": "B"}),
    ("/v1/identifiers", "PUT", {"identifiers": ["crmid", "email"]}, {"identifiers": ["email", "crmid"]}),
]


@pytest.mark.parametrize(("path", "method", "first", "second"), RESOURCES)
def test_a_change_with_the_tag_of_an_older_state_is_refused(
    system: HttpSystem, path: str, method: str, first: dict[str, Any], second: dict[str, Any]
) -> None:
    client = system.uploader
    before = client.get(path).headers["etag"]
    changed = client.request(method, path, json=first, headers={"If-Match": before})
    assert changed.status_code == 200
    assert changed.headers["etag"] == client.get(path).headers["etag"] != before
    for stale in (before, 'W/"1"', '"x"', "1"):
        refused = client.request(method, path, json=second, headers={"If-Match": stale})
        assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed"), stale
    for current in (changed.headers["etag"], "*", None):
        headers = {} if current is None else {"If-Match": current}
        assert client.request(method, path, json=first, headers=headers).status_code == 200, current
    assert first.items() <= client.get(path).json().items()


@pytest.mark.parametrize("verb", [":archive", ":unarchive", ""])
@pytest.mark.parametrize("collection", ["data-sources", "attributes"])
def test_each_other_change_heeds_the_tag_too(system: HttpSystem, collection: str, verb: str) -> None:
    method = "POST" if verb else "DELETE"
    if collection == "attributes" and not verb:
        return
    answer = system.uploader.request(method, f"/v1/{collection}/tagged{verb}", headers={"If-Match": '"999"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")


def test_an_upload_takes_the_defaults_of_its_source_and_the_answer_shows_them(system: HttpSystem) -> None:
    defaults = {"mode": "replace", "notify": [{"address": "a@example.com", "level": "end"}], "max_rejects": 3}
    system.uploader.post("/v1/data-sources", json={"name": "daily", "defaults": defaults})
    ended = system.ingest(ROWS, data_source="daily")
    assert (ended["mode"], ended["notify"], ended["max_rejects"]) == ("replace", defaults["notify"], "3")
    ended = system.ingest(ROWS, data_source="daily", mode="upsert", notify=[], max_rejects="50%")
    assert (ended["mode"], ended["notify"], ended["max_rejects"]) == ("upsert", [], "50%")
    removed = system.uploader.patch("/v1/data-sources/daily", json={"defaults": {"mode": None, "notify": None}})
    assert removed.json()["defaults"] == {
        **dict.fromkeys(("mode", "max_file_bytes", "encoding", "clean_headers", "quoted")),
        "notify": [],
        "max_rejects": "3",
    }


def test_an_archived_source_refuses_files_before_they_are_sent(system: HttpSystem) -> None:
    system.uploader.post("/v1/data-sources", json={"name": "old"})
    assert system.uploader.post("/v1/data-sources/old:archive").json()["archived"] is True
    stored = system.stored_keys()
    refused = system.upload(ROWS, data_source="old")
    assert (refused.status_code, refused.json()["code"]) == (409, "data_source_archived")
    assert system.stored_keys() == stored
    assert "old" not in [each["name"] for each in system.viewer.get("/v1/data-sources").json()["data_sources"]]
    every = system.viewer.get("/v1/data-sources", params={"archived": True}).json()["data_sources"]
    assert "old" in [each["name"] for each in every]


def test_a_source_with_requests_is_not_deleted(system: HttpSystem) -> None:
    system.ingest(ROWS)
    refused = system.uploader.delete("/v1/data-sources/crm")
    assert (refused.status_code, refused.json()["code"]) == (409, "data_source_in_use")
    system.uploader.post("/v1/data-sources", json={"name": "empty"})
    assert system.uploader.delete("/v1/data-sources/empty").status_code == 204
    assert system.uploader.get("/v1/data-sources/empty").status_code == 404


def test_a_format_that_stored_values_would_not_fit_names_the_mappings(system: HttpSystem) -> None:
    system.ingest(b"crmid\tshoe\nC1\t42\n", mapping=[CRMID, {"column": "shoe", "attribute": "shoe"}])
    refused = system.uploader.patch("/v1/attributes/shoe", json={"format": "integer"})
    assert (refused.status_code, refused.json()["code"]) == (409, "format_in_use")
    assert "crm" in refused.json()["detail"]


def test_a_similar_attribute_is_asked_about(system: HttpSystem) -> None:
    columns = [CRMID, {"column": "e_mail", "attribute": "e_mail"}]
    for answer in (
        system.upload(b"crmid\te_mail\nC1\tx\n", mapping=columns),
        system.uploader.put("/v1/data-sources/crm/mapping", json={"columns": columns}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "similar_attribute")
        assert "Did you mean 'email'?" in answer.json()["faults"][0]["hint"]
    assert system.ingest(b"crmid\te_mail\nC1\tx\n", mapping=columns, new_attributes=["e_mail"])["rows_ingested"] == 1
