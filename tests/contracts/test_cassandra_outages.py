"""Cassandra that goes away, hangs and comes back: writes wait and go on, and what cannot be is said in time."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager

import msgspec
import pytest

from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.cassandra_control_store import CassandraControlStore
from penstock.adapters.cluster.cassandra_profile_store import CassandraProfileStore
from penstock.adapters.cluster.cassandra_schema import VERSION, applied_version
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.domain.errors import Conflict, Unavailable
from penstock.domain.profiles.epochs import Partition
from penstock.domain.profiles.fragments import StoredFragment
from penstock.ports.control_store import Record, Table
from tests.support.servers import Servers
from tests.support.toxics import SpoiltConnection, spoilt_connection
from tests.support.waiting import until

BITS = 4
PLACE = Partition(7, 0)
FRAGMENTS = 6_000
BEYOND = b"\xff" * 64
WAIT_SECONDS = 240


@pytest.fixture
def line(real_servers: Servers) -> Iterator[SpoiltConnection]:
    addresses = real_servers.use("cassandra", "toxiproxy").addresses
    host, port = addresses.cassandra
    with spoilt_connection(addresses.toxiproxy, f"{host}:{port}") as line:
        yield line


@pytest.fixture
def through(cassandra_settings: CassandraSettings, line: SpoiltConnection) -> CassandraSettings:
    host, port = line.address.rsplit(":", 1)
    return msgspec.structs.replace(
        cassandra_settings,
        contact_points=(host,),
        port=int(port),
        request_timeout_seconds=0.5,
        batch_fragments=4,
        batches_in_flight=4,
    )


@pytest.fixture
def direct(cassandra_settings: CassandraSettings) -> Iterator[CassandraControlStore]:
    """Another handle, whose line is sound."""
    with closing(CassandraControlStore(CassandraSession(cassandra_settings))) as store:
        yield store


@pytest.fixture
def tenant() -> str:
    return f"tenant-{random.getrandbits(64):x}"


def fragments() -> list[StoredFragment]:
    return sorted(StoredFragment(random.randbytes(44), random.randbytes(100)) for _ in range(FRAGMENTS))


def test_a_server_that_answers_late_is_connected_to(
    cassandra_settings: CassandraSettings, through: CassandraSettings, line: SpoiltConnection
) -> None:
    patient = msgspec.structs.replace(through, request_timeout_seconds=cassandra_settings.request_timeout_seconds)
    with line.toxic("latency", latency=2_100), closing(CassandraSession(patient)) as session:
        assert applied_version(session) == VERSION


@pytest.mark.parametrize("kind", ["reset_peer", "timeout"])
def test_a_write_goes_on_when_the_server_is_back(
    through: CassandraSettings, line: SpoiltConnection, tenant: str, kind: str
) -> None:
    written = fragments()
    with closing(CassandraProfileStore(CassandraSession(through))) as store, ThreadPoolExecutor(1) as threads:
        with line.toxic("latency", latency=20):  # so long that it cannot have ended
            running = threads.submit(store.write, tenant, PLACE.epoch, written, bits=BITS, timestamp_us=1)
            wait_for_some(store, tenant)
            with line.toxic(kind, timeout=0):
                time.sleep(1)  # so long that requests have timed out and been tried again
                assert not running.done()
        running.result(WAIT_SECONDS)
        assert [
            each for bucket in range(2**BITS) for each in store.scan(tenant, Partition(PLACE.epoch, bucket))
        ] == written


def test_a_server_that_hangs_is_sent_less(through: CassandraSettings, line: SpoiltConnection, tenant: str) -> None:
    with closing(CassandraProfileStore(CassandraSession(through))) as store, ThreadPoolExecutor(1) as threads:
        before = store.in_flight_limit
        with line.toxic("latency", latency=20):  # so long that it cannot have ended
            running = threads.submit(store.write, tenant, PLACE.epoch, fragments(), bits=BITS, timestamp_us=1)
            wait_for_some(store, tenant)
            with line.toxic("timeout", timeout=0):
                until(lambda: store.in_flight_limit < before)
        running.result(WAIT_SECONDS)
        assert store.in_flight_limit > 1


def test_an_outage_ends_in_unavailable_after_the_timeout(
    through: CassandraSettings, line: SpoiltConnection, tenant: str
) -> None:
    session = CassandraSession(msgspec.structs.replace(through, timeout_seconds=1))
    with closing(CassandraProfileStore(session)) as store:
        control = CassandraControlStore(session)
        prepare(control, tenant)
        record = control.create(Table.REQUESTS, tenant, "", "r", b"{}")
        calls = [
            lambda: store.write(tenant, PLACE.epoch, [StoredFragment(bytes(44), b"")], bits=BITS, timestamp_us=1),
            lambda: store.read(tenant, [PLACE], b"", BEYOND),
            lambda: control.replace(record, b"{}"),
            lambda: control.put(Table.CHUNK_MANIFESTS, tenant, "r", "0", b"{}"),
        ]
        for call in calls:
            call()
        with line.toxic("timeout", timeout=0):
            for call in calls:
                with pytest.raises(Unavailable):
                    call()


def test_a_change_whose_answer_was_lost_is_found_to_have_won(
    through: CassandraSettings, line: SpoiltConnection, direct: CassandraControlStore, tenant: str
) -> None:
    with closing(CassandraControlStore(CassandraSession(through))) as store, ThreadPoolExecutor(1) as threads:
        prepare(store, tenant)
        with line.toxic("timeout", timeout=0):
            creating = threads.submit(store.create, Table.REQUESTS, tenant, "", "r", b"{}")
            until(lambda: direct.get(Table.REQUESTS, tenant, "", "r") is not None)
        created = creating.result(WAIT_SECONDS)
        with line.toxic("timeout", timeout=0):
            replacing = threads.submit(store.replace, created, b"[]")
            until(lambda: direct.get(Table.REQUESTS, tenant, "", "r") != created)
        assert replacing.result(WAIT_SECONDS) == direct.get(Table.REQUESTS, tenant, "", "r")


def test_a_change_that_was_lost_is_made_unless_another_came_first(
    through: CassandraSettings, line: SpoiltConnection, direct: CassandraControlStore, tenant: str
) -> None:
    with closing(CassandraControlStore(CassandraSession(through))) as store, ThreadPoolExecutor(2) as threads:
        prepare(store, tenant)
        record = store.create(Table.REQUESTS, tenant, "", "replaced", b"{}")
        with line.toxic("timeout", stream="upstream", timeout=0):
            first = threads.submit(store.create, Table.REQUESTS, tenant, "", "first", b"{}")
            second = threads.submit(store.replace, record, b"mine")
            theirs = direct.replace(record, b"theirs")
            time.sleep(through.request_timeout_seconds * 2)  # so long that both have been given up once
        assert first.result(WAIT_SECONDS) == direct.get(Table.REQUESTS, tenant, "", "first")
        with pytest.raises(Conflict):
            second.result(WAIT_SECONDS)
        assert direct.get(Table.REQUESTS, tenant, "", "replaced") == theirs


@contextmanager
def replacing_two(
    through: CassandraSettings, line: SpoiltConnection, tenant: str, *, stream: str = "downstream"
) -> Iterator[tuple[Record, Record, Future[list[Record | None]]]]:
    """Two records, and what comes of replacing both, which loses all of `stream` within the block and ends after it."""
    with closing(CassandraControlStore(CassandraSession(through))) as store, ThreadPoolExecutor(1) as threads:
        prepare(store, tenant)
        first, second = (store.create(Table.REQUESTS, tenant, "", sort, b"{}") for sort in ("first", "second"))
        with line.toxic("timeout", stream=stream, timeout=0):
            yield first, second, threads.submit(store.replace_each, [(first, b"[]"), (second, b"[]")])


def test_changes_whose_answer_was_lost_are_found_to_have_won_or_not_together(
    through: CassandraSettings, line: SpoiltConnection, direct: CassandraControlStore, tenant: str
) -> None:
    with replacing_two(through, line, tenant) as (_, second, replacing):
        until(lambda: direct.get(Table.REQUESTS, tenant, "", "second") != second)
    replaced = replacing.result(WAIT_SECONDS)
    assert replaced == [direct.get(Table.REQUESTS, tenant, "", sort) for sort in ("first", "second")]


def test_of_changes_that_were_lost_those_are_made_where_no_other_came_first(
    through: CassandraSettings, line: SpoiltConnection, direct: CassandraControlStore, tenant: str
) -> None:
    with replacing_two(through, line, tenant, stream="upstream") as (_, second, replacing):
        theirs = direct.replace(second, b"theirs")
        time.sleep(through.request_timeout_seconds * 2)  # so long that it has been given up once
    assert replacing.result(WAIT_SECONDS) == [direct.get(Table.REQUESTS, tenant, "", "first"), None]
    assert direct.get(Table.REQUESTS, tenant, "", "second") == theirs


def test_a_change_that_others_went_on_from_is_not_decided(
    through: CassandraSettings, line: SpoiltConnection, direct: CassandraControlStore, tenant: str
) -> None:
    with closing(CassandraControlStore(CassandraSession(through))) as store, ThreadPoolExecutor(1) as threads:
        prepare(store, tenant)
        with line.toxic("timeout", timeout=0):
            creating = threads.submit(store.create, Table.REQUESTS, tenant, "", "r", b"{}")
            until(lambda: direct.get(Table.REQUESTS, tenant, "", "r") is not None)
            created = direct.get(Table.REQUESTS, tenant, "", "r")
            assert created is not None
            direct.replace(created, b"[]")
        with pytest.raises(Unavailable, match="read it again"):
            creating.result(WAIT_SECONDS)


def test_a_client_that_cannot_connect_reports_that(through: CassandraSettings, line: SpoiltConnection) -> None:
    with line.toxic("reset_peer", timeout=0), pytest.raises(Unavailable):
        CassandraSession(through)


def prepare(store: CassandraControlStore, tenant: str) -> None:
    """Have the statements prepared, which an outage would also hold up."""
    store._outcome(store.replace(store.create(Table.REQUESTS, tenant, "", "prepared", b"{}"), b"{}"))


def wait_for_some(store: CassandraProfileStore, tenant: str) -> None:
    until(lambda: next(store.scan(tenant, PLACE), None) is not None)
