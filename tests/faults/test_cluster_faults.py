"""On the cluster runtime: real processes on real servers, killed, stopped and cut off.

One installation for all; each fault ends in the invariant over all that was uploaded so far. What takes long, or has a
short form elsewhere, is for `make test-faults`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from cassandra.cluster import Cluster
from confluent_kafka import TopicPartition as Place
from confluent_kafka.admin import AdminClient

from penstock.domain.events import CHUNK_READY, PROGRESS, UPLOAD_REQUESTED
from penstock.domain.requests.request import Status
from penstock.failpoints import VARIABLE
from services.row_processor.dispatcher import WINDOW
from services.status_tracker.main import reconciler
from tests.support import messy_file
from tests.support.ingest_failpoints import INGEST_NAMES, UPLOADER_NAMES
from tests.support.installation import GROUPS, Installation, installation
from tests.support.invariant import check_finished, check_finished_first, check_safe
from tests.support.servers import Servers
from tests.support.toxics import SpoiltConnection, spoilt_connection
from tests.support.waiting import until

KILLED = -signal.SIGKILL
WORKER_NAMES = [name for name in INGEST_NAMES if name.startswith("worker.")]
TRACKER_NAMES = [name for name in INGEST_NAMES if name.startswith(("tracker.", "notifier.", "consume."))]

REFUSED = ("consume.fenced", "committing ")  # or left without an answer while it rejoins
AWAY_SECONDS = 10.0  # for several tries, of which the log says nothing
CHUNK_OF_MANY = 2_000  # bytes; of two attempts' cells either may be the larger, and of a few, one attempt's may be all
# For one that is stopped: else what it waits for when it wakes is overdue, and it drops the chunk before it commits.
PATIENT = {
    "cassandra_request_timeout_seconds": "600",
    "cassandra_timeout_seconds": "600",
    "kafka_delivery_timeout_seconds": "600",
}


def long(*values: Any) -> Any:
    """A case for `make test-faults` alone."""
    return pytest.param(*values, marks=pytest.mark.server_faults)


@pytest.fixture(scope="module")
def cassandra(real_servers: Servers) -> Iterator[SpoiltConnection]:
    addresses = real_servers.use("cassandra", "toxiproxy").addresses
    host, port = addresses.cassandra
    with spoilt_connection(addresses.toxiproxy, f"{host}:{port}") as line:
        yield line


@pytest.fixture(scope="module")
def s3(real_servers: Servers) -> Iterator[SpoiltConnection]:
    addresses = real_servers.use("s3", "toxiproxy").addresses
    with spoilt_connection(addresses.toxiproxy, addresses.s3_url.removeprefix("http://")) as line:
        yield line


@pytest.fixture(scope="module")
def place(
    real_servers: Servers, cassandra: SpoiltConnection, s3: SpoiltConnection, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    stack = real_servers.use("kafka", "cassandra", "s3")
    host, port = cassandra.address.rsplit(":", 1)
    ways = replace(stack.addresses, cassandra=(host, int(port)), s3_url=f"http://{s3.address}")
    with installation(tmp_path_factory.mktemp("fleet"), stack.addresses, [stack.folder], ways) as place:
        yield place


@pytest.fixture(autouse=True)
def _nothing_left_behind(place: Installation) -> Iterator[None]:
    """What a test that failed has left running must not meddle with the next one's files."""
    yield
    place.end(*place.fleet.processes, number=signal.SIGKILL)


@pytest.fixture
def dispatcher(place: Installation) -> Iterator[str]:
    yield from lasting(place, "dispatcher")


@pytest.fixture
def tracker(place: Installation) -> Iterator[str]:
    yield from lasting(place, "tracker")


@pytest.fixture
def worker(place: Installation) -> Iterator[str]:
    yield from lasting(place, "worker")


def lasting(place: Installation, kind: str) -> Iterator[str]:
    """A service for one test."""
    name = place.start(kind)
    yield name
    place.end(name)


@pytest.mark.server_faults
@pytest.mark.usefixtures("dispatcher", "worker", "tracker")
def test_an_uploader_that_is_killed_is_asked_again_with_the_same_key(place: Installation) -> None:
    killed = [uploader(place, name, f"{name}:1") for name in UPLOADER_NAMES]
    assert [process.wait() for process in killed] == [KILLED] * len(UPLOADER_NAMES)
    check_safe(place)
    answers = [[uploader(place, name) for name in UPLOADER_NAMES] for _ in range(2)]
    first, second = ([process.communicate()[0] for process in each] for each in answers)
    assert first == second
    place.bodies |= dict.fromkeys(first, messy_file.BODY)
    check_finished(place)


def uploader(place: Installation, key: str, failpoint: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.support.uploader_process", str(place.fleet.folder), key]
    environment = {**os.environ, **place.fleet.variables, VARIABLE: failpoint}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.mark.usefixtures("dispatcher", "tracker")
def test_chunks_of_killed_workers_are_completed(place: Installation) -> None:
    """One dies at each of the steps of a chunk, in the same file."""
    victims = [place.start("worker", failpoint=f"{name}:2") for name in WORKER_NAMES]
    place.upload(messy_file.longer(8))
    place.await_death(*victims)
    check_safe(place)
    heir = place.start("worker")
    check_finished(place)
    place.end(heir)


@pytest.mark.server_faults
@pytest.mark.usefixtures("dispatcher", "worker")
@pytest.mark.parametrize("name", TRACKER_NAMES)
def test_a_tracker_killed_at_any_failpoint_announces_each_status(place: Installation, name: str) -> None:
    victim = place.start("tracker", failpoint=f"{name}:1")
    place.upload()
    place.await_death(victim)
    check_safe(place)
    heir = place.start("tracker")
    check_finished(place)
    place.end(heir)


@pytest.mark.server_faults
@pytest.mark.usefixtures("dispatcher", "worker")
def test_trackers_that_are_restarted_while_events_come_miss_none(place: Installation) -> None:
    """faust once dropped what it had noted as read: only the reconciler made up for that, a minute later."""
    for _ in range(8):
        tracker = place.start("tracker")
        place.finished(place.upload())
        place.end(tracker)
        assert "reconcile." not in place.log(tracker)
    tracker = place.start("tracker")
    check_finished(place)
    place.end(tracker)


@pytest.mark.usefixtures("dispatcher", "tracker")
@pytest.mark.parametrize("name", ["worker.before_upsert", *map(long, [*WORKER_NAMES[1:], "consume.before_commit"])])
def test_a_worker_that_was_stopped_for_long_does_no_harm(place: Installation, name: str) -> None:
    zombie = place.start("worker", failpoint=f"{name}:2:stop", **PATIENT)
    request_id = place.upload(messy_file.longer(20), chunk_bytes=CHUNK_OF_MANY)
    place.await_stop(zombie)
    heir = place.start("worker")
    place.finished(request_id)
    until(lambda: place.system.log.lag(GROUPS[CHUNK_READY], CHUNK_READY) == 0)  # the heir has the zombie's partition
    before = stored(place)
    place.send(zombie, signal.SIGCONT)
    until(lambda: any(refused in place.log(zombie) for refused in REFUSED))
    place.end(zombie)
    after = stored(place)
    assert after.keys() == before.keys()
    if name == "worker.before_upsert":  # the same chunk, sealed again, at the same time: the larger cells have won
        assert after != before
    check_finished(place)
    place.end(heir)


@pytest.mark.usefixtures("tracker", "worker")
@pytest.mark.parametrize("name", ["dispatcher.chunk_sent", long("dispatcher.began")])
def test_a_dispatcher_that_is_killed_with_lanes_full_is_replaced(place: Installation, name: str) -> None:
    victim = place.start("dispatcher", failpoint=f"{name}:2")
    for times in (8, 2, 1):
        place.upload(messy_file.longer(times))
    place.await_death(victim)
    check_safe(place)
    heir = place.start("dispatcher")
    check_finished(place)
    place.end(heir)


@pytest.mark.server_faults
@pytest.mark.usefixtures("tracker", "worker")
def test_a_dispatcher_that_was_stopped_for_long_does_no_harm(place: Installation) -> None:
    """It still believes that it owns its tenants, and goes on where it was."""
    zombie = place.start("dispatcher", failpoint="dispatcher.chunk_sent:2:stop", **PATIENT)
    request_id = place.upload(messy_file.longer(20), chunk_bytes=CHUNK_OF_MANY)
    place.await_stop(zombie)
    heir = place.start("dispatcher")
    place.finished(request_id)
    place.upload(messy_file.longer(4))
    place.send(zombie, signal.SIGCONT)
    check_finished(place)
    place.end(zombie, heir)


def stored(place: Installation) -> dict[tuple[bytes, int], bytes]:
    """Each cell by its key and the time that it was written at."""
    host, port = place.servers.cassandra
    keyspace = place.fleet.variables["PENSTOCK_CASSANDRA_KEYSPACE"]
    with Cluster([host], port=port) as cluster:
        cells = cluster.connect(keyspace).execute(
            "SELECT fragment_key, fragment, WRITETIME(fragment) AS at_us FROM profile_fragments"
        )
        return {(cell.fragment_key, cell.at_us): cell.fragment for cell in cells}


@pytest.mark.usefixtures("dispatcher", "tracker")
@pytest.mark.parametrize(("most_kills", "longest_pause"), [(3, 3.0), long(8, 20.0)])
def test_workers_that_come_and_go_in_a_storm_skip_nothing(
    place: Installation, most_kills: int, longest_pause: float
) -> None:
    """One to four at a time, ended and killed by turns."""
    random, workers, kills = Random(1), [place.start("worker")], 0
    request_id = place.upload(messy_file.longer(20))
    while kills < most_kills:
        if len(workers) == 1 or (len(workers) < 4 and random.random() < 0.5):
            workers.append(place.start("worker"))
        else:
            victim = workers.pop(random.randrange(len(workers)))
            place.end(victim, number=(signal.SIGTERM, signal.SIGKILL)[kills % 2])
            kills += 1
        if place.request(request_id).status.ended:
            request_id = place.upload(messy_file.longer(20))
        time.sleep(random.uniform(1.0, longest_pause))  # the storm's own pace
    check_safe(place)
    check_finished(place)
    place.end(*workers)


@pytest.mark.server_faults
@pytest.mark.usefixtures("dispatcher", "tracker")
@pytest.mark.parametrize("patient", [False, True])
def test_chunks_whose_events_have_expired_are_reconciled(place: Installation, patient: bool) -> None:
    worker, request_id = started_after_expiry(
        place, "worker", CHUNK_READY, messy_file.longer(2), lambda each: place.request(each).started_at
    )
    assert place.request(request_id).chunks_done == 0
    reconcile(place, patient=patient)
    check_finished(place)
    place.end(worker)


def started_after_expiry(
    place: Installation, kind: str, topic: str, body: bytes, ready: Callable[[str], object]
) -> tuple[str, str]:
    """A service that was away while the events of `topic` expired, and the request that they were about.

    They do as soon as the request is `ready`. A file that was finished before has given the group offsets.
    """
    service = place.start(kind)
    check_finished_first(place)
    place.end(service)
    request_id = place.upload(body)
    until(lambda: ready(request_id))
    expire(place, topic)
    service = place.start(kind)
    place.await_log(service, "consume.events_expired")
    return service, request_id


def expire(place: Installation, topic: str) -> None:
    """Delete all its events, as a retention that is too short does."""
    admin = AdminClient({"bootstrap.servers": place.servers.kafka})
    name = place.fleet.variables["PENSTOCK_KAFKA_PREFIX"] + topic
    places = [Place(name, partition, -1) for partition in range(place.system.log.partitions(topic))]
    for deleted in admin.delete_records(places).values():
        deleted.result()


def reconcile(place: Installation, *, patient: bool) -> None:
    """Leave it to the tracker, or look twice ourselves, without its timeout of a minute."""
    if not patient:
        own = reconciler(place.system, quiet_seconds=0)
        own.reconcile()
        own.reconcile()


@pytest.mark.server_faults
@pytest.mark.usefixtures("dispatcher", "worker")
@pytest.mark.parametrize("patient", [False, True])
def test_progress_that_has_expired_is_counted_from_the_manifests(place: Installation, patient: bool) -> None:
    rows = messy_file.BODY.count(b"\n") - 1

    def ingested(request_id: str) -> bool:
        manifests = place.system.chunks.manifests(messy_file.TENANT, request_id)
        return sum(manifest.rows_read for manifest in manifests) >= rows

    tracker, request_id = started_after_expiry(place, "tracker", PROGRESS, messy_file.BODY, ingested)
    assert place.request(request_id).status is Status.SCHEDULED
    reconcile(place, patient=patient)
    check_finished(place)
    place.end(tracker)


@pytest.mark.server_faults
@pytest.mark.usefixtures("worker", "tracker")
def test_an_upload_whose_event_has_expired_is_sent_again(place: Installation) -> None:
    dispatcher, _ = started_after_expiry(place, "dispatcher", UPLOAD_REQUESTED, messy_file.BODY, lambda _: True)
    reconcile(place, patient=True)
    check_finished(place)
    place.end(dispatcher)


@pytest.mark.server_faults
@pytest.mark.usefixtures("dispatcher", "tracker")
def test_a_group_whose_offsets_are_gone_does_all_again_and_counts_nothing_twice(place: Installation) -> None:
    worker = place.start("worker")
    check_finished_first(place)
    place.end(worker)
    admin = AdminClient({"bootstrap.servers": place.servers.kafka})
    group = place.fleet.variables["PENSTOCK_KAFKA_PREFIX"] + GROUPS[CHUNK_READY]
    admin.delete_consumer_groups([group])[group].result()
    assert place.system.log.lag(GROUPS[CHUNK_READY], CHUNK_READY) > 0
    worker = place.start("worker")
    place.upload()
    check_finished(place)
    place.end(worker)


@pytest.mark.server_faults
@pytest.mark.usefixtures("dispatcher", "tracker")
def test_a_database_that_is_away_is_waited_for(place: Installation, worker: str, cassandra: SpoiltConnection) -> None:
    request_id = place.upload(messy_file.longer(40))
    place.await_chunks(request_id, 3)
    with cassandra.away():
        place.await_log(worker, "dependency.unavailable")
        until(lambda: place.system.log.lag(GROUPS[CHUNK_READY], CHUNK_READY) == WINDOW)
        time.sleep(AWAY_SECONDS)
        assert place.system.log.lag(GROUPS[CHUNK_READY], CHUNK_READY) == WINDOW
        check_safe(place)
    check_finished(place)


@pytest.mark.server_faults
@pytest.mark.usefixtures("dispatcher", "tracker", "worker")
def test_an_object_store_that_is_slow_short_and_resets_is_asked_again(
    place: Installation, s3: SpoiltConnection
) -> None:
    request_id = place.upload()
    with (
        s3.toxic("latency", latency=20, jitter=20),
        s3.toxic("slicer", average_size=100, size_variation=50, delay=10),
        s3.toxic("limit_data", toxicity=0.2, bytes=2000),  # in the midst of an answer
        s3.toxic("reset_peer", toxicity=0.1, timeout=20),
    ):
        place.finished(request_id)
    check_finished(place)


@pytest.mark.server_faults
@pytest.mark.usefixtures("dispatcher", "tracker")
def test_a_file_that_was_changed_in_the_store_fails_alone(place: Installation) -> None:
    damaged, sound = place.upload(messy_file.longer(2)), place.upload()
    until(lambda: all(place.request(each).started_at for each in (damaged, sound)))
    (path,) = [
        path
        for folder in place.folders
        for path in (folder / "s3" / "data" / place.fleet.name).rglob("*")
        if place.request(damaged).object_key.rpartition("/")[2] in path.name
    ]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    worker = place.start("worker")
    failed = place.finished(damaged)
    assert failed.error is not None
    assert failed.error.code == "corrupt"
    place.failed.add(damaged)
    check_finished(place)
    place.end(worker)
