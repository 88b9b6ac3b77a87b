"""Accepted requests, their progress, and a status tracker on it, composed as its service is.

The stores are embedded; the event log is embedded too, or in Kafka. A test calls the tracker's parts itself, with a
clock that it sets and channels that fail as it wants, or runs them in a thread or in processes of their own.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from penstock.adapters.cluster.kafka_event_log import KafkaEventLog
from penstock.adapters.cluster.kafka_settings import KafkaSettings
from penstock.adapters.system_clock import SystemClock
from penstock.application.consuming.groups import TRACKERS
from penstock.application.consuming.worker_pool import WorkerPool
from penstock.application.delivery.email_channel import EmailChannel
from penstock.application.delivery.outbox import Outbox
from penstock.config import PREFIX, Settings
from penstock.domain.delivery.email_message import EmailStyle
from penstock.domain.event_codec import decode, encode
from penstock.domain.events import (
    DEAD_LETTER,
    PROGRESS,
    STATUS,
    ChunkDone,
    DeadLetter,
    Event,
    Progress,
    Started,
    StatusChanged,
    Step,
)
from penstock.domain.requests.request import Hold, Request
from penstock.domain.requests.status import apply
from penstock.failpoints import VARIABLE
from penstock.ports.channel import Channel
from penstock.ports.clock import Clock
from penstock.ports.control_store import Table
from penstock.ports.event_log import Message
from penstock.wiring import System, embedded
from penstock.wiring.system import topics
from services.status_tracker.main import POOL_SIZE, announcer, notifiers, reconciler, tracker
from services.status_tracker.tracker import Tracker
from tests.support.acceptance import TENANT, accept
from tests.support.manual_clock import ManualClock
from tests.support.scripted_channels import ScriptedMailer
from tests.support.waiting import until

if TYPE_CHECKING:
    from penstock.adapters.cluster.faust_consumer import FaustConsumer

SENDER = "penstock@mail.example"
MOST_EVENTS = 10_000
PARTITIONS = 4  # of `penstock.progress`


def tracker_system(folder: Path, clock: Clock, kafka: KafkaSettings | None = None) -> System:
    """The embedded runtime in `folder`, with its event log in Kafka when there are settings for that."""
    system = embedded(Settings(data=folder, mail_from=SENDER), clock=clock)
    if kafka is None:
        return system
    system.log.close()
    return system._replace(log=KafkaEventLog(kafka))


def stream_consumer(system: System, kafka: KafkaSettings, kind: type[Tracker] = Tracker) -> FaustConsumer:
    """The tracker of the cluster runtime."""
    from penstock.adapters.cluster.faust_consumer import FaustConsumer  # noqa: PLC0415 - takes a second to load

    pool = WorkerPool(POOL_SIZE)
    return FaustConsumer(
        kafka=kafka,
        group=TRACKERS,
        topic=PROGRESS,
        handle=kind(requests=system.requests, announcer=announcer(system, pool), pool=pool, clock=system.clock).handle,
        events=system.log,
        clock=SystemClock(),
    )


class TrackerHarness:
    """All parts of one status tracker with `pool` threads. A test may append to `channels` and start again."""

    def __init__(self, folder: Path, *, kafka: KafkaSettings | None = None, pool: int = 1) -> None:
        self.folder, self.kafka, self.pool = folder, kafka, WorkerPool(pool)
        self.clock, self.mailer = ManualClock(), ScriptedMailer()
        self.channels: list[Channel] = [EmailChannel(self.mailer, EmailStyle(SENDER))]
        self.system = tracker_system(folder, self.clock, kafka)
        self.log, self.store, self.chunks = self.system.log, self.system.control, self.system.chunks
        self.requests, self.outbox = self.system.requests, Outbox(self.store, self.clock)
        self.log.create_topics(topics(self.system.settings))
        self.store.put(Table.DATA_KEYS, TENANT, "general", "1", b"wrapped")  # a tenant exists when it has a key
        self.expected: dict[str, Request] = {}
        self.start()

    def start(self) -> None:
        """The tracker's parts, as after a restart of its process."""
        self.system = self.system._replace(channels=tuple(self.channels))
        self.tracker = tracker(self.system, self.pool)
        self.announcer = announcer(self.system, self.pool)
        self.notifiers = notifiers(self.system)
        self.notifier = self.notifiers[EmailChannel.name]
        self.reconciler = reconciler(self.system)

    # Requests and their progress

    def accept(self, *notify: str, tenant_id: str = TENANT, max_rejects: str | None = None, chunks: int = 1) -> Request:
        request = accept(self.requests, *notify, tenant_id=tenant_id, max_rejects=max_rejects, chunks=chunks)
        self.expected[request.request_id] = request
        return request

    def progress(self, request_id: str, steps: Sequence[Step]) -> list[Progress]:
        """The events of these steps; what they come to is expected from here on."""
        self.expected[request_id] = reduce(apply, steps, self.expected[request_id])
        return [Progress(tenant_id=TENANT, request_id=request_id, step=step) for step in steps]

    def send(self, events: Sequence[Progress]) -> None:
        producer = self.log.producer()
        for event in events:
            producer.send(PROGRESS, event.key, encode(event))
        producer.flush()

    def handle(self, request: Request, *steps: Step) -> Request:
        """Deliver `steps` of `request` as one batch; the request afterwards."""
        self.tracker.handle([delivered(request.tenant_id, request.request_id, step) for step in steps])
        return self.requests.get(TENANT, request.request_id)

    # Results

    def states(self) -> dict[str, Request]:
        """The requests as they are stored, without the cursors of the channels and the end of a hold."""
        now = [self.requests.get(TENANT, request_id) for request_id in self.expected]
        return {each.request_id: replace(each, announced_status={}, hold=_undated(each.hold)) for each in now}

    def await_end(self) -> None:
        """Until every request is what it should be, and every event is committed."""
        until(lambda: all(request.status.ended for request in self.states().values()))
        until(lambda: self.log.lag(TRACKERS, PROGRESS) == 0)
        assert self.states() == self.expected

    def published(self, topic: str) -> list[Event]:
        places = range(self.log.partitions(topic))
        return [decode(topic, each.value) for place in places for each in self.log.read(topic, place, 0, MOST_EVENTS)]

    def announced(self) -> list[tuple[str, str]]:
        """(request id, status) of each status event: by request in order of acceptance, then as they were sent."""
        events = [(each.request_id, each.status) for each in self.published(STATUS) if isinstance(each, StatusChanged)]
        return sorted(events, key=lambda event: event[0])

    def statuses(self) -> list[str]:
        return [status for _, status in self.announced()]

    def due(self, channel: str = EmailChannel.name) -> int:
        """How many notifications are due, or are about to be removed from that list."""
        return len(self.store.scan(Table.DUE_NOTIFICATIONS, TENANT, channel))

    def dead_letters(self) -> list[DeadLetter]:
        return [letter for letter in self.published(DEAD_LETTER) if isinstance(letter, DeadLetter)]

    # Trackers beside the test

    def consumer(self, kind: type[Tracker] = Tracker) -> FaustConsumer:
        assert self.kafka is not None
        return stream_consumer(self.system, self.kafka, kind)

    @contextmanager
    def process(self, *options: str, smtp_port: int = 0, failpoint: str = "") -> Iterator[subprocess.Popen[str]]:
        """A process with the tracker's parts, which lives until the end of the block at most."""
        options = (*options, *(("--kafka", self.kafka.bootstrap_servers, self.kafka.prefix) if self.kafka else ()))
        command = [sys.executable, "-m", "tests.support.tracker_process", str(self.folder), *options]
        smtp = {"HOST": "127.0.0.1", "PORT": str(smtp_port), "SECURITY": "none"}
        variables = {f"{PREFIX}SMTP_{name}": value for name, value in smtp.items()} | {VARIABLE: failpoint}
        root = Path(__file__).parents[2]
        process = subprocess.Popen(command, env=os.environ | variables, cwd=root, stderr=subprocess.PIPE, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def close(self) -> None:
        self.system.close()


def _undated(hold: Hold | None) -> Hold | None:
    return hold and replace(hold, until_us=None)


def kafka_settings(servers: str, prefix: str) -> KafkaSettings:
    """With the shortest session that a broker allows, since a dead member's partitions are waited for."""
    return KafkaSettings(bootstrap_servers=servers, prefix=prefix, replication_factor=1, session_timeout_seconds=6.0)


@contextmanager
def running(consumer: FaustConsumer) -> Iterator[FaustConsumer]:
    """A tracker in a thread of this process, until the end of the block."""
    thread = threading.Thread(target=consumer.run)
    thread.start()
    try:
        yield consumer
    finally:
        consumer.stop()
        thread.join()


def delivered(tenant_id: str, request_id: str, step: Step) -> tuple[Message, Event]:
    event = Progress(tenant_id=tenant_id, request_id=request_id, step=step)
    return Message(PROGRESS, 0, 0, event.key, encode(event), 0), event


def steps_of(chunks: int) -> list[Step]:
    """A file of so many chunks of ten rows, each with one reject."""
    counts = {"rows_read": 10, "rows_ingested": 9, "rows_rejected": 1}
    reasons = {"no_identifier": 1}
    done = [ChunkDone(at_us=1100 + chunk, chunk=chunk, reject_reasons=reasons, **counts) for chunk in range(chunks)]
    return [Started(at_us=1000), *done]


def repeated_and_shuffled(events: Sequence[Progress], seed: int) -> list[Progress]:
    """Each event one to three times, in any order."""
    seeded = random.Random(seed)
    many = [event for event in events for _ in range(seeded.randint(1, 3))]
    seeded.shuffle(many)
    return many
