"""Progress events per second through `penstock tracker`, on real Kafka and Cassandra; the figures as one JSON document.

    python -m benchmarks.tracker [--stack .stack]

The servers of `make stack` must run. All events of a load are in Kafka before the tracker, whose process is stopped
meanwhile, goes on; the time ends when it has nothing left to do for any request: each is COMPLETED, and that is
announced. The requests have waited for so long that it has announced each as SCHEDULED before.

- large: 20 requests of 1,000 chunks, as when big files are under way;
- small: 2,000 requests of 3 chunks and of eight tenants, one request after another, without e-mail addresses.
"""

from __future__ import annotations

import argparse
import json
import signal
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import TopicPartition as Place

from benchmarks.control_store import control_store
from deploy.stack.addresses import Addresses
from deploy.stack.fleet import Fleet
from deploy.stack.sets import single
from penstock import struct_types
from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.adapters.cluster.kafka_event_log import KafkaEventLog
from penstock.adapters.cluster.kafka_inspector import KafkaInspector
from penstock.adapters.cluster.kafka_settings import KafkaSettings
from penstock.adapters.system_clock import SystemClock
from penstock.application.requests.requests import NewRequest, Requests
from penstock.config import load_section
from penstock.domain.event_codec import encode
from penstock.domain.events import PROGRESS, STATUS, ChunkDone, Progress, Started, Step
from penstock.domain.mapping.mapping import Mapping, Plan
from penstock.domain.requests.request import Request, Status
from penstock.ports.control_store import ControlStore, Table

LARGE = (20, 1_000)  # requests, chunks of each
SMALL = (2_000, 3)
WARM_UP = (200, 3)  # not timed: connections, prepared statements, the servers' JIT
TENANTS = [f"tenant-{number}" for number in range(8)]  # ids are given out one after another within a tenant
ROWS = 36_000  # of a chunk
LOOK_SECONDS = 0.05
GIVE_UP_SECONDS = 240.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", type=Path, default=Path(".stack"), help="the folder of the servers")
    servers = single(parser.parse_args().stack).addresses
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(servers, Path(folder) / "tracker")))


def measure(addresses: Addresses, folder: Path, **variables: str) -> dict[str, int]:
    """The events per second of each load, on the servers at `addresses`; `folder` is made, for the service's log.

    `variables` are the fleet's settings.

    Raises `TimeoutError` when the requests do not get to their ends, `ValueError` when one's end is wrong.
    """
    struct_types.prepare()
    with Fleet(addresses, folder, f"bench-{uuid.uuid4().hex[:8]}", **variables) as fleet, _load(fleet) as load:
        fleet.start("tracker")
        load.run(*WARM_UP)
        return {
            "tracker_events_per_second_large": round(load.run(*LARGE)),
            "tracker_events_per_second_small": round(load.run(*SMALL)),
        }


class Load:
    """Makes requests and their progress events, and reads from the stores how far the fleet's tracker is."""

    def __init__(self, fleet: Fleet, log: KafkaEventLog, store: ControlStore, kafka: KafkaSettings) -> None:
        self._fleet, self._log, self._store = fleet, log, store
        self._requests = Requests(store, SystemClock())
        self._inspector = KafkaInspector(kafka)
        self._status = [Place(kafka.prefix + STATUS, partition) for partition in range(log.partitions(STATUS))]
        for tenant_id in TENANTS:
            store.create(Table.DATA_KEYS, tenant_id, "general", "1", b"wrapped")  # a tenant exists when it has a key

    def run(self, count: int, chunks: int) -> float:
        """Events per second of `count` new requests with `chunks` each."""
        steps, before = _steps(chunks), self._status_events()
        requests = self._accept(count)
        _until(lambda: self._status_events() >= before + count)
        tracker = self._fleet.processes["tracker"]
        tracker.send_signal(signal.SIGSTOP)
        self._send(requests, steps)
        started = time.perf_counter()
        tracker.send_signal(signal.SIGCONT)
        _until(lambda: not self._active())
        seconds = time.perf_counter() - started
        self._check(requests, chunks)
        return count * len(steps) / seconds

    def _accept(self, count: int) -> list[Request]:
        """New requests in the order of their acceptance, in which the tenants take turns."""

        def accept_all(tenant: int) -> list[Request]:
            return [self._accept_one(TENANTS[tenant]) for _ in range(tenant, count, len(TENANTS))]

        with ThreadPoolExecutor(len(TENANTS)) as pool:
            accepted = [request for requests in pool.map(accept_all, range(len(TENANTS))) for request in requests]
        return sorted(accepted, key=lambda request: request.request_id)

    def _accept_one(self, tenant_id: str) -> Request:
        def plan_for(request_id: str, accepted_at_us: int) -> Plan:
            return Plan(
                tenant_id=tenant_id,
                request_id=request_id,
                data_source="crm",
                mapping=Mapping(data_source="crm", version=1, columns=()),
                attributes=(),
                accepted_at_us=accepted_at_us,
            )

        new = NewRequest(
            tenant_id=tenant_id,
            data_source="crm",
            file_name="customers.tsv",
            uploaded_by="bench",
            object_key="none",
            object_version="none",
            object_size=0,
        )
        return self._requests.accept(new, idempotency_key=None, fingerprint="", plan_for=plan_for)[0]

    def _send(self, requests: list[Request], steps: list[Step]) -> None:
        producer = self._log.producer()
        for request in requests:
            for step in steps:
                event = Progress(tenant_id=request.tenant_id, request_id=request.request_id, step=step)
                producer.send(PROGRESS, event.key, encode(event))
        producer.flush()

    def _active(self) -> bool:
        """Whether a request has not ended, or its end is not announced."""
        return any(next(self._requests.markers.list(tenant_id), None) for tenant_id in TENANTS)

    def _status_events(self) -> int:
        """The number of status events."""
        return sum(self._inspector.watermarks(place).end for place in self._status)

    def _check(self, requests: list[Request], chunks: int) -> None:
        for request in requests:
            end = self._requests.get(request.tenant_id, request.request_id)
            if (end.status, end.rows_read) != (Status.COMPLETED, chunks * ROWS):
                raise ValueError(f"request {end.request_id} is {end.status} with {end.rows_read} rows")


@contextmanager
def _load(fleet: Fleet) -> Iterator[Load]:
    kafka = load_section(KafkaSettings, "kafka", fleet.variables)
    log = KafkaEventLog(kafka)
    store = control_store(fleet, CassandraSession(load_section(CassandraSettings, "cassandra", fleet.variables)))
    try:
        yield Load(fleet, log, store, kafka)
    finally:
        store.close()
        log.close()


def _steps(chunks: int) -> list[Step]:
    def done(chunk: int) -> ChunkDone:
        return ChunkDone(at_us=3 + chunk, chunk=chunk, rows_read=ROWS, rows_ingested=ROWS, rows_rejected=0)

    started = [Started(at_us=1)] if chunks > 1 else []
    return [*started, *map(done, range(chunks))]


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the tracker did not get there in {GIVE_UP_SECONDS:.0f} s")
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    main()
