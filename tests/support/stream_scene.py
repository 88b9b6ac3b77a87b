"""Accepted requests in an embedded control store, their progress in real Kafka, and trackers that a test lets loose."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from pathlib import Path

from msgspec.structs import replace

from penstock.adapters.cluster.faust_consumer import FaustConsumer
from penstock.adapters.cluster.kafka_event_log import KafkaEventLog
from penstock.adapters.cluster.kafka_settings import KafkaSettings
from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.adapters.system_clock import SystemClock
from penstock.application.consuming.worker_pool import WorkerPool
from penstock.application.requests.requests import Requests
from penstock.domain.event_codec import decode, encode
from penstock.domain.events import (
    DEAD_LETTER,
    PROGRESS,
    STATUS,
    UPLOAD_REQUESTED,
    ChunkDone,
    DeadLetter,
    Progress,
    Split,
    Started,
    StatusChanged,
    Step,
)
from penstock.domain.requests.request import Request, apply
from penstock.failpoints import VARIABLE
from penstock.ports.control_store import Table
from services.status_tracker.announcer import Announcer
from services.status_tracker.main import POOL_SIZE
from services.status_tracker.outbox import Outbox
from services.status_tracker.tracker import Tracker
from tests.support.acceptance import TENANT, accept
from tests.support.waiting import until

GROUP = "penstock.trackers"
PARTITIONS = 4


def kafka_settings(servers: str, prefix: str) -> KafkaSettings:
    """With the shortest session that a broker allows, since a dead member's partitions are waited for."""
    return KafkaSettings(bootstrap_servers=servers, prefix=prefix, replication_factor=1, session_timeout_seconds=6.0)


class StreamScene:
    def __init__(self, folder: Path, servers: str) -> None:
        self.folder, self.servers, self.prefix = folder, servers, f"t-{uuid.uuid4().hex[:12]}."
        folder.mkdir()
        self.log = KafkaEventLog(kafka_settings(servers, self.prefix))
        self.log.create_topics({PROGRESS: PARTITIONS, STATUS: 1, UPLOAD_REQUESTED: 1, DEAD_LETTER: 1})
        self.store = EmbeddedControlStore(folder / "control.db")
        self.store.put(Table.DATA_KEYS, TENANT, "general", "1", b"wrapped")  # what makes a tenant
        self.clock = SystemClock()
        self.requests = Requests(self.store, self.clock)
        self.expected: dict[str, Request] = {}

    def accept(self, count: int, *notify: str) -> list[str]:
        """The ids of that many new requests."""
        made = [accept(self.requests, *notify) for _ in range(count)]
        self.expected |= {request.request_id: request for request in made}
        return [request.request_id for request in made]

    def progress(self, request_ids: Sequence[str], chunks: int) -> list[Progress]:
        """All steps of these requests; what they come to is expected from here on."""
        steps = steps_of(chunks)
        for request_id in request_ids:
            self.expected[request_id] = reduce(apply, steps, self.expected[request_id])
        return [Progress(tenant_id=TENANT, request_id=each, step=step) for each in request_ids for step in steps]

    def send(self, events: Sequence[Progress]) -> None:
        producer = self.log.producer()
        for event in events:
            producer.send(PROGRESS, event.key, encode(event))
        producer.flush()

    def states(self) -> dict[str, Request]:
        """As they are stored, without what is noted besides the fold."""
        now = [self.requests.get(TENANT, request_id) for request_id in self.expected]
        return {request.request_id: replace(request, told=None) for request in now}

    def await_end(self) -> None:
        """Until every request is what it should be, and every event is committed."""
        until(lambda: all(request.status.ended for request in self.states().values()))
        until(lambda: self.log.lag(GROUP, PROGRESS) == 0)
        assert self.states() == self.expected

    def told(self) -> list[tuple[str, str]]:
        events = [decode(STATUS, message.value) for message in self.log.read(STATUS, 0, 0, 10_000)]
        return [(event.request_id, event.status) for event in events if isinstance(event, StatusChanged)]

    def dead_letters(self) -> list[DeadLetter]:
        letters = [decode(DEAD_LETTER, message.value) for message in self.log.read(DEAD_LETTER, 0, 0, 10_000)]
        return [letter for letter in letters if isinstance(letter, DeadLetter)]

    def tracker(self, kind: type[Tracker] = Tracker) -> FaustConsumer:
        pool = WorkerPool(POOL_SIZE)
        announcer = Announcer(log=self.log, requests=self.requests, outbox=Outbox(self.store), pool=pool)
        return FaustConsumer(
            kafka=kafka_settings(self.servers, self.prefix),
            group=GROUP,
            topic=PROGRESS,
            handle=kind(requests=self.requests, announcer=announcer, pool=pool).handle,
            events=self.log,
            clock=self.clock,
        )

    @contextmanager
    def process(self, smtp_port: int = 0, *options: str, failpoint: str = "") -> Iterator[subprocess.Popen[str]]:
        """A tracker process, which lives until the end of the block at most."""
        module = [sys.executable, "-m", "tests.support.stream_tracker_process"]
        command = [*module, str(self.folder), self.servers, self.prefix, str(smtp_port), *options]
        environment = {**os.environ, **({VARIABLE: failpoint} if failpoint else {})}
        root = Path(__file__).parents[2]
        process = subprocess.Popen(command, env=environment, cwd=root, stderr=subprocess.PIPE, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def close(self) -> None:
        self.log.close()
        self.store.close()


@contextmanager
def running(tracker: FaustConsumer) -> Iterator[FaustConsumer]:
    """A tracker in a thread of this process, until the end of the block."""
    thread = threading.Thread(target=tracker.run)
    thread.start()
    try:
        yield tracker
    finally:
        tracker.stop()
        thread.join()


def steps_of(chunks: int) -> list[Step]:
    counts = {"rows_read": 10, "rows_ingested": 9, "rows_rejected": 1}
    reasons = {"no_identifier": 1}
    done = [ChunkDone(at_us=1100 + chunk, chunk=chunk, reject_reasons=reasons, **counts) for chunk in range(chunks)]
    return [Started(at_us=1000), Split(at_us=1050, chunks=chunks, bytes=99), *done]


def repeated_and_shuffled(events: Sequence[Progress], seed: int) -> list[Progress]:
    """Each event one to three times, in any order."""
    seeded = random.Random(seed)
    many = [event for event in events for _ in range(seeded.randint(1, 3))]
    seeded.shuffle(many)
    return many
