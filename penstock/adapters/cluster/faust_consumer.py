"""A consumer of one topic, based on faust.

A faust app cannot be started twice, so each start creates a new one.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import Any, cast

import faust
import structlog
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]
from faust.types import TP

from penstock.adapters.cluster.faust_app import consumer_app
from penstock.adapters.cluster.faust_stream import FaustStream
from penstock.adapters.cluster.kafka_settings import KafkaSettings
from penstock.application.consuming.processing import PARTITION_STOPPED, ConsumerCounts, Handler
from penstock.application.health.dependencies import Dependencies, outage
from penstock.domain.errors import NotFound, Unavailable
from penstock.ports.clock import Clock
from penstock.ports.event_log import EventLog, TopicPartition

STOP_SECONDS = 20.0  # for running work to end; an orchestrator kills after 30
CHECK_SECONDS = 1.0  # between two checks for a missing topic or an unavailable broker

log = structlog.get_logger(__name__)


class FaustConsumer:
    """Gives `handle` the events of `topic` as a member of `group`; a part of its service like a `ConsumeLoop`.

    `events` is used to check that the topic exists, and for dead letters.
    """

    def __init__(
        self,
        *,
        kafka: KafkaSettings,
        group: str,
        topic: str,
        handle: Handler,
        events: EventLog,
        clock: Clock,
        dependencies: Dependencies | None = None,
    ) -> None:
        self._kafka, self.group, self._topic, self._handle, self._events = kafka, group, topic, handle, events
        self.name, self._clock = group, clock
        self._dependencies = dependencies or Dependencies()
        self._stopping = threading.Event()
        self._failure: Exception | None = None
        self.assigned: frozenset[int] = frozenset()  # partitions of the topic
        self._stream = self._new_stream()

    @property
    def healthy(self) -> bool:
        """False while a partition of this member is stopped: an operator has to inspect the dead letters."""
        return not any(source.partition in self.assigned for source in self._stream.stopped)

    def problems(self) -> list[str]:
        return [] if self.healthy else [PARTITION_STOPPED]

    @property
    def counts(self) -> ConsumerCounts:
        return self._stream.counts

    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions of this member; once it has ended, those that it had."""
        return frozenset(TopicPartition(self._topic, partition) for partition in self.assigned)

    @property
    def waiting(self) -> bool:
        """Whether it waits for an unavailable dependency."""
        return self._stream.waiting

    def is_expected_stall(self, partition: int) -> bool:
        """Whether this partition has a known reason for making no progress."""
        return self.waiting or TopicPartition(self._topic, partition) in self._stream.stopped

    def run(self) -> None:
        """Consume until `stop`, then leave the group. Raises the app's error, or `Unavailable` for one of Kafka's."""
        if self._wait_for_topic():
            try:
                asyncio.run(self._serve())
            except KafkaError as error:
                raise Unavailable(
                    f"Kafka failed the consumer of {self._topic}: {type(error).__name__}", dependency="kafka"
                ) from error

    def stop(self) -> None:
        """End `run`; may be called from any thread or signal handler."""
        self._stopping.set()

    def _wait_for_topic(self) -> bool:
        """True as soon as the topic exists; False when stopped."""
        while not self._stopping.is_set():
            try:
                self._events.partitions(self._topic)
            except NotFound as error:
                self._dependencies.report(self.group, {"kafka": f"{error}"})
            except Unavailable as error:
                self._dependencies.report(self.group, outage(error))
            else:
                self._dependencies.report(self.group, {})
                return True
            self._stopping.wait(CHECK_SECONDS)
        return False

    async def _serve(self) -> None:
        app = consumer_app(self._kafka, self.group, self._topic, self._stream)
        app.on_partitions_assigned.connect(cast(Any, self._record_assigned))
        running = asyncio.create_task(self._run_app(app))
        stopped = asyncio.create_task(asyncio.to_thread(self._stopping.wait))
        try:
            await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stopping.set()
            with suppress(TimeoutError):  # unfinished work is cancelled, and its events are redelivered
                await asyncio.wait_for(app.stop(), STOP_SECONDS)
        if running.done():
            await running
        error = self._failure or app.crash_reason
        if error is not None:
            raise error

    async def _run_app(self, app: faust.App) -> None:
        """Run the app until it ends."""
        await app.start()
        await app.wait_until_stopped()

    async def _record_assigned(self, _app: Any, assigned: set[TP], **_: Any) -> None:
        topic = self._kafka.prefix + self._topic
        self.assigned = frozenset(place.partition for place in assigned if place.topic == topic)

    def _fail(self, error: Exception) -> None:
        self._failure = error
        self._stopping.set()

    def _new_stream(self) -> FaustStream:
        return FaustStream(
            group=self.group,
            topic=self._topic,
            handle=self._handle,
            producer=self._events.producer(),
            clock=self._clock,
            failed=self._fail,
            dependencies=self._dependencies,
        )
