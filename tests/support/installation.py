"""A whole Penstock on real servers: services as processes that a test may kill, and a system to look into it."""

from __future__ import annotations

import dataclasses
import itertools
import os
import signal
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from deploy.stack.addresses import Addresses
from deploy.stack.fleet import Fleet
from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.application.consuming.groups import DISPATCHERS, EXPRESS_WORKERS, TRACKERS, WORKERS
from penstock.config import load_settings
from penstock.domain.events import CHUNK_READY, PROGRESS, UPLOAD_REQUESTED
from penstock.domain.requests.request import Request
from penstock.wiring import System
from penstock.wiring.cluster import cluster
from penstock.wiring.uploads import intake_of
from tests.support import messy_file
from tests.support.servers import give_sessions
from tests.support.toxics import SpoiltConnection
from tests.support.waiting import GIVE_UP_SECONDS, until

CHUNK_BYTES = 200  # of a row or two, so that there are many
DEAD_SECONDS = 3  # for a silent member to be missed; the shortest that the stack's brokers allow
STOPPED_EARLY = 130  # the exit code of a service that gets SIGTERM before its modules are loaded
# So short that the services' timeouts end during a test, and with a long session for the slowest machine.
QUICK = {
    "chunk_bytes": str(CHUNK_BYTES),
    "kafka_session_timeout_seconds": "6",
    "kafka_delivery_timeout_seconds": "4",
    "kafka_request_timeout_seconds": "2",
    "cassandra_request_timeout_seconds": "1",
    "cassandra_timeout_seconds": "1.5",
    "s3_attempts": "2",
    "s3_read_timeout_seconds": "2",
    "s3_connect_timeout_seconds": "2",
}
GROUPS = {UPLOAD_REQUESTED: DISPATCHERS, CHUNK_READY: WORKERS, PROGRESS: TRACKERS}


class Installation:
    """`system` goes straight to the servers at `servers`, whose data is below `folders`; the services go by `ways`."""

    def __init__(
        self, fleet: Fleet, system: System, servers: Addresses, folders: Sequence[Path], ways: Addresses
    ) -> None:
        self.fleet, self.system, self.servers, self.folders, self._ways = fleet, system, servers, folders, ways
        self.command = replace(messy_file.command(system), notify=(messy_file.ADDRESS,))
        self.bodies: dict[str, bytes] = {}  # by request, of all that were uploaded
        self.failed: set[str] = set()  # the requests that have to end so
        self._numbers = itertools.count(1)

    def start(self, kind: str, options: Sequence[str] = (), **variables: str) -> str:
        """Start a service; the name, with a number, by which it is known here."""
        service = f"{kind}-{next(self._numbers)}"
        self.fleet.start(service, options=options, **{**_reaching(self._ways), **variables})
        return service

    def upload(self, body: bytes = messy_file.BODY, *, chunk_bytes: int = CHUNK_BYTES) -> str:
        """The new request's id."""
        system = self.system._replace(settings=replace(self.system.settings, chunk_bytes=chunk_bytes))
        request = intake_of(system).upload(messy_file.TENANT, [body], self.command)
        self.bodies[request.request_id] = body
        return request.request_id

    def request(self, request_id: str) -> Request:
        return self.system.requests.get(messy_file.TENANT, request_id)

    def finished(self, request_id: str) -> Request:
        until(lambda: self.request(request_id).status.ended)
        return self.request(request_id)

    def await_chunks(self, request_id: str, count: int) -> None:
        """Until so many are done."""
        until(lambda: self.request(request_id).chunks_done >= count)

    def await_death(self, *services: str) -> None:
        """Until their failpoints have killed them."""
        for service in services:
            assert self.fleet.processes.pop(service).wait(GIVE_UP_SECONDS) == -signal.SIGKILL, self.log(service)

    def await_stop(self, service: str) -> None:
        """Until its failpoint has stopped it with SIGSTOP."""
        _, status = os.waitpid(self.fleet.processes[service].pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), self.log(service)

    def await_log(self, service: str, text: str, times: int = 1) -> None:
        until(lambda: self.log(service).count(text) >= times)

    def log(self, service: str) -> str:
        return (self.fleet.folder / f"{service}.log").read_text()

    def send(self, service: str, number: signal.Signals) -> None:
        self.fleet.processes[service].send_signal(number)

    def end(self, *services: str, number: signal.Signals = signal.SIGTERM) -> None:
        """Tell them to end, or kill them, and wait until they are gone."""
        for service in services:
            self.send(service, number)
        for service in services:
            ended = self.fleet.processes[service].wait(GIVE_UP_SECONDS)
            del self.fleet.processes[service]  # one that does not end is killed with the fleet
            assert ended in (0, STOPPED_EARLY, -number), self.log(service)

    def ended_by_themselves(self) -> dict[str, str]:
        """The last lines of services that ended by themselves."""
        ended = [service for service, process in self.fleet.processes.items() if process.poll() is not None]
        return {service: self.log(service)[-2000:] for service in ended}


@contextmanager
def installation(
    folder: Path, servers: Addresses, folders: Sequence[Path], ways: Addresses | None = None, **variables: str
) -> Iterator[Installation]:
    """One of its own, without any service yet."""
    name = f"t-{uuid.uuid4().hex[:12]}"
    with (
        _dropped(servers, name.replace("-", "_")),
        Fleet(servers, folder / name, name, **{**QUICK, **variables}) as fleet,
        _opened(fleet) as system,
    ):
        for group in (DISPATCHERS, WORKERS, EXPRESS_WORKERS):
            give_sessions(servers.kafka, f"{name}.{group}", DEAD_SECONDS)
        yield Installation(fleet, system, servers, folders, ways or servers)


def _reaching(ways: Addresses) -> dict[str, str]:
    host, port = ways.cassandra
    return {
        "kafka_bootstrap_servers": ways.kafka,
        "cassandra_contact_points": host,
        "cassandra_port": str(port),
        "s3_endpoint_url": ways.s3_url,
    }


@contextmanager
def _dropped(servers: Addresses, keyspace: str) -> Iterator[None]:
    """Drop the keyspace at the end: each table that was written to keeps a megabyte of the server's memory."""
    yield
    hosts, port = servers.cassandra
    settings = CassandraSettings(contact_points=tuple(hosts.split(",")), port=port, keyspace=keyspace)
    with closing(CassandraSession(settings)) as session:
        session.define("DROP KEYSPACE IF EXISTS {ks}")


@contextmanager
def _opened(fleet: Fleet) -> Iterator[System]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in fleet.variables.items():
            patch.setenv(name, value)
        system = cluster(load_settings())
    try:
        yield system
    finally:
        system.close()


def by_way_of(lines: Mapping[str, SpoiltConnection], addresses: Addresses) -> Addresses:
    """`addresses` as services see them that reach each server over its connection in `lines`."""
    host, port = lines["cassandra"].address.rsplit(":", 1)
    return dataclasses.replace(
        addresses,
        kafka=lines["kafka"].address,
        cassandra=(host, int(port)),
        s3_url=f"http://{lines['s3'].address}",
    )
