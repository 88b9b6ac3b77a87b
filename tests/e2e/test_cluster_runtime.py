"""The same Penstock on Kafka, S3 and Cassandra: real servers, real processes, the same invariant."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.stack.stack import Stack
from penstock.domain.delivery.announcement import is_announced
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
    """With a splitter and a tracker."""
    with installation(tmp_path, stack.addresses, [stack.folder]) as place:
        place.start("splitter")
        place.start("tracker")
        yield place


def test_a_tracker_works_without_bucket_and_keys(stack: Stack, tmp_path: Path) -> None:
    with installation(tmp_path, stack.addresses, [stack.folder]) as place:
        tracker = place.start("tracker", key_file=str(tmp_path / "none.json"))
        place.start("splitter")
        place.start("worker")
        request_id = upload(place, messy_file.BODY)
        check(place, watched(place, request_id), messy_file.BODY)
        place.end(tracker)


def upload(place: Installation, body: bytes) -> str:
    """By the command line; the new request's id."""
    file = place.fleet.folder / "people.tsv"
    file.write_bytes(body)
    request_id: str = place.fleet.run("upload", str(file), "--source", "crm")["request_id"]
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


def test_a_file_becomes_what_the_reference_says_and_nothing_lies_in_the_clear(
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


def test_ingest_has_the_cluster_do_it_and_keeps_nothing_here(place: Installation) -> None:
    place.start("worker")
    file = place.fleet.folder / "people.tsv"
    file.write_bytes(messy_file.BODY)
    reported = place.fleet.run("ingest", str(file), *messy_file.OPTIONS)
    assert (reported["status"], reported["unmapped_columns"]) == ("COMPLETED", ["unmapped"])
    check(place, place.request(reported["request_id"]), messy_file.BODY)
    assert list(place.fleet.folder.glob("*.db")) == []


def test_a_held_request_counts_only_once_it_is_approved(place: Installation) -> None:
    place.start("worker")
    file = place.fleet.folder / "people.tsv"
    file.write_bytes(messy_file.BODY)
    held = place.fleet.run("ingest", str(file), *messy_file.OPTIONS, "--max-rejects", "5%", check=False)
    assert (held["status"], held["rows_ingested"], held["held"]["reason"]) == ("HELD", 0, "too_many_rejects")
    request = place.request(held["request_id"])
    check_profiles(place.system, [expected(request, messy_file.BODY)])
    assert place.fleet.run("approve", request.request_id)["status"] == "COMPLETED"
    approved = watched(place, request.request_id)
    check(place, approved, messy_file.BODY)
    until(lambda: is_announced(place.request(request.request_id), CURSORS))


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
