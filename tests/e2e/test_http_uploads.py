"""Uploads over HTTP: every form of file and of request part, whole and broken."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from penstock.application.requests.reservations import hashed
from penstock.ports.control_store import Table
from tests.support.http_system import COLUMNS, CRMID, HEADER, HttpSystem, form, serving
from tests.support.waiting import until

ROWS = (HEADER + "c1\t+31612345678\tshoes\nc2\t\thats\n").encode()


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpSystem]:
    with serving(tmp_path_factory.mktemp("uploads") / "data") as running:
        yield running


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    reported: dict[str, Any] = answer.json()
    assert (answer.status_code, reported["status"], reported["code"]) == (status, status, code), answer.text
    return reported


def codes(reported: dict[str, Any]) -> list[str]:
    return [fault["code"] for fault in reported["faults"]]


def test_an_upload_is_accepted_and_ingested(system: HttpSystem) -> None:
    answer = system.upload(ROWS)
    request = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/requests/{request['request_id']}"
    ended = system.ended(request["request_id"])
    assert (ended["status"], ended["rows_read"], ended["rows_ingested"]) == ("COMPLETED", 2, 2)
    assert (ended["file_name"], ended["uploaded_by"]) == ("people.tsv", "a uploader")
    assert ended["bytes"] == len(ROWS)


def zstd(content: bytes) -> bytes:
    compressed: bytes = pytest.importorskip("backports.zstd").compress(content)
    return compressed


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
def test_compressed_files_are_ingested(system: HttpSystem, compress: Any) -> None:
    ended = system.ingest(compress(ROWS), name="people.tsv.gz")
    assert (ended["status"], ended["rows_ingested"], ended["bytes"]) == ("COMPLETED", 2, len(ROWS))


def test_the_parts_may_come_in_either_order(system: HttpSystem) -> None:
    answer = system.uploader.post("/v1/uploads", files=form(ROWS)[::-1])
    assert answer.status_code == 202
    assert system.ended(answer.json()["request_id"])["status"] == "COMPLETED"


def test_a_saved_mapping_is_used(system: HttpSystem) -> None:
    system.uploader.post("/v1/data-sources", json={"name": "saved"})
    system.uploader.put("/v1/data-sources/saved/mapping", json={"columns": COLUMNS})
    assert system.ingest(ROWS, data_source="saved", mapping=None)["rows_ingested"] == 2


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "empty_file"),
        (HEADER.encode(), 422, "no_rows"),
        (gzip.compress(ROWS)[:-9], 422, "truncated_file"),
        (gzip.compress(ROWS)[:-8] + b"\0" * 8, 422, "corrupt_file"),
        (ROWS.decode().encode("utf-16"), 422, "not_utf8"),
        (b'[{"crmid": "c1"}]\n', 422, "not_tabular"),
    ],
)
def test_a_refused_file_leaves_nothing(system: HttpSystem, content: bytes, status: int, code: str) -> None:
    before = system.stored_keys()
    reported = system.upload(content)
    assert reported.status_code == status
    assert code in {reported.json()["code"], *codes(reported.json())}
    assert system.stored_keys() == before


def test_header_faults_come_all_at_once_and_save_no_mapping(system: HttpSystem) -> None:
    mapping = [CRMID, {"column": "shoe", "attribute": "shoe_size"}]
    reported = system.upload(b"crmid\tshoe size\t\tcrmid\nc1\t42\tx\ty\n", data_source="faulty", mapping=mapping).json()
    assert {"space_in_column_name", "blank_column_name", "duplicate_column_name", "unknown_mapped_column"} <= set(
        codes(reported)
    )
    assert all(fault["hint"] for fault in reported["faults"])
    problem(system.viewer.get("/v1/data-sources/faulty/mapping"), 404, "not_found")
    names = [each["name"] for each in system.viewer.get("/v1/attributes").json()["attributes"]]
    assert "shoe_size" not in names


def test_a_file_over_the_limit_is_refused(system: HttpSystem) -> None:
    before = system.stored_keys()
    row = b"c1\t+31612345678\t" + b"x" * 983 + b"\n"
    problem(system.upload(HEADER.encode() + row * 41_000), 413, "file_too_large")
    assert system.stored_keys() == before


def test_a_body_that_is_announced_too_large_is_refused_before_it_is_sent(system: HttpSystem) -> None:
    answer = raw_call(
        system, "Content-Length: 99000000\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n", end=False
    )
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"body_too_large" in answer


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.tsv", "passwd.tsv"),
        ("a\r\nX-Evil: 1.tsv", "aX-Evil: 1.tsv"),
        ("-rf.tsv", "rf.tsv"),
        ("\u202egnp.tsv", "gnp.tsv"),
        ("\0", "file"),
    ],
)
def test_a_file_name_is_made_harmless(system: HttpSystem, name: str, kept: str) -> None:
    request = system.upload(ROWS, file_name=name).json()
    assert request["file_name"] == kept


def test_a_file_name_of_4000_characters_is_cut(system: HttpSystem) -> None:
    for output in ({"name": "n" * 4_000 + ".tsv"}, {"file_name": "ñ" * 4_000 + ".tsv"}):
        name = system.upload(ROWS, **output).json()["file_name"]
        assert len(name) <= 255
        assert name.endswith(".tsv")


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        (form(ROWS)[:1], "missing_part"),
        (form(ROWS)[1:], "missing_part"),
        (form(ROWS) + form(ROWS)[:1], "repeated_part"),
        (form(ROWS) + form(ROWS)[1:], "repeated_part"),
        ([*form(ROWS), ("more", b"x")], "unknown_part"),
    ],
)
def test_a_form_with_other_parts_is_refused_and_leaves_nothing(system: HttpSystem, parts: Any, code: str) -> None:
    before = system.stored_keys()
    problem(system.uploader.post("/v1/uploads", files=parts), 400, code)
    assert system.stored_keys() == before


@pytest.mark.parametrize(
    ("output", "code"),
    [
        ({"data_source": "Not A Name"}, "invalid_request"),
        ({"mode": "merge"}, "invalid_request"),
        ({"data_source": 1}, "invalid_request"),
        ({"typo": 1}, "invalid_request"),
        ({"notify": ["not an address"]}, "invalid_address"),
        ({"notify": ["a@example.com\r\nBcc: b@example.com"]}, "invalid_address"),
        ({"mapping": [{"column": "crmid", "attribute": "crmid"}]}, "no_identifier_mapped"),
        ({"mapping": [{**CRMID, "attribute": "cd", "format": "date(qq)"}]}, "invalid_format"),
    ],
)
def test_a_wrong_request_part_is_refused(system: HttpSystem, output: dict[str, Any], code: str) -> None:
    problem(system.upload(ROWS, **output), 422, code)


def test_a_request_part_is_never_quoted(system: HttpSystem) -> None:
    for output in ({"mode": "SECRET-1"}, {"SECRET-2": 1}, {"mapping": [{**CRMID, "policy": "SECRET-3"}]}):
        assert "SECRET" not in system.upload(ROWS, **output).text


def test_an_invalid_multipart_body_is_refused(system: HttpSystem) -> None:
    problem(system.uploader.post("/v1/uploads", content=b"x"), 415, "unsupported_media_type")
    problem(system.uploader.post("/v1/uploads", json={}), 422, "invalid_request")
    boundary = {"Content-Type": "multipart/form-data; boundary=x"}
    problem(
        system.uploader.post("/v1/uploads", content=b"--y\r\n\r\n--y--", headers=boundary), 400, "malformed_multipart"
    )
    problem(system.uploader.post("/v1/uploads", content=b"", headers=boundary), 400, "malformed_multipart")
    bare = {"Content-Type": "multipart/form-data"}
    problem(system.uploader.post("/v1/uploads", content=b"x", headers=bare), 400, "malformed_multipart")


def test_a_mapping_that_is_read_and_put_back_is_the_same(system: HttpSystem) -> None:
    path = "/v1/data-sources/round_trip/mapping"
    system.uploader.post("/v1/data-sources", json={"name": "round_trip"})
    columns = [
        CRMID,
        {"column": "tel", "attribute": "phone", "format": "phone(NL)", "policy": "keep_first"},
        {"column": "born", "attribute": "birth_date", "format": "date(dd/MM/yyyy)"},
        {"column": "level", "attribute": "level", "format": "enum(gold|silver)", "pii": True},
    ]
    put = system.uploader.put(path, json={"columns": columns}).json()
    read = system.viewer.get(path).json()
    assert [each["format"] for each in read["columns"]] == [
        "text",
        "phone(NL)",
        "date(dd/MM/yyyy)",
        "enum(gold|silver)",
    ]
    for document in (put, read, {"columns": read["columns"]}):
        assert system.uploader.put(path, json=document).json() == read
    problem(system.uploader.put(path, json={**read, "data_source": "crm"}), 422, "invalid_request")


@pytest.mark.parametrize("reverse", [False, True], ids=["request first", "file first"])
def test_an_upload_to_a_mistyped_source_is_refused_with_the_nearest_name(system: HttpSystem, reverse: bool) -> None:
    before = system.stored_keys()
    parts = form(ROWS, data_source="crn")
    reported = problem(
        system.uploader.post("/v1/uploads", files=parts[::-1] if reverse else parts), 404, "unknown_data_source"
    )
    assert "'crm'" in reported["faults"][0]["hint"]
    assert system.stored_keys() == before
    sources = system.viewer.get("/v1/data-sources").json()["data_sources"]
    assert "crn" not in [source["name"] for source in sources]


def test_an_unknown_source_is_refused_before_the_file_has_come(system: HttpSystem) -> None:
    head = (
        "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 500000\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="request"\r\n\r\n{"data_source": "nowhere"}\r\n'
        '--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    )
    answer = raw_call(system, head, end=False)
    assert answer.startswith(b"HTTP/1.1 404")
    assert b"unknown_data_source" in answer


@pytest.mark.parametrize("path", ["/v1/data-sources/crn/mapping"])
def test_a_mapping_of_a_mistyped_source_is_refused_with_the_nearest_name(system: HttpSystem, path: str) -> None:
    for answer in (system.viewer.get(path), system.uploader.put(path, json={"columns": COLUMNS})):
        assert "'crm'" in problem(answer, 404, "unknown_data_source")["faults"][0]["hint"]


def test_an_upload_without_a_mapping_is_refused_and_keeps_nothing(system: HttpSystem) -> None:
    before = system.stored_keys()
    problem(system.upload(ROWS, data_source="unheard_of", mapping=None), 422, "no_mapping")
    assert system.stored_keys() == before


def test_the_same_idempotency_key_gives_the_same_request(system: HttpSystem) -> None:
    first = system.upload(ROWS, key="k1").json()
    before = system.stored_keys()
    assert system.upload(ROWS, key="k1").json()["request_id"] == first["request_id"]
    assert system.stored_keys() == before
    problem(system.upload(ROWS + b"c3\t\t\n", key="k1"), 422, "idempotency_key_reused")
    assert system.stored_keys() == before
    assert system.upload(ROWS, key="k2").json()["request_id"] != first["request_id"]


def test_a_key_of_a_call_that_is_under_way_says_when_to_try_again(system: HttpSystem) -> None:
    sent = httpx.Request("POST", system.url, files=form(ROWS))
    whole, headers = sent.read(), {"Idempotency-Key": "slow", "Content-Type": sent.headers["Content-Type"]}
    control, refused = system.standalone.system.control, Event()

    def body() -> Iterator[bytes]:
        yield whole[:20]
        refused.wait(60)
        yield whole[20:]

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(lambda: system.uploader.post("/v1/uploads", content=body(), headers=headers))
        until(lambda: control.get(Table.KEY_CLAIMS, "default", hashed("slow")) is not None)
        second = system.upload(ROWS, key="slow")
        refused.set()
    problem(second, 409, "idempotency_key_in_use")
    assert int(second.headers["Retry-After"]) > 0
    assert first.result().status_code == 202
    assert control.get(Table.KEY_CLAIMS, "default", hashed("slow")) is None
    again = system.upload(ROWS, key="slow")
    assert again.json()["request_id"] == first.result().json()["request_id"]


def test_the_same_file_is_answered_with_its_first_request(system: HttpSystem) -> None:
    content = HEADER.encode() + b"same1\t\t\n"
    first, again = (system.upload(content, force=False).json() for _ in range(2))
    assert (first["duplicate"], again["duplicate"]) == (False, True)
    assert (again["request_id"], again["not_notified"]) == (first["request_id"], [])
    late = system.upload(content, force=False, notify=["late@example.com"]).json()
    assert (late["request_id"], late["notify"]) == (first["request_id"], [])
    assert late["not_notified"] == ["late@example.com"]
    assert system.upload(content, force=True).json()["request_id"] != first["request_id"]


def test_a_replayed_key_gets_the_columns_that_the_suggestions_left_out(system: HttpSystem) -> None:
    system.uploader.post("/v1/data-sources", json={"name": "replayed"})
    content = b"customer_number\temail\tzzz\n" + b"".join(b"R%d\tr%d@gmail.com\tx%d\n" % (n, n, n) for n in range(30))
    options = {"data_source": "replayed", "mapping": None, "accept_suggestions": 0.9}
    first = system.upload(content, key="suggested", **options)
    assert first.status_code == 202, first.text
    system.ended(first.json()["request_id"])
    again = system.upload(content, key="suggested", **options)
    for name in ("request_id", "left_out_columns", "duplicate"):
        assert again.json()[name] == first.json()[name]


def test_a_body_that_breaks_off_leaves_nothing(system: HttpSystem) -> None:
    before = system.stored_keys()
    head = (
        "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 500000\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n' + HEADER
    )
    answer = raw_call(system, head + "c1\t\t\n" * 20_000)
    assert answer == b""
    assert system.upload(ROWS).status_code == 202  # the server is there, and has dealt with what came before
    assert len(system.stored_keys()) == len(before) + 1


def test_a_body_that_ends_without_its_last_boundary_leaves_nothing(system: HttpSystem) -> None:
    before = system.stored_keys()
    parts = form(ROWS)
    whole = system.uploader.build_request("POST", "/v1/uploads", files=parts)
    content = whole.read()
    cut = content[: content.rindex(b"--", 0, -4)]
    headers = {"Content-Type": whole.headers["content-type"]}
    problem(system.uploader.post("/v1/uploads", content=cut, headers=headers), 400, "malformed_multipart")
    assert system.stored_keys() == before


def raw_call(system: HttpSystem, rest: str, *, end: bool = True) -> bytes:
    """The answer to an upload whose client sends `rest` after the first lines, and then closes its side (`end`)."""
    address = urlsplit(system.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        authorization = system.uploader.headers["authorization"]
        start = f"POST /v1/uploads HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n"
        connection.sendall((start + rest).encode())
        if end:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while not answer.endswith(b"]}") and (piece := connection.recv(65_536)):
            answer += piece
    return answer


def test_inspection_shows_faults_form_sample_and_suggestions_and_stores_nothing(system: HttpSystem) -> None:
    before = system.stored_keys()
    content = b"crmid\tE-mail\tlast name\nc1\ta@example.com\tLi\n\nc2\tb@example.com\tWu\n"
    answer = system.uploader.post("/v1/files:inspect", files=[("file", ("f.gz", gzip.compress(content)))])
    reported = answer.json()
    assert answer.status_code == 200, answer.text
    assert reported["compression"] == "gzip"
    assert codes(reported) == ["hyphen_in_column_name", "space_in_column_name"]
    assert reported["needed_options"] == {"encoding": None, "clean_headers": True, "quoted": False}
    assert reported["columns"] == ["crmid", "E_mail", "last_name"]
    assert reported["sample_rows"] == [["c1", "a@example.com", "Li"], ["c2", "b@example.com", "Wu"]]
    suggested = [(each["attribute"], each["identifier"]) for each in reported["suggested_mapping"]]
    assert suggested == [("crmid", True), ("email", True), ("last_name", False)]
    assert system.stored_keys() == before


def test_inspection_checks_the_saved_mapping(system: HttpSystem) -> None:
    system.uploader.post("/v1/data-sources", json={"name": "inspected"})
    system.uploader.put("/v1/data-sources/inspected/mapping", json={"columns": COLUMNS})
    parts = [("file", b"crmid\tphone\nc1\t\n"), ("request", (None, json.dumps({"data_source": "inspected"})))]
    assert codes(system.uploader.post("/v1/files:inspect", files=parts).json()) == ["unknown_mapped_column"]


def test_inspection_reports_a_broken_file_and_takes_only_its_head(system: HttpSystem) -> None:
    broken = gzip.compress(b"crmid\nc1\n")[:-4]
    reported = system.uploader.post("/v1/files:inspect", files=[("file", broken)]).json()
    assert codes(reported) == ["truncated_file"]
    large = b"crmid\n" + b"c1\n" * 2_000_000
    reported = system.uploader.post("/v1/files:inspect", files=[("file", large)]).json()
    assert (reported["faults"], len(reported["sample_rows"])) == ([], 10)


def test_an_upload_accepts_suggestions_and_lists_the_rest(system: HttpSystem) -> None:
    content = "klantnr\tkontakt\tseen\n" + "".join(f"K{n}\tp{n}@gmail.com\t03/04/2025\n" for n in range(40))
    part = {"data_source": "suggested", "create_data_source": True, "accept_suggestions": 0.9}
    files = [("request", (None, json.dumps(part))), ("file", ("people.tsv", content.encode()))]
    answer = system.uploader.post("/v1/uploads", files=files)
    assert answer.status_code == 202, answer.text
    ((column, reason),) = [(each["column"], each["reason"]) for each in answer.json()["left_out_columns"]]
    assert column == "seen"
    assert "could also be MM/dd/yyyy" in reason
    system.ended(answer.json()["request_id"])
    columns = system.uploader.get("/v1/data-sources/suggested/mapping").json()["columns"]
    assert [(each["column"], each["attribute"], each["identifier"]) for each in columns] == [
        ("klantnr", "crmid", True),
        ("kontakt", "email", True),
    ]


def test_a_csv_in_a_declared_encoding_with_names_to_clean(system: HttpSystem) -> None:
    content = "crmid;phone;preferences \nc1;;Zoëtermeer\n".encode("cp1252")
    refused = system.upload(content, data_source="encoded").json()
    assert codes(refused) == ["not_utf8", "space_around_column_name"]
    assert "cp1252" in refused["faults"][0]["hint"]
    answer = system.upload(content, data_source="encoded", encoding="windows-1252", clean_headers=True)
    assert (answer.status_code, answer.json()["renamed_columns"]) == (202, {"preferences ": "preferences"})
    assert system.ended(answer.json()["request_id"])["rows_ingested"] == 1
    query = {"namespace": "crmid", "value": "c1"}
    assert (
        system.viewer.post("/v1/profiles:lookup", json=query).json()["attributes"]["cross_sell_product"] == "Zoëtermeer"
    )


def test_the_encoding_of_a_source_holds_on_every_path(system: HttpSystem) -> None:
    defaults = {"encoding": "windows-1252", "clean_headers": True}
    made = system.admin.post("/v1/data-sources", json={"name": "western", "defaults": defaults})
    assert (made.status_code, made.json()["defaults"]["encoding"]) == (201, "cp1252")
    content = "crmid;phone;preferences \nc7;;Zoë\nc8;;José\n".encode("cp1252")
    request, file = form(content, data_source="western")
    for parts in ([request, file], [file, request]):
        answer = system.uploader.post("/v1/uploads", files=[*parts]).json()
        assert answer["file_options"]["inherited"] == ["encoding", "clean_headers"], answer
        assert answer["renamed_columns"] == {"preferences ": "preferences"}
        assert system.ended(answer["request_id"])["rows_ingested"] == 2
    checked = system.uploader.post("/v1/files:check", files=[request, file]).json()
    assert (checked["rows_accepted"], checked["file_options"]["encoding"]) == (2, "cp1252")
    named = ("request", (None, json.dumps({"data_source": "western"}), "application/json"))
    assert system.uploader.post("/v1/files:inspect", files=[named, file]).json()["faults"] == []
    sent = {
        "Tus-Resumable": "1.0.0",
        "Upload-Length": str(len(content)),
        "Content-Type": "application/offset+octet-stream",
    }
    made = system.uploader.post("/v1/files", headers=sent, content=content)
    path = made.headers["location"]
    assert system.uploader.post(f"{path}:inspect", json={"data_source": "western"}).json()["faults"] == []
    document = {"data_source": "western", "file_id": path.rpartition("/")[2], "force": True}
    accepted = system.uploader.post("/v1/uploads", json=document).json()
    assert accepted["file_options"]["encoding"] == "cp1252"
    assert system.ended(accepted["request_id"])["rows_ingested"] == 2
    query = {"namespace": "crmid", "value": "c7"}
    found = system.viewer.post("/v1/profiles:lookup", json=query).json()["attributes"]
    assert found["cross_sell_product"] == "Zoë"


def test_an_encoding_must_be_declared_before_the_file_and_be_known(system: HttpSystem) -> None:
    before = system.stored_keys()
    request, file = form(ROWS, encoding="cp1252")
    late = system.uploader.post("/v1/uploads", files=[file, request])
    assert (late.status_code, late.json()["code"]) == (422, "encoding_after_file")
    unknown = system.upload(ROWS, encoding="rot13")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_encoding")
    assert system.stored_keys() == before


def test_a_file_is_inspected_in_a_declared_encoding(system: HttpSystem) -> None:
    content = "crmid,first name\nc1,Zoë\nc2,José\n".encode("cp1252")
    request = json.dumps({"encoding": "cp1252", "clean_headers": True})
    parts = [("request", (None, request, "application/json")), ("file", ("people.csv", content, "text/csv"))]
    seen = system.uploader.post("/v1/files:inspect", files=parts).json()
    assert (seen["faults"], seen["columns"], seen["sample_rows"][0]) == ([], ["crmid", "first_name"], ["c1", "Zoë"])
    assert "first_name" in [each["column"] for each in seen["suggested_mapping"]]
