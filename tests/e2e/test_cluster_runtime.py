"""The same Penstock on Kafka, S3 and Cassandra: real servers, real processes, the same invariant."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.stack.fleet import Fleet
from penstock.config import load_settings
from penstock.domain.request import Request, Status
from penstock.wiring import System
from penstock.wiring.cluster import cluster
from tests.simulation.invariant import check_profiles, check_request
from tests.support import clear_text, messy_file
from tests.support.aftermath import expected
from tests.support.servers import Servers, folder_of_the_run, servers


@pytest.fixture(scope="module")
def real_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with servers(folder_of_the_run(tmp_path_factory)) as lent:
        yield lent


@pytest.fixture
def fleet(real_servers: Servers, tmp_path: Path) -> Iterator[Fleet]:
    """An installation of this test's own, with a splitter, two workers and a tracker."""
    addresses = real_servers.use("kafka", "cassandra", "s3").addresses
    chunk_bytes = str(messy_file.CHUNK_BYTES)
    with Fleet(addresses, tmp_path / "fleet", f"t-{uuid.uuid4().hex[:12]}", chunk_bytes=chunk_bytes) as fleet:
        fleet.start("splitter", "worker-1", "worker-2", "tracker")
        yield fleet


@pytest.fixture
def system(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """The fleet's system, to look into it."""
    for name, value in fleet.variables.items():
        monkeypatch.setenv(name, value)
    system = cluster(load_settings())
    messy_file.form(system)  # makes the data source, its attributes and its mapping
    yield system
    system.close()


def upload(fleet: Fleet, body: bytes) -> str:
    file = fleet.folder / "people.tsv"
    file.write_bytes(body)
    request_id: str = fleet.run("upload", str(file), "--source", "crm")["request_id"]
    file.unlink()
    return request_id


def finished(fleet: Fleet, system: System, request_id: str) -> Request:
    fleet.run("watch", request_id, check=False)
    return system.requests.get(messy_file.TENANT, request_id)


def check(system: System, request: Request, body: bytes) -> None:
    assert request.status is Status.COMPLETED
    upload = expected(request, body)
    check_request(system, request, upload)
    check_profiles(system, [upload])


def test_a_file_becomes_what_the_reference_says_and_nothing_lies_in_the_clear(
    fleet: Fleet, system: System, real_servers: Servers
) -> None:
    request = finished(fleet, system, upload(fleet, messy_file.BODY))
    check(system, request, messy_file.BODY)
    fleet.run("undo", request.request_id)
    undone = system.requests.get(messy_file.TENANT, request.request_id)
    assert undone.status is Status.REVERTED
    check_profiles(system, [expected(undone, messy_file.BODY)])
    own = folders_of(fleet, real_servers.use("kafka", "cassandra", "s3").folder)
    for folder in own:
        assert clear_text.found_under(folder, messy_file.MARK) == {}


def folders_of(fleet: Fleet, servers: Path) -> list[Path]:
    """Where the servers keep what is this fleet's, and Cassandra's log of all writes."""
    keyspace = fleet.variables["PENSTOCK_CASSANDRA_KEYSPACE"]
    topics = [path for path in (servers / "kafka" / "data").iterdir() if path.name.startswith(f"{fleet.name}.")]
    bucket = [path for path in (servers / "s3").rglob(fleet.name) if path.is_dir()]
    tables = [path for path in (servers / "cassandra").rglob(keyspace) if path.is_dir()]
    log = [path for path in (servers / "cassandra").rglob("commitlog") if path.is_dir()]
    assert all((topics, bucket, tables, log))
    return [*topics, *bucket, *tables, *log, fleet.folder]


def test_workers_that_are_killed_and_added_in_mid_file_lose_nothing(fleet: Fleet, system: System) -> None:
    body = messy_file.longer(20)
    request_id = upload(fleet, body)
    await_chunks(system, request_id, 3)
    os.kill(fleet.processes["worker-1"].pid, signal.SIGKILL)
    fleet.start("worker-3", "worker-4")
    await_chunks(system, request_id, 20)
    os.kill(fleet.processes["worker-2"].pid, signal.SIGKILL)
    check(system, finished(fleet, system, request_id), body)


def await_chunks(system: System, request_id: str, count: int) -> None:
    """Until so many chunks are done, or the request has ended."""
    while True:
        request = system.requests.get(messy_file.TENANT, request_id)
        if request.status.ended or request.chunks_done >= count:
            return
        system.clock.sleep(0.02)
