"""The same Penstock on Kafka, S3 and Cassandra: real servers, real processes, the same invariant."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.stack.stack import Stack
from penstock.domain.delivery.announcement import is_announced
from penstock.domain.errors import NotFound
from penstock.domain.requests.request import Request, Status
from tests.support import clear_text, messy_file
from tests.support.installation import Installation, installation
from tests.support.invariant import CURSORS, check_profiles, check_request, expected, own_folders
from tests.support.servers import Servers
from tests.support.waiting import until


@pytest.fixture(scope="module")
def stack(real_servers: Servers) -> Stack:
    return real_servers.use("kafka", "cassandra", "s3")


@pytest.fixture
def place(stack: Stack, tmp_path: Path) -> Iterator[Installation]:
    """With a dispatcher and a tracker."""
    with installation(tmp_path, stack.addresses, [stack.folder]) as place:
        place.start("dispatcher")
        place.start("tracker")
        yield place


def test_a_tracker_works_without_bucket_and_keys(stack: Stack, tmp_path: Path) -> None:
    with installation(tmp_path, stack.addresses, [stack.folder]) as place:
        tracker = place.start("tracker", key_file=str(tmp_path / "none.json"))
        place.start("dispatcher")
        place.start("worker")
        request_id = upload(place, messy_file.BODY)
        check(place, watched(place, request_id), messy_file.BODY)
        place.end(tracker)


OTHERS = [mapped.column for mapped in messy_file.COLUMNS if mapped.column not in ("c_crmid", "c_note")]
CSV = (
    ",".join(["c_crmid", "c_note", *OTHERS])
    + '\r\n{0}1,"Zoë, ""Oost""\r\nline 2",,,,\r\n{0}2,"open,,,,\r\n{0}3,last,,,,\r\n'
)
OBJECTS = [
    {"c_crmid": "N1", "c_note": 'Zoë, "Oost"\r\nline 2', **dict.fromkeys(OTHERS)},
    {"c_crmid": ["N2"]},
    {"c_crmid": "N3", "c_note": "last"},
]


def test_files_of_other_formats(place: Installation) -> None:
    place.start("worker")
    for letter, body, options, line, reason in [
        ("C", CSV.format("C").encode(), (), 5, "invalid_quotes"),
        ("L", CSV.format("L").encode("cp1252"), ("--encoding", "cp1252"), 5, "invalid_quotes"),
        ("N", "\n\n".join(map(json.dumps, OBJECTS)).encode(), (), 5, "nested_value"),
    ]:
        request = watched(place, upload(place, body, *options))
        assert (request.status, request.rows_ingested, request.reject_reasons) == (Status.COMPLETED, 2, {reason: 1})
        first, last = (place.system.reader.lookup("default", "crmid", f"{letter}{n}", reveal=True) for n in (1, 3))
        assert first.attributes["note"].value == 'Zoë, "Oost"\r\nline 2'
        note = last.attributes["note"]
        assert (note.value, note.origin.row, note.origin.request_id) == ("last", line, request.request_id)


def upload(place: Installation, body: bytes, *options: str) -> str:
    """By the command line; the new request's id."""
    file = place.fleet.folder / "people.tsv"
    file.write_bytes(body)
    request_id: str = place.fleet.run("upload", str(file), "--source", "crm", *options)["request_id"]
    file.unlink()
    return request_id


def watched(place: Installation, request_id: str) -> Request:
    """What is stored of it when the command line has seen its end."""
    place.fleet.run("watch", request_id, check=False)
    return place.request(request_id)


def check(place: Installation, request: Request, body: bytes) -> None:
    assert request.status is Status.COMPLETED
    upload = expected(request, body)
    check_request(place.system, request, upload)
    check_profiles(place.system, [upload])


def test_an_ingested_file_equals_the_reference_and_nothing_is_stored_in_the_clear(
    place: Installation, stack: Stack
) -> None:
    place.start("worker")
    place.start("worker")
    request = watched(place, upload(place, messy_file.BODY))
    check(place, request, messy_file.BODY)
    place.fleet.run("undo", request.request_id)
    undone = place.request(request.request_id)
    assert undone.status is Status.REVERTED
    check_profiles(place.system, [expected(undone, messy_file.BODY)])
    for folder in (*own_folders(place), log_of_writes(stack)):
        assert clear_text.found_under(folder, messy_file.MARK) == {}


def test_ingest_on_a_cluster_stores_nothing_locally(place: Installation) -> None:
    place.start("worker")
    file = place.fleet.folder / "people.tsv"
    file.write_bytes(messy_file.BODY)
    reported = place.fleet.run("ingest", str(file), *messy_file.OPTIONS)
    assert (reported["status"], reported["unmapped_columns"]) == ("COMPLETED", ["unmapped"])
    check(place, place.request(reported["request_id"]), messy_file.BODY)
    assert list(place.fleet.folder.glob("*.db")) == []


def states(place: Installation) -> dict[int, str]:
    """The state of each version of the mapping."""
    return {each["version"]: each["state"] for each in place.fleet.run("mapping", "versions", "crm")["versions"]}


def test_a_held_request_counts_only_once_it_is_approved(place: Installation) -> None:
    place.start("worker")
    file = place.fleet.folder / "people.tsv"
    file.write_bytes(messy_file.BODY)
    options = (*messy_file.OPTIONS, "--max-rejects", "5%", "--notify", "cy@example.org:problems")
    options += ("--blank-words", "none of the cells")  # so that its mapping is a new one
    held = place.fleet.run("ingest", str(file), *options, check=False)
    assert (held["status"], held["rows_ingested"], held["held"]["reason"]) == ("HELD", 0, "too_many_rejects")
    request = place.request(held["request_id"])
    check_profiles(place.system, [expected(request, messy_file.BODY)])
    version = request.mapping_version
    assert states(place)[version] == "pending"
    assert place.fleet.run("approve", request.request_id)["status"] == "COMPLETED"
    assert states(place)[version] == "current"
    assert place.fleet.run("mapping", "show", "crm")["version"] == version
    approved = watched(place, request.request_id)
    check(place, approved, messy_file.BODY)
    until(lambda: is_announced(place.request(request.request_id), CURSORS))
    listed = place.fleet.run("requests", "--status", "COMPLETED", "--status", "HELD", "--file", "PEOPLE")["requests"]
    assert [each["request_id"] for each in listed] == [request.request_id]
    _, problems = place.fleet.run("request", request.request_id)["notify"]
    assert [(mail["status"], mail["state"]) for mail in problems["mails"]] == [
        ("HELD", "not_configured"),
        ("COMPLETED", "not_configured"),
    ]
    mails = place.fleet.folder / "mail"
    until(lambda: len([path for path in mails.glob("*.eml") if b"To: cy@example.org" in path.read_bytes()]) == 2)


def test_rejects_are_corrected_undone_with_their_request_and_the_same_file_is_recognised(place: Installation) -> None:
    place.start("worker")
    names = [mapped.column for mapped in messy_file.COLUMNS]
    rows = [["F1", "", "", "one", "", ""], ["F2", "", "", "=two", "", "yesterday"], ["F3", "", "", "3", "", "tomorrow"]]
    body = "".join("\t".join(row) + "\n" for row in [names, *rows]).encode()
    root = watched(place, upload(place, body))
    rejects = place.fleet.folder / "rejects.tsv"
    place.fleet.run("rejects", root.request_id, "--output", str(rejects))
    rejects.write_text(rejects.read_text().replace("yesterday", ""))
    child = place.fleet.run("resubmit", root.request_id, str(rejects))
    totals = {"request_ids": [child["request_id"]], "rows_ingested": 1, "rejects_corrected": 1, "rejects_left": 1}
    totals |= {"rows_without_line": 0, "dropped_corrected": 0, "dropped_left": 0, "dropped_again": 0}
    assert (child["status"], child["parent"]["corrections"]) == ("COMPLETED", totals)
    note = place.system.reader.lookup("default", "crmid", "F2", reveal=True).attributes["note"]
    assert (note.value, note.origin.row, note.origin.corrected_by) == ("=two", 3, child["request_id"])
    assert place.fleet.run("resubmit", root.request_id, str(rejects))["request_id"] == child["request_id"]
    assert upload(place, body) == root.request_id
    assert upload(place, body, "--force") != root.request_id
    place.fleet.run("undo", root.request_id)
    assert place.request(child["request_id"]).status is Status.REVERTED
    with pytest.raises(NotFound):
        place.system.reader.lookup("default", "crmid", "F2", reveal=True)


def log_of_writes(stack: Stack) -> Path:
    """Cassandra's, of all keyspaces, with something in it."""
    (folder,) = stack.folder.glob("cassandra/data/commitlog")
    assert any(folder.iterdir())
    return folder


def test_workers_that_are_killed_and_added_in_mid_file_lose_nothing(place: Installation) -> None:
    first, second = place.start("worker"), place.start("worker")
    body = messy_file.longer(20)
    request_id = upload(place, body)
    place.await_chunks(request_id, 3)
    place.end(first, number=signal.SIGKILL)
    place.start("worker")
    place.start("worker")
    place.await_chunks(request_id, 20)
    place.end(second, number=signal.SIGKILL)
    check(place, watched(place, request_id), body)
