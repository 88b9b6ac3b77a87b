"""On the cluster runtime: brokers and nodes that are killed and come back, and topics of poison."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from deploy.stack import sets
from deploy.stack.addresses import Ports
from deploy.stack.cassandra import Cassandra
from deploy.stack.kafka import Kafka
from deploy.stack.lease import Lease
from deploy.stack.stack import Stack
from penstock.application.consuming.processing import MAX_CONSECUTIVE_DEAD_LETTERS
from penstock.domain.events import CHUNK_READY, PROGRESS, UPLOAD_REQUESTED
from penstock.wiring.uploads import intake_of
from tests.support import messy_file
from tests.support.free_ports import free_port
from tests.support.installation import GROUPS, Installation, installation
from tests.support.invariant import check_finished, check_finished_first, check_safe, dead_letters
from tests.support.poison import external_request, poisons
from tests.support.servers import Servers, kill
from tests.support.toxics import spoilt_connection
from tests.support.waiting import until

pytestmark = pytest.mark.server_faults

BOUNCES = 5
AWAY_SECONDS = 10.0  # for several tries, of which the log says nothing
TOPICS = (UPLOAD_REQUESTED, CHUNK_READY, PROGRESS)
KILLS, CHUNKS_BETWEEN_KILLS, PEOPLE = 3, 100, 1_000
BEYOND = 7  # events over the limit of dead letters


@pytest.fixture(scope="module")
def shared(real_servers: Servers) -> Stack:
    return real_servers.use("kafka", "cassandra", "s3", "toxiproxy")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A Kafka that may be killed: no other test uses it."""
    with Lease(Stack(tmp_path_factory.mktemp("kafka"), [Kafka()], Ports.free())) as lease:
        yield Servers(lease).use("kafka")


@pytest.fixture
def place(shared: Stack, tmp_path: Path) -> Iterator[Installation]:
    with installation(tmp_path, shared.addresses, [shared.folder]) as place:
        yield place


@pytest.fixture
def bounced(shared: Stack, broker: Stack, tmp_path: Path) -> Iterator[Installation]:
    """On the broker that may be killed, with all its services."""
    addresses = replace(shared.addresses, kafka=broker.addresses.kafka)
    with installation(tmp_path, addresses, [shared.folder, broker.folder]) as place:
        for kind in ("dispatcher", "tracker", "worker", "worker"):
            place.start(kind)
        yield place


def test_a_broker_that_is_bounced_in_mid_file_loses_nothing(bounced: Installation, broker: Stack) -> None:
    """Hard and clean by turns."""
    request_id = bounced.upload(messy_file.longer(6 * BOUNCES))
    until(lambda: bounced.request(request_id).started_at)
    share = bounced.request(request_id).chunks_total // (BOUNCES + 1)
    for number in range(BOUNCES):
        bounced.await_chunks(request_id, number * share + 1)
        if number % 2:
            broker.down("kafka")
        else:
            kill(broker, "kafka")
        broker.up("kafka", lent=True)
    check_safe(bounced)
    check_finished(bounced)


def test_a_broker_that_is_away_for_longer_than_a_delivery_may_take(bounced: Installation, broker: Stack) -> None:
    """A worker waits; an uploader accepts what it has stored, and its event comes later."""
    worker = bounced.start("worker")
    request_id = bounced.upload(messy_file.longer(10))
    bounced.await_chunks(request_id, 5)
    broker.down("kafka")
    bounced.await_log(worker, "dependency.unavailable")
    command, key = bounced.command, "key-1"
    accepted = intake_of(bounced.system).upload(messy_file.TENANT, [messy_file.BODY], command, idempotency_key=key)
    check_safe(bounced)
    broker.up("kafka", lent=True)
    again = intake_of(bounced.system).upload(messy_file.TENANT, [messy_file.BODY], command, idempotency_key=key)
    assert again.request_id == accepted.request_id
    bounced.bodies[again.request_id] = messy_file.BODY
    check_finished(bounced)


def test_services_that_start_before_their_servers_wait_and_say_for_what(
    shared: Stack, broker: Stack, tmp_path: Path
) -> None:
    host, port = shared.addresses.cassandra
    api = shared.addresses.toxiproxy
    servers = replace(shared.addresses, kafka=broker.addresses.kafka)
    with (
        spoilt_connection(api, f"{host}:{port}") as cassandra,
        spoilt_connection(api, shared.addresses.s3_url.removeprefix("http://")) as s3,
        ExitStack() as kafka_away,
        ExitStack() as cassandra_away,
        ExitStack() as s3_away,
    ):
        far, number = cassandra.address.rsplit(":", 1)
        ways = replace(servers, cassandra=(far, int(number)), s3_url=f"http://{s3.address}")
        with installation(tmp_path, servers, [shared.folder, broker.folder], ways) as place:
            kafka_away.enter_context(down(broker, "kafka"))
            cassandra_away.enter_context(cassandra.away())
            s3_away.enter_context(s3.away())
            urls = {place.start(kind, ["--health-port", url.rsplit(":", 1)[1]]): url for kind, url in places()}
            for back, awaited in (
                (kafka_away, "check that the brokers run"),
                (cassandra_away, "Cassandra cannot complete"),
                (s3_away, "cannot be used in S3"),
            ):
                for service, url in urls.items():
                    if back is s3_away and service.startswith("tracker"):
                        continue  # it needs no bucket, and is at work by now
                    place.await_log(service, awaited)
                    reported = httpx.get(f"{url}/readyz")
                    assert reported.status_code == 503
                    assert "waits for its servers" in reported.json()["detail"]
                    assert httpx.get(f"{url}/healthz").status_code == 200
                back.close()
            for url in urls.values():
                until(lambda url=url: httpx.get(f"{url}/readyz").status_code == 200)  # type: ignore[misc]
            place.upload()
            check_finished(place)


def places() -> Iterator[tuple[str, str]]:
    """The kinds of services that tell their health, each with a free address to do so."""
    for kind in ("dispatcher", "worker", "tracker"):
        yield kind, f"http://127.0.0.1:{free_port()}"


@contextmanager
def down(stack: Stack, name: str) -> Iterator[None]:
    stack.down(name)
    try:
        yield
    finally:
        stack.up(name, lent=True)


def test_a_database_that_is_restarted_in_mid_file_is_waited_for(shared: Stack, tmp_path: Path) -> None:
    """Clean, then hard."""
    with Lease(Stack(tmp_path / "own", [Cassandra()], Ports.free())) as lease:
        own = Servers(lease).use("cassandra")
        addresses = replace(shared.addresses, cassandra=own.addresses.cassandra)
        with installation(tmp_path, addresses, [shared.folder, own.folder]) as place:
            place.start("dispatcher")
            place.start("tracker")
            worker = place.start("worker")
            request_id = place.upload(messy_file.longer(60))
            for number, stop in enumerate((lambda: own.down("cassandra"), lambda: kill(own, "cassandra")), 1):
                place.await_chunks(request_id, 40 * number)
                stop()
                place.await_log(worker, "dependency.unavailable", times=number)
                own.up("cassandra", lent=True)
                place.await_log(worker, "dependency.available", times=number)  # else the next outage is still this one
            check_safe(place)
            check_finished(place)


def test_a_database_that_is_killed_has_every_value_that_it_acknowledged(tmp_path: Path) -> None:
    """On the servers of `make stack`, as they are set up: a node alone, killed while chunks are done one after another.
    Every row is another person, whose values are compared: of periodic syncing the last 100 ms are missing."""
    with Lease(sets.single(tmp_path / "stack", Ports.free())) as lease:
        stack = Servers(lease).use("kafka", "cassandra", "s3")
        with installation(tmp_path, stack.addresses, [stack.folder]) as place:
            for kind in ("dispatcher", "tracker", "worker", "worker", "worker"):
                place.start(kind)
            request_id = place.upload(messy_file.people(PEOPLE))
            for number in range(KILLS):
                place.await_chunks(request_id, 20 + number * CHUNKS_BETWEEN_KILLS)
                kill(stack, "cassandra")
                stack.up("cassandra", lent=True)
            check_finished(place)


def test_a_node_of_three_is_not_missed_and_two_are_waited_for(shared: Stack, tmp_path: Path) -> None:
    with Lease(sets.ring(tmp_path / "ring", Ports.free())) as lease:
        ring = Servers(lease).use()
        port = ring.ports.cassandra
        addresses = replace(shared.addresses, cassandra=(",".join(sets.RING), port))
        with installation(
            tmp_path,
            addresses,
            [shared.folder, ring.folder],
            cassandra_replication="class=SimpleStrategy,replication_factor=3",
        ) as place:
            place.start("dispatcher")
            place.start("tracker")
            worker = place.start("worker")
            first = place.upload(messy_file.longer(10))
            place.await_chunks(first, 10)
            kill(ring, "cassandra-3")
            check_finished(place)
            assert "dependency.unavailable" not in place.log(worker)
            second = place.upload(messy_file.longer(10))
            place.await_chunks(second, 10)
            kill(ring, "cassandra-2")
            place.await_log(worker, "dependency.unavailable")
            lag = place.system.log.lag(GROUPS[CHUNK_READY], CHUNK_READY)
            time.sleep(AWAY_SECONDS)
            assert place.system.log.lag(GROUPS[CHUNK_READY], CHUNK_READY) == lag > 0
            ring.up("cassandra-2", lent=True)
            until(lambda: place.request(second))
            check_safe(place)
            check_finished(place)


@pytest.mark.parametrize("topic", TOPICS)
def test_poison_is_set_aside_with_its_reason(place: Installation, topic: str) -> None:
    """Between the events of one file, and before those of another."""
    external = external_request(place.system, place.command)
    dispatcher = place.start("dispatcher")
    place.start("tracker")
    worker = place.start("worker")
    check_finished_first(place)
    place.end(worker)
    request_id = place.upload()
    until(lambda: place.request(request_id).started_at)
    if topic == CHUNK_READY:  # of a request that has ended no chunk is looked into: this one has to wait
        place.end(dispatcher)
        request_id = place.upload()
    expected = poisons(topic, place.request(request_id), external)
    partitions = place.system.log.partitions(topic)
    send(place, topic, {partition: list(expected) for partition in range(partitions)})
    place.start("worker")
    until(lambda: len(dead_letters(place)) == len(expected) * partitions)
    if topic == CHUNK_READY:
        place.start("dispatcher")
    check_finished(place, letters=len(expected) * partitions)
    letters = dead_letters(place)
    assert {letter.value: letter.reason for letter in letters} == expected
    assert {letter.from_topic for letter in letters} == {topic}
    assert {(letter.from_partition, letter.value) for letter in letters} == {
        (partition, value) for partition in range(partitions) for value in expected
    }


def send(place: Installation, topic: str, values: dict[int, list[bytes]]) -> None:
    """Put these bytes into the partitions of a topic, whatever they are."""
    producer = place.system.log.producer()
    for partition, each in values.items():
        for value in each:
            producer.send(topic, b"key", value, partition=partition)
    producer.flush()


@pytest.mark.parametrize("topic", TOPICS)
def test_a_partition_of_nothing_but_poison_stops_and_its_neighbours_go_on(place: Installation, topic: str) -> None:
    """As a bad release would write it; a better one, which restarts the count, goes on with what is left."""
    services = {"dispatcher": UPLOAD_REQUESTED, "worker": CHUNK_READY, "tracker": PROGRESS}
    names = {services[kind]: place.start(kind) for kind in services}
    request_id = place.upload()
    last = place.system.log.partitions(topic) - 1
    send(place, topic, {last: [b"poison %d" % number for number in range(MAX_CONSECUTIVE_DEAD_LETTERS + BEYOND)]})
    place.await_log(names[topic], "consume.partition_stopped")
    assert len(dead_letters(place)) == MAX_CONSECUTIVE_DEAD_LETTERS
    check_safe(place)
    place.end(names[topic])
    place.start({of: kind for kind, of in services.items()}[topic])
    place.finished(request_id)
    check_finished(place, letters=MAX_CONSECUTIVE_DEAD_LETTERS + BEYOND)
