"""The body of a faust agent: passes batches of events to the handler in a thread, then acknowledges them.

The rules are those of `penstock.application.consuming.consume_loop`. The differences come from faust:

- It acknowledges an event even if its agent raised or was cancelled. So automatic acknowledgement is off, faust's
  `take` (which always acknowledges) is not used, and the agent itself waits during an outage.
- When an agent ends, faust restarts it after the events that it could not handle. So a bug is reported to `failed`,
  which stops the app, and the agent never ends.
- Events from before a rebalance are delivered again after it. So events of an older generation are dropped without
  acknowledgement.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from typing import cast

import faust
import structlog
from faust.types import ChannelT, EventT

from penstock.application.consuming.processing import ConsumerCounts, EventProcessor, Handler, delay
from penstock.application.health.dependencies import Dependencies, outage
from penstock.domain.errors import Conflict, PenstockError, Unavailable
from penstock.failpoints import failpoint
from penstock.ports.clock import Clock
from penstock.ports.event_log import Message, Producer, TopicPartition

BATCH_EVENTS = 500

log = structlog.get_logger(__name__)

Batch = dict[Message, EventT[bytes]]


class FaustStream:
    """`failed` is called once, for a bug; `jitter` returns a number in [0, 1)."""

    def __init__(
        self,
        *,
        group: str,
        topic: str,
        handle: Handler,
        producer: Producer,
        clock: Clock,
        failed: Callable[[Exception], None],
        dependencies: Dependencies,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._group, self._topic = group, topic
        self._failed, self._jitter = failed, jitter
        self._dependencies = dependencies
        self._processor = EventProcessor(group=group, handle=handle, producer=producer, clock=clock)
        self.stopped: set[TopicPartition] = set()  # after too many consecutive dead letters
        self.waiting = False  # for an unavailable dependency

    @property
    def counts(self) -> ConsumerCounts:
        return self._processor.counts

    async def consume(self, app: faust.App, stream: faust.Stream[bytes]) -> None:
        """The agent: handles events until the app stops."""
        unacknowledged = cast(faust.Stream[bytes], stream.noack())
        try:
            async for events in _batches(unacknowledged):
                await self._process(app, events)
        except Exception as error:
            log.critical("consume.failed", group=self._group, error=type(error).__name__)
            self._failed(error)
            await asyncio.Event().wait()  # until the app has stopped

    async def _process(self, app: faust.App, events: Sequence[EventT[bytes]]) -> None:
        """Handle a batch, wait during outages, and acknowledge the processed events."""
        batch = {_message(event, self._topic): event for event in events}
        failures = 0
        while batch := self._own(app, batch):
            try:
                done, unprocessed = await asyncio.to_thread(self._processor.process, list(batch))
            except (Unavailable, Conflict) as error:
                failures += 1
                await self._wait(error, failures)
                continue
            self._dependencies.report(self._group, {})
            self._stop(app, [batch[message] for message in unprocessed])
            failpoint("consume.before_commit")
            self._acknowledge(app, batch, done)
            return
        self._dependencies.report(self._group, {})  # the waiting partitions now belong to another member

    def _own(self, app: faust.App, batch: Batch) -> Batch:
        """The events of `batch` that this member still has to handle."""
        return {
            message: event
            for message, event in batch.items()
            if message.source not in self.stopped and _is_current(app, event)
        }

    async def _wait(self, error: PenstockError, failures: int) -> None:
        seconds = delay(failures, self._jitter())
        if isinstance(error, Unavailable):
            self._dependencies.report(self._group, outage(error))
        elif failures == 1:  # outages are logged by `Dependencies`
            log.warning("consume.waiting", group=self._group, error=f"{error.code}: {error}")
        self.waiting = True
        await asyncio.sleep(seconds)
        self.waiting = False

    def _stop(self, app: faust.App, firsts: Sequence[EventT[bytes]]) -> None:
        """Stop the partitions: their events, from these on, stay in the log for a fixed release."""
        for first in firsts:
            self.stopped.add(TopicPartition(self._topic, first.message.partition))
            app.consumer.pause_partitions({first.message.tp})

    def _acknowledge(self, app: faust.App, batch: Batch, done: Sequence[Message]) -> None:
        last_done = {message.source: message.offset for message in done}
        for message, event in batch.items():
            if message.offset <= last_done.get(message.source, -1) and _is_current(app, event):
                event.ack()


async def _batches(stream: faust.Stream[bytes]) -> AsyncIterator[list[EventT[bytes]]]:
    """All events that have arrived, up to `BATCH_EVENTS` at a time; does not wait to fill a batch."""
    queue = cast(ChannelT[bytes], stream.channel).queue
    batch: list[EventT[bytes]] = []
    async for event in stream.events():
        batch.append(event)
        if len(batch) >= BATCH_EVENTS or queue.empty():
            yield batch
            batch = []


def _message(event: EventT[bytes], topic: str) -> Message:
    """The event as the port's `Message`. `topic` is without the cluster's prefix; the value may be missing."""
    source = event.message
    return Message(
        topic=topic,
        partition=source.partition,
        offset=source.offset,
        key=source.key or b"",
        value=source.value or b"",
        timestamp_us=int((source.timestamp or 0) * 1_000_000),
    )


def _is_current(app: faust.App, event: EventT[bytes]) -> bool:
    return bool(event.message.generation_id == app.consumer_generation_id)
