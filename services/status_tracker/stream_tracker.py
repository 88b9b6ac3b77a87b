"""The status tracker of the cluster runtime: runs the faust app, for as long as it is told to.

A faust app cannot be started twice, so each start makes a new one.
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

from penstock.adapters.cluster.kafka_settings import KafkaSettings
from penstock.application.dependencies import Dependencies, outage
from penstock.application.handling import Tally
from penstock.domain.errors import NotFound, Unavailable
from penstock.domain.events import PROGRESS
from penstock.ports.clock import Clock
from penstock.ports.event_log import EventLog, TopicPartition
from services.status_tracker.progress_stream import ProgressStream
from services.status_tracker.stream_app import stream_app
from services.status_tracker.tracker import Tracker

STOP_SECONDS = 20.0  # for what runs to end; an orchestrator kills after 30
LOOK_SECONDS = 1.0  # between two looks for a topic, or a broker, that is not there

log = structlog.get_logger(__name__)


class StreamTracker:
    """Consumes `penstock.progress` as a member of `group`; a part of its service like a `ConsumeLoop`.

    `events` tells whether the topic is there and takes dead letters.
    """

    def __init__(
        self,
        *,
        kafka: KafkaSettings,
        group: str,
        tracker: Tracker,
        events: EventLog,
        clock: Clock,
        dependencies: Dependencies | None = None,
    ) -> None:
        self._kafka, self.group, self._tracker, self._events = kafka, group, tracker, events
        self._clock = clock
        self._dependencies = dependencies or Dependencies()
        self._stopping = threading.Event()
        self._failure: Exception | None = None
        self.assigned: frozenset[int] = frozenset()  # partitions of the topic
        self.progress = self._new_stream()

    @property
    def healthy(self) -> bool:
        """False while a partition of this member is stopped: a person must look at the dead letters."""
        return not any(source.partition in self.assigned for source in self.progress.stopped)

    @property
    def tally(self) -> Tally:
        return self.progress.tally

    def excuses(self, partition: int) -> bool:
        """Whether it is known here why this partition stands still."""
        return self.progress.waiting or TopicPartition(PROGRESS, partition) in self.progress.stopped

    def run(self) -> None:
        """Track until `stop`, then leave the group. Raises what the app ended with, `Unavailable` for Kafka."""
        if self._topic_is_there():
            try:
                asyncio.run(self._serve())
            except KafkaError as error:
                raise Unavailable(
                    f"Kafka failed the tracker's stream: {type(error).__name__}", dependency="kafka"
                ) from error

    def stop(self) -> None:
        """End `run`; may be called from any thread or signal handler."""
        self._stopping.set()

    def _topic_is_there(self) -> bool:
        """True as soon as it is; False when told to stop."""
        while not self._stopping.is_set():
            try:
                self._events.partitions(PROGRESS)
            except NotFound as error:
                self._dependencies.report(self.group, {"kafka": f"{error}"})
            except Unavailable as error:
                self._dependencies.report(self.group, outage(error))
            else:
                self._dependencies.report(self.group, {})
                return True
            self._stopping.wait(LOOK_SECONDS)
        return False

    async def _serve(self) -> None:
        app = stream_app(self._kafka, self.group, self.progress)
        app.on_partitions_assigned.connect(cast(Any, self._note_assigned))
        life = asyncio.create_task(self._live(app))
        told = asyncio.create_task(asyncio.to_thread(self._stopping.wait))
        try:
            await asyncio.wait({life, told}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stopping.set()
            with suppress(TimeoutError):  # what is left is cancelled, and comes again
                await asyncio.wait_for(app.stop(), STOP_SECONDS)
        if life.done():
            await life
        error = self._failure or app.crash_reason
        if error is not None:
            raise error

    async def _live(self, app: faust.App) -> None:
        """Until the app ends."""
        await app.start()
        await app.wait_until_stopped()

    async def _note_assigned(self, _app: Any, assigned: set[TP], **_: Any) -> None:
        topic = self._kafka.prefix + PROGRESS
        self.assigned = frozenset(place.partition for place in assigned if place.topic == topic)

    def _fail(self, error: Exception) -> None:
        self._failure = error
        self._stopping.set()

    def _new_stream(self) -> ProgressStream:
        return ProgressStream(
            group=self.group,
            tracker=self._tracker,
            producer=self._events.producer(),
            clock=self._clock,
            failed=self._fail,
            dependencies=self._dependencies,
        )
