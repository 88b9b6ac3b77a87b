"""The status tracker of the cluster runtime: runs the faust app, for as long as it is told to.

A faust app cannot be started twice, so each start makes a new one.
"""

from __future__ import annotations

import asyncio
import fcntl
import itertools
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
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
from services.status_tracker.live_view import Live, LiveView
from services.status_tracker.progress_stream import ProgressStream
from services.status_tracker.stream_app import TABLE, stream_app
from services.status_tracker.tracker import Tracker

STOP_SECONDS = 20.0  # for what runs to end; an orchestrator kills after 30
LOOK_SECONDS = 1.0  # between two looks for a topic, or a broker, that is not there

log = structlog.get_logger(__name__)


class StreamTracker:
    """Consumes `penstock.progress` as a member of `group`; a part of its service like a `ConsumeLoop`.

    `events` tells whether the topic is there and takes dead letters; `folder` may be shared with other trackers.
    """

    def __init__(
        self,
        *,
        kafka: KafkaSettings,
        group: str,
        tracker: Tracker,
        events: EventLog,
        clock: Clock,
        folder: Path,
        dependencies: Dependencies | None = None,
    ) -> None:
        self._kafka, self.group, self._tracker, self._events = kafka, group, tracker, events
        self._clock, self._folder = clock, folder
        self._dependencies = dependencies or Dependencies()
        self._stopping = threading.Event()
        self._failure: Exception | None = None
        self._view: LiveView | None = None
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

    def live(self, request_id: str) -> Live | None:
        """How far a request is that is under way in this member's partitions, without a question to any store."""
        return None if self._view is None else self._view.get(request_id)

    def run(self) -> None:
        """Track until `stop`, then leave the group. Raises what the app ended with, `Unavailable` for Kafka."""
        partitions = self._await_topic()
        if partitions:
            with _folder_of_its_own(self._folder) as folder:
                try:
                    asyncio.run(self._serve(folder, partitions))
                except KafkaError as error:
                    raise Unavailable(
                        f"Kafka failed the tracker's stream: {type(error).__name__}", dependency="kafka"
                    ) from error

    def stop(self) -> None:
        """End `run`; may be called from any thread or signal handler."""
        self._stopping.set()

    def _await_topic(self) -> int:
        """How many partitions the topic has, as soon as it is there; 0 when told to stop."""
        while not self._stopping.is_set():
            try:
                partitions = self._events.partitions(PROGRESS)
            except NotFound as error:
                self._dependencies.report(self.group, {"kafka": f"{error}"})
            except Unavailable as error:
                self._dependencies.report(self.group, outage(error))
            else:
                self._dependencies.report(self.group, {})
                return partitions
            self._stopping.wait(LOOK_SECONDS)
        return 0

    async def _serve(self, folder: Path, partitions: int) -> None:
        app = stream_app(self._kafka, self.group, folder, partitions, self.progress)
        app.on_partitions_assigned.connect(cast(Any, self._note_assigned))
        life = asyncio.create_task(self._live(app))
        told = asyncio.create_task(asyncio.to_thread(self._stopping.wait))
        try:
            await asyncio.wait({life, told}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._view = None
            self._stopping.set()
            with suppress(TimeoutError):  # what is left is cancelled, and comes again
                await asyncio.wait_for(app.stop(), STOP_SECONDS)
        if life.done():
            await life
        error = self._failure or app.crash_reason
        if error is not None:
            raise error

    async def _live(self, app: faust.App) -> None:
        """Until the app ends. A table that another thread asked before it is recovered would belong to that one."""
        await app.start()
        self._view = LiveView(cast(faust.Table[bytes, bytes], app.tables[TABLE]))
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


@contextmanager
def _folder_of_its_own(parent: Path) -> Iterator[Path]:
    """An empty folder below `parent` that no other process uses; a dead one's is taken over.

    What is kept there is a view, which its changelog gives back at each start: a table that is torn, behind or of
    another cluster is never looked at.
    """
    for number in itertools.count():
        place = parent / str(number)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (place / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(place / "tables", ignore_errors=True)
            yield place / "tables"
            return
