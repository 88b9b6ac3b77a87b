"""Requests over HTTP: history, live progress, rejects, cancel and undo."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.holding import held_at
from tests.support.http_system import CRMID, HEADER, HttpSystem, serving

ROWS = (HEADER + "c1\t+31612345678\tshoes\nc2\t\thats\n").encode()
PUBLIC_FIELDS = (
    "request_id, tenant_id, data_source, file_name, uploaded_by, status, mode, mapping_version, segment, as_of, notify,"
    " upload_started_at, accepted_at, started_at, held_at, finished_at, bytes, file_options, rows_read, rows_accepted,"
    " rows_ingested, rows_rejected, max_rejects, chunks_done, chunks_total, reject_reasons, dropped_cells, blank_words,"
    " parent_id, corrections, replaced_by, held, waiting, error, eta_seconds"
)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpSystem]:
    with serving(tmp_path_factory.mktemp("requests") / "data", chunk_bytes=4_096) as running:
        yield running


def test_a_request_has_the_public_fields(system: HttpSystem) -> None:
    ended = system.ingest(ROWS, segment="vip")
    assert ", ".join(ended) == PUBLIC_FIELDS
    assert system.viewer.get(f"/v1/requests/{ended['request_id']}").json() == ended
    assert (ended["tenant_id"], ended["mode"], ended["segment"]) == ("default", "upsert", "vip")


def test_requests_are_listed_newest_first_page_by_page_and_filtered(system: HttpSystem) -> None:
    ids = [system.ingest(ROWS, data_source="listed")["request_id"] for _ in range(3)]
    failed = system.ingest(HEADER.encode() + b"c1\n", data_source="listed")["request_id"]
    newest = system.viewer.get("/v1/requests", params={"data_source": "listed", "limit": 2}).json()
    assert [each["request_id"] for each in newest["requests"]] == [failed, ids[2]]
    older = system.viewer.get("/v1/requests", params={"data_source": "listed", "limit": 3, "before": newest["next"]})
    assert [each["request_id"] for each in older.json()["requests"]] == [ids[1], ids[0]]
    assert older.json()["next"] is None
    only = system.viewer.get("/v1/requests", params={"data_source": "listed", "status": "FAILED"}).json()
    assert [each["request_id"] for each in only["requests"]] == [failed]
    for query, expected in (
        ([("status", "FAILED"), ("status", "COMPLETED")], [failed, *ids[::-1]]),
        ([("file_name", "NOTHING LIKE IT")], []),
        ([("uploaded_by", "nobody")], []),
        ([("has_rejects", "true")], [failed]),
        ([("has_rejects", "false")], ids[::-1]),
        ([("accepted_from", only["requests"][0]["accepted_at"])], [failed]),
        ([("accepted_to", only["requests"][0]["accepted_at"])], ids[::-1]),
    ):
        answer = system.viewer.get("/v1/requests", params=[("data_source", "listed"), *query])
        assert [each["request_id"] for each in answer.json()["requests"]] == expected, query


@pytest.mark.parametrize(
    "query",
    [
        {"status": "DONE"},
        {"accepted_from": "2026"},
        {"file_name": ""},
        {"has_rejects": "perhaps"},
        {"limit": "0"},
        {"limit": "201"},
        {"limit": "many"},
    ],
)
def test_a_wrong_query_is_refused(system: HttpSystem, query: dict[str, str]) -> None:
    answer = system.viewer.get("/v1/requests", params=query)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert query.get("limit", "no text") not in ("many",) or "many" not in answer.text


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/requests", {"before": "zzz"}),
        ("/v1/requests", {"before": "01A211AB-3864-7FC2-9EF7-7C990B33141E"}),
        ("/v1/requests", {"data_source": "no such name"}),
        ("/v1/requests", {"limit": ""}),
        ("/v1/audit", {"before": "zzz"}),
        ("/v1/audit", {"day": "2026-99-99"}),
        ("/v1/audit", {"day": "2026-02-30"}),
        ("/v1/audit", {"limit": "201"}),
        ("/v1/attributes", {"after": "../x"}),
        ("/v1/attributes", {"limit": "0"}),
        ("/v1/data-sources", {"after": "A"}),
        ("/v1/data-sources", {"limit": "201"}),
        ("/v1/api-keys", {"after": "zzz"}),
    ],
)
def test_a_wrong_parameter_is_refused_and_named(system: HttpSystem, path: str, query: dict[str, str]) -> None:
    answer = system.admin.get(path, params=query)
    (name,) = query
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert name in answer.json()["detail"]


def test_the_answer_to_an_upload_says_how_large_the_plain_file_is(system: HttpSystem) -> None:
    for content in (ROWS, gzip.compress(ROWS)):
        assert system.upload(content).json()["bytes"] == len(ROWS)


def test_events_tell_the_progress_until_the_end(system: HttpSystem) -> None:
    rows = HEADER.encode() + b"".join(b"c%d\t\tshoes\n" % number for number in range(20_000))
    events = []
    with held_at("worker.before_upsert") as release:
        for event in system.each_event(system.upload(rows).json()["request_id"]):
            events.append(event)
            release()
    assert events[0]["chunks_done"] == 0
    assert events[-1]["status"] == "COMPLETED"
    assert events[-1]["rows_ingested"] == 20_000
    assert [each["chunks_done"] for each in events] == sorted(each["chunks_done"] for each in events)


def test_a_client_that_comes_back_to_the_events_gets_the_present_state(system: HttpSystem) -> None:
    ended = system.ingest(ROWS)
    for last in ("1", "0", "garbage", ""):
        assert system.events(ended["request_id"], **{"Last-Event-ID": last}) == [ended]


def test_rejects_come_in_order_with_formulas_neutralised(system: HttpSystem) -> None:
    good = [f"c{number}\t\tshoes" for number in range(1_000)]
    rows = [*good, "=1+1\tno phone\t@SUM(A1)", *good, "\t\t+cmd", "c1\t\tx\ty", *good]
    ended = system.ingest(
        (HEADER + "\n".join(rows)).encode(),
        data_source="rejected",
        mapping=[CRMID, {"column": "phone", "attribute": "home", "format": "phone(NL)", "pii": True}],
    )
    assert (ended["status"], ended["rows_rejected"]) == ("COMPLETED", 3)
    answer = system.uploader.get(f"/v1/requests/{ended['request_id']}/rejects")
    assert answer.headers["content-type"] == "text/tab-separated-values; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="rejects-{ended["request_id"]}.tsv"'
    assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff")
    lines = [line.split("\t") for line in answer.text.splitlines()]
    assert lines[0] == ["penstock_line", "penstock_reasons", "crmid", "phone", "preferences"]
    assert [line[0] for line in lines[1:]] == ["1002", "2003", "2004"]
    assert lines[1][2:] == ["'=1+1", "no phone", "'@SUM(A1)"]
    assert lines[2][1:] == ["All identifiers of the row are blank or placeholders (no_identifier)", "", "", "'+cmd"]
    assert lines[3][1:] == [
        "The row has more or fewer fields than the header (wrong_field_count)",
        *("c1", "", "x", "y"),
    ]


def test_a_file_in_which_every_row_is_faulty_fails_and_its_rejects_can_be_downloaded(system: HttpSystem) -> None:
    ended = system.ingest(HEADER.encode() + b"c1\nc2\n")
    assert (ended["status"], ended["error"]["code"]) == ("FAILED", "no_rows_ingested")
    text = system.uploader.get(f"/v1/requests/{ended['request_id']}/rejects").text
    assert len(text.splitlines()) == 3


def test_there_may_be_no_rejects_or_none_any_more(system: HttpSystem) -> None:
    clean = system.ingest(ROWS)["request_id"]
    answer = system.uploader.get(f"/v1/requests/{clean}/rejects")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_rejects")
    faulty = system.ingest(HEADER.encode() + b"c1\n")["request_id"]
    for prefix in (f"rejects/default/{faulty}", "files/default/"):
        for stored in list(system.standalone.system.objects.list(prefix)):
            system.standalone.system.objects.delete(stored.ref.key)
    answer = system.uploader.get(f"/v1/requests/{faulty}/rejects")
    assert (answer.status_code, answer.json()["code"]) == (404, "rejects_expired")


def test_a_completed_request_is_undone_once_and_for_all(system: HttpSystem) -> None:
    request_id = system.ingest(HEADER.encode() + b"undone\t\tx\n", data_source="undone")["request_id"]
    assert lookup(system, "undone").status_code == 200
    for _ in range(2):
        answer = system.uploader.post(f"/v1/requests/{request_id}:undo")
        assert (answer.status_code, answer.json()["status"]) == (200, "REVERTED")
    assert lookup(system, "undone").status_code == 404
    answer = system.uploader.post(f"/v1/requests/{request_id}:cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "cannot_cancel")


def test_a_request_that_has_not_ended_is_cancelled(system: HttpSystem) -> None:
    with held_at("worker.before_upsert"):
        request_id = system.upload(ROWS).json()["request_id"]
        answer = system.uploader.post(f"/v1/requests/{request_id}:cancel")
        assert (answer.status_code, answer.json()["status"]) == (200, "CANCELLED")
    assert system.ended(request_id)["status"] == "CANCELLED"
    answer = system.uploader.post(f"/v1/requests/{request_id}:undo")
    assert (answer.status_code, answer.json()["code"]) == (409, "cannot_revert")


@pytest.mark.parametrize("path", ["", "/events", "/rejects", ":cancel", ":undo"])
@pytest.mark.parametrize("request_id", ["no-such", "01a211ab-3864-7fc2-9ef7-7c990b33141e", "%00", "%F0%9F%90%9F"])
def test_an_unknown_request_is_not_found(system: HttpSystem, path: str, request_id: str) -> None:
    method = "POST" if path.startswith(":") else "GET"
    answer = system.admin.request(method, f"/v1/requests/{request_id}{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def lookup(system: HttpSystem, value: str, **more: Any) -> Any:
    return system.admin.post("/v1/profiles:lookup", json={"namespace": "crmid", "value": value, **more})


def test_a_profile_is_masked_unless_revealed_which_is_audited(system: HttpSystem) -> None:
    request = system.ingest(HEADER.encode() + b"seen\t0612345678\tshoes\n")
    masked = lookup(system, "seen").json()
    assert masked == {
        "identifiers": [{"namespace": "crmid", "value": "seen"}],
        "attributes": {"crmid": "seen", "cross_sell_product": "shoes", "hm": "***"},
        "lineage": {},
        "history": {},
    }
    before = len(audited(system, "profile.reveal"))
    revealed = lookup(system, "seen", reveal=True, lineage=True).json()
    assert revealed["attributes"]["hm"] == "0612345678"
    origin = {"request_id": request["request_id"], "file_name": "people.tsv", "row": 2}
    assert revealed["lineage"] == dict.fromkeys(("crmid", "cross_sell_product", "hm"), origin)
    entries = audited(system, "profile.reveal")
    assert len(entries) == before + 1
    assert entries[0]["who"] == "a admin"
    assert "seen" not in json.dumps(entries)


def test_only_an_admin_may_reveal(system: HttpSystem) -> None:
    before = len(audited(system, "profile.reveal"))
    for client in (system.viewer, system.uploader):
        body = {"namespace": "crmid", "value": "seen", "reveal": True}
        answer = client.post("/v1/profiles:lookup", json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    denied = audited(system, "profile.reveal")[: len(audited(system, "profile.reveal")) - before]
    assert {(each["outcome"], each["who"]) for each in denied} == {("denied", "a viewer"), ("denied", "a uploader")}


def test_a_value_that_cannot_be_one_is_refused_without_quoting_it(system: HttpSystem) -> None:
    answer = system.viewer.post("/v1/profiles:lookup", json={"namespace": "email", "value": "NOT-AN-ADDRESS"})
    assert answer.status_code == 422
    assert "NOT-AN-ADDRESS" not in answer.text
    answer = system.viewer.post("/v1/profiles:lookup", json={"namespace": "unheard_of", "value": "x"})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_attribute")


@pytest.mark.parametrize("namespace", ["birth_year", "phone", "email", "loyalty_points"])
def test_a_value_that_is_too_long_is_refused_as_a_cell_is(system: HttpSystem, namespace: str) -> None:
    answer = system.viewer.post("/v1/profiles:lookup", json={"namespace": namespace, "value": "0" * 32_767 + "x"})
    assert (answer.status_code, answer.json()["code"]) == (422, "value_too_long")
    assert "1,024" in answer.text


def test_use_cases_are_audited(system: HttpSystem) -> None:
    rejected = system.ingest(ROWS + b"c3\n")["request_id"]
    assert system.uploader.get(f"/v1/requests/{rejected}/rejects").status_code == 200
    assert system.uploader.post(f"/v1/requests/{rejected}:undo").status_code == 200
    with held_at("worker.before_upsert"):
        cancelled = system.upload(ROWS).json()["request_id"]
        assert system.uploader.post(f"/v1/requests/{cancelled}:cancel").status_code == 200
    for action, request_id in {
        "rejects.download": rejected,
        "request.undo": rejected,
        "request.cancel": cancelled,
        "request.upload": cancelled,
    }.items():
        entry = audited(system, action)[0]
        assert (entry["request_id"], entry["outcome"], entry["who"]) == (request_id, "allowed", "a uploader")
        assert entry["remote_address"] == "127.0.0.1"
        assert entry["key_id"] in {key.key_id for key in system.keys.list_keys("default")}


def audited(system: HttpSystem, action: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    before = ""
    while True:
        page = system.admin.get("/v1/audit", params={"before": before, "limit": 200}).json()
        entries += [each for each in page["entries"] if each["action"] == action]
        before = page["next"]
        if before is None:
            return entries
