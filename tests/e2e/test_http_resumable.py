"""Files that arrive in parts over HTTP (tus 1.0.0), by the text of the protocol."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from tusclient.client import TusClient
from tusclient.exceptions import TusUploadFailed

from penstock.application.drafts.use_cases import DraftUseCases
from penstock.domain.access.permissions import Role
from penstock.domain.files.draft import PART_BYTES
from penstock.wiring.uploads import drafts_of
from tests.support.http_system import COLUMNS, HEADER, HttpSystem, serving
from tests.support.waiting import until

TUS = {"Tus-Resumable": "1.0.0"}
PART = {**TUS, "Content-Type": "application/offset+octet-stream"}
CONTENT = HEADER.encode() + b"".join(b"c%d\t+3161234%04d\tshoes\n" % (row, row) for row in range(500))
METADATA = "filename " + base64.b64encode(b"people.tsv").decode()


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpSystem]:
    with serving(tmp_path_factory.mktemp("resumable") / "data", sources=("crm", "shop")) as running:
        yield running


def created(system: HttpSystem, length: int = len(CONTENT), **headers: str) -> str:
    """The path of a new file."""
    announced = {**TUS, "Upload-Length": str(length), "Upload-Metadata": METADATA, **headers}
    answer = system.uploader.post("/v1/files", headers=announced)
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


def append(system: HttpSystem, path: str, offset: int, content: bytes, **headers: str) -> httpx.Response:
    return system.uploader.patch(path, content=content, headers={**PART, "Upload-Offset": str(offset), **headers})


def offset_of(system: HttpSystem, path: str) -> int:
    answer = system.uploader.head(path, headers=TUS)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return int(answer.headers["Upload-Offset"])


def accept(system: HttpSystem, path: str, key: str | None = None, **document: Any) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    body = {"file_id": path.rpartition("/")[2], "data_source": "crm", "mapping": COLUMNS, **document}
    return system.uploader.post("/v1/uploads", json=body, headers=headers)


def arrived(system: HttpSystem, content: bytes = CONTENT) -> str:
    """The path of a file that has arrived."""
    path = created(system, len(content))
    assert append(system, path, 0, content).status_code == 204
    return path


def profile_of(system: HttpSystem, crmid: str) -> dict[str, Any]:
    """What is known of a person, without where it came from."""
    look_up = {"namespace": "crmid", "value": crmid, "reveal": True}
    profile: dict[str, Any] = system.admin.post("/v1/profiles:lookup", json=look_up).json()
    return profile


def code(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


def test_a_file_in_parts_is_ingested_like_one_in_a_form(system: HttpSystem) -> None:
    path = created(system)
    for start in range(0, len(CONTENT), 5_000):
        answer = append(system, path, start, CONTENT[start : start + 5_000])
        assert answer.status_code == 204
        assert answer.headers["Tus-Resumable"] == "1.0.0"
        assert int(answer.headers["Upload-Offset"]) == min(start + 5_000, len(CONTENT))
    answer = accept(system, path)
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"/v1/requests/{answer.json()['request_id']}"
    ended = system.ended(answer.json()["request_id"])
    assert (ended["status"], ended["rows_ingested"], ended["file_name"]) == ("COMPLETED", 500, "people.tsv")
    ids = ("c0", "c7", "c499")
    profiles = [profile_of(system, crmid) for crmid in ids]
    assert profiles[1]["attributes"] == {
        "crmid": "c7",
        "hm": "+31612340007",
        "cross_sell_product": "shoes",
    }
    in_a_form = system.ingest(CONTENT, data_source="shop", file_name="people.tsv")
    same = ("status", "bytes", "rows_read", "rows_ingested", "rows_rejected", "reject_reasons", "file_name")
    assert {name: ended[name] for name in same} == {name: in_a_form[name] for name in same}
    assert system.admin.post(f"/v1/requests/{ended['request_id']}:undo").status_code == 200
    assert [profile_of(system, crmid) for crmid in ids] == profiles


def test_a_public_client_of_the_protocol_sends_a_file(system: HttpSystem, tmp_path: Path) -> None:
    file = tmp_path / "people.tsv"
    file.write_bytes(CONTENT)
    client = TusClient(f"{system.url}/v1/files", headers={"Authorization": system.uploader.headers["authorization"]})
    begun = client.uploader(
        str(file), chunk_size=3_000, metadata={"filename": "people.tsv"}, upload_checksum=True, retry_delay=0
    )
    begun.upload(stop_at=6_000)
    path = begun.url.removeprefix(system.url)
    assert append(system, path, 6_000, CONTENT[6_000:6_500]).status_code == 204  # another process with the same file
    with pytest.raises(TusUploadFailed):
        begun.upload()
    resumed = client.uploader(str(file), url=begun.url, chunk_size=2_000, upload_checksum=True)
    resumed.upload()
    answer = accept(system, path)
    assert answer.status_code == 202, answer.text
    ended = system.ended(answer.json()["request_id"])
    assert (ended["rows_ingested"], ended["bytes"], ended["file_name"]) == (500, len(CONTENT), "people.tsv")


def test_a_file_that_was_not_finished_in_time_is_gone(system: HttpSystem) -> None:
    path = created(system)
    append(system, path, 0, CONTENT[:100])
    drafts = drafts_of(system.standalone.system)
    stored = drafts.stored("default", path.rpartition("/")[2])
    drafts.replace(stored, replace(stored.draft, expires_at=1))
    assert system.uploader.head(path, headers=TUS).status_code == 410
    for answer in (append(system, path, 100, b"x"), accept(system, path), system.uploader.get(path)):
        assert (answer.status_code, code(answer)) == (410, "file_expired")


def test_the_service_announces_its_version_of_the_protocol(system: HttpSystem) -> None:
    answer = system.anonymous().options("/v1/files")
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation", "creation-with-upload", "expiration", "checksum", "termination",
    }  # fmt: skip
    assert answer.headers["Tus-Max-Size"] == "40000000"
    assert {"sha1", "sha256"} <= set(answer.headers["Tus-Checksum-Algorithm"].split(","))


def test_a_file_can_come_with_its_first_part(system: HttpSystem) -> None:
    headers = {**PART, "Upload-Length": str(len(CONTENT)), "Upload-Metadata": METADATA}
    answer = system.uploader.post("/v1/files", content=CONTENT[:1_000], headers=headers)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "1000")
    assert "Upload-Expires" in answer.headers
    state = system.uploader.head(answer.headers["Location"], headers=TUS)
    assert (state.headers["Upload-Length"], state.headers["Upload-Metadata"]) == (str(len(CONTENT)), METADATA)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_checksum_is_checked(system: HttpSystem, algorithm: str) -> None:
    path = created(system)
    good = base64.b64encode(hashlib.new(algorithm, CONTENT[:3_000]).digest()).decode()
    wrong = append(system, path, 0, CONTENT[1:3_001], **{"Upload-Checksum": f"{algorithm} {good}"})
    assert (wrong.status_code, code(wrong)) == (460, "checksum_mismatch")
    assert offset_of(system, path) == 0
    assert append(system, path, 0, CONTENT[:3_000], **{"Upload-Checksum": f"{algorithm} {good}"}).status_code == 204
    assert offset_of(system, path) == 3_000


def test_another_offset_is_a_conflict(system: HttpSystem) -> None:
    path = created(system)
    assert append(system, path, 0, CONTENT[:100]).status_code == 204
    for offset in (0, 99, 101, 10**9):
        answer = append(system, path, offset, CONTENT[:100])
        assert (answer.status_code, code(answer)) == (409, "wrong_offset")
    assert offset_of(system, path) == 100


def test_a_connection_that_is_cut_costs_one_part_at_most(system: HttpSystem) -> None:
    content = HEADER.encode() + b"c1\t\tshoes\n" * 600_000
    path = created(system, len(content))
    host, port = system.url.removeprefix("http://").split(":")
    head = (
        f"PATCH {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {system.uploader.headers['authorization']}\r\n"
        f"Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(head.encode() + content[: PART_BYTES + 500_000])
        until(lambda: offset_of(system, path) == PART_BYTES)  # listed while the call goes on
    until(lambda: _rest_arrived(system, path, content))  # meanwhile, the cut call may add what it had
    assert offset_of(system, path) == len(content)
    assert system.uploader.post(f"{path}:inspect", json={}).json()["faults"] == []


def _rest_arrived(system: HttpSystem, path: str, content: bytes) -> bool:
    offset = offset_of(system, path)
    assert offset >= PART_BYTES
    return append(system, path, offset, content[offset:]).status_code == 204


def test_a_deleted_file_is_gone(system: HttpSystem) -> None:
    path = created(system)
    append(system, path, 0, CONTENT[:100])
    assert system.uploader.delete(path, headers=TUS).status_code == 204
    assert system.uploader.head(path, headers=TUS).status_code == 404
    assert append(system, path, 100, CONTENT[100:]).status_code == 404
    assert system.uploader.delete(path, headers=TUS).status_code == 404
    file_id = path.rpartition("/")[2]
    assert not list(system.standalone.system.objects.list(f"parts/default/{file_id}"))


def test_another_version_of_the_protocol_is_refused(system: HttpSystem) -> None:
    answer = system.uploader.post("/v1/files", headers={"Tus-Resumable": "0.2.2", "Upload-Length": "10"})
    assert (answer.status_code, code(answer)) == (412, "unsupported_version")
    assert answer.headers["Tus-Version"] == "1.0.0"


def test_a_post_may_stand_for_another_method(system: HttpSystem) -> None:
    path = created(system)
    headers = {**PART, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert system.uploader.post(path, content=CONTENT[:50], headers=headers).status_code == 204
    assert offset_of(system, path) == 50


@pytest.mark.parametrize(
    ("headers", "status", "expected"),
    [
        ({"Upload-Length": "40000001"}, 413, "file_too_large"),
        ({"Upload-Length": "-1"}, 400, "bad_request"),
        ({}, 400, "bad_request"),
        ({"Upload-Length": "1", "Upload-Metadata": "filename ==="}, 400, "invalid_metadata"),
        ({"Upload-Length": "1", "Upload-Checksum": "md5 AAAA"}, 400, "invalid_checksum"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_at_once(
    system: HttpSystem, headers: dict[str, str], status: int, expected: str
) -> None:
    answer = system.uploader.post("/v1/files", headers={**TUS, **headers})
    assert (answer.status_code, code(answer)) == (status, expected)


def test_more_bytes_than_announced_are_refused(system: HttpSystem) -> None:
    path = created(system, 100)
    answer = append(system, path, 0, CONTENT[:101])
    assert answer.status_code == 413
    assert append(system, path, 0, CONTENT[:100]).status_code == 204


def test_another_media_type_is_refused(system: HttpSystem) -> None:
    path = created(system)
    answer = append(system, path, 0, b"x", **{"Content-Type": "text/plain"})
    assert (answer.status_code, code(answer)) == (415, "unsupported_media_type")


def test_another_tenants_file_does_not_exist(system: HttpSystem) -> None:
    path = created(system)
    with system.client(Role.ADMIN, tenant_id="globex") as other:
        answers = [
            other.head(path, headers=TUS),
            other.get(path),
            other.patch(path, content=b"x", headers={**PART, "Upload-Offset": "0"}),
            other.post(f"{path}:inspect", json={}),
            other.delete(path, headers=TUS),
        ]
        assert [answer.status_code for answer in answers] == [404] * 5
        assert other.get("/v1/files").json() == {"files": []}
    assert offset_of(system, path) == 0


def test_a_viewer_may_not_send_files(system: HttpSystem) -> None:
    answer = system.viewer.post("/v1/files", headers={**TUS, "Upload-Length": "10"})
    assert (answer.status_code, code(answer)) == (403, "forbidden")


def test_header_and_columns_are_checked_while_the_rest_is_coming(system: HttpSystem) -> None:
    path = created(system)
    early = system.uploader.post(f"{path}:inspect", json={})
    assert (early.status_code, code(early)) == (409, "header_incomplete")
    append(system, path, 0, CONTENT[:3_010])
    found = system.uploader.post(f"{path}:inspect", json={}).json()
    assert found["faults"] == []
    assert found["columns"] == ["crmid", "phone", "preferences"]
    assert not found["every_row"]
    assert {each["column"]: each["attribute"] for each in found["suggested_mapping"]}["crmid"] == "crmid"
    assert found["sampled_rows"] == CONTENT[:3_010].count(b"\n") - 1


def test_a_faulty_header_shows_before_the_rest_arrives(system: HttpSystem) -> None:
    content = b"crm id\tphone\tphone\nc1\t\t\n" + b"c2\t\t\n" * 100
    path = created(system, len(content))
    append(system, path, 0, content[:100])
    faults = system.uploader.post(f"{path}:inspect", json={}).json()["faults"]
    assert {fault["code"] for fault in faults} == {"space_in_column_name", "duplicate_column_name"}


def test_an_unfinished_file_gets_no_request(system: HttpSystem) -> None:
    path = created(system)
    append(system, path, 0, CONTENT[:100])
    answer = accept(system, path)
    assert (answer.status_code, code(answer)) == (409, "file_incomplete")


def test_a_refused_request_leaves_the_file_for_another_attempt(system: HttpSystem) -> None:
    path = arrived(system)
    before = system.stored_keys()
    wrong = accept(system, path, mapping=[{"column": "missing", "attribute": "crmid", "identifier": True}])
    assert wrong.status_code == 422
    assert system.stored_keys() == before
    assert accept(system, path, data_source="crn").status_code == 404
    assert accept(system, path).status_code == 202


def test_one_file_becomes_one_request(system: HttpSystem) -> None:
    path = arrived(system)
    first, again = accept(system, path, key="k1"), accept(system, path, key="k1")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["request_id"] == again.json()["request_id"]
    for other in (accept(system, path, key="k2"), accept(system, path), accept(system, path, key="k1", mode="replace")):
        assert (other.status_code, code(other)) == (409, "file_in_use")
    assert system.uploader.get(path).json()["request_id"] == first.json()["request_id"]
    file_id = path.rpartition("/")[2]
    assert file_id not in json.dumps(system.uploader.get("/v1/files").json())
    assert not list(system.standalone.system.objects.list(f"parts/default/{file_id}"))


def test_the_same_call_at_once_gets_the_same_request(system: HttpSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    path, store = arrived(system), DraftUseCases.store
    faster: list[httpx.Response] = []

    def overtaken(*arguments: Any) -> Any:
        monkeypatch.undo()
        faster.append(accept(system, path))
        return store(*arguments)

    monkeypatch.setattr(DraftUseCases, "store", overtaken)
    slower = accept(system, path)
    assert (slower.status_code, faster[0].status_code) == (202, 202)
    assert slower.json()["request_id"] == faster[0].json()["request_id"]


def test_an_idempotency_key_of_another_file_is_refused(system: HttpSystem) -> None:
    path = arrived(system)
    assert accept(system, path, key="used").status_code == 202
    other = accept(system, arrived(system, CONTENT + b"more\t\t\n"), key="used")
    assert (other.status_code, code(other)) == (422, "idempotency_key_reused")


def test_encodings_and_compression_are_declared_as_in_a_form(system: HttpSystem, tmp_path: Path) -> None:
    import gzip  # noqa: PLC0415

    content = gzip.compress("crmid\tphone\tpreferences\ncafé\t\tthé\n".encode("cp1252"))
    path = arrived(system, content)
    found = system.uploader.post(f"{path}:inspect", json={"encoding": "cp1252"}).json()
    assert (found["compression"], found["sample_rows"]) == ("gzip", [["café", "", "thé"]])
    answer = accept(system, path, encoding="cp1252")
    assert answer.status_code == 202, answer.text
    assert system.ended(answer.json()["request_id"])["rows_ingested"] == 1
    look_up = {"namespace": "crmid", "value": "café"}
    profile = system.viewer.post("/v1/profiles:lookup", json=look_up).json()
    assert profile["attributes"]["cross_sell_product"] == "thé"


def test_suggestions_can_be_accepted_for_a_file_in_parts(system: HttpSystem) -> None:
    accepted = accept(system, arrived(system), mapping=None, accept_suggestions=0.5)
    assert accepted.status_code == 202, accepted.text
    assert "left_out_columns" in accepted.json()
