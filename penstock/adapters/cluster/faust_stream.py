"""The body of a faust agent: batches of events go to their handler, in a thread, and are acknowledged after.

The rules are those of `penstock.application.consuming.consume_loop`. What differs is how a stream library is handled:

- It takes an event whose agent raised, or was cancelled, for done. So the stream acknowledges nothing by itself, its
  own `take` (which acknowledges whatever happens) is not used, and an outage is waited for in place.
- An agent that ended is started anew behind the events that it could not handle. So a bug is told to `failed`, which
  stops the app, and the agent never ends.
- What came before a rebalance comes again after it. So events of an older generation are dropped, not acknowledged.
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
    """`failed` is told, once, of a bug; `jitter` returns a number within [0, 1)."""

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
        self.stopped: set[TopicPartition] = set()  # after too many dead letters in a row
        self.waiting = False  # for something that is away

    @property
    def counts(self) -> ConsumerCounts:
        return self._processor.counts

    async def consume(self, app: faust.App, stream: faust.Stream[bytes]) -> None:
        """The agent: handle what comes, until the app stops."""
        silent = cast(faust.Stream[bytes], stream.noack())
        try:
            async for events in _batches(silent):
                await self._process(app, events)
        except Exception as error:
            log.critical("consume.failed", group=self._group, error=type(error).__name__)
            self._failed(error)
            await asyncio.Event().wait()  # until the app has stopped

    async def _process(self, app: faust.App, events: Sequence[EventT[bytes]]) -> None:
        """Handle a batch, wait for what is away, acknowledge what is done."""
        batch = {_message(event, self._topic): event for event in events}
        failures = 0
        while batch := self._own(app, batch):
            try:
                done, left = await asyncio.to_thread(self._processor.process, list(batch))
            except (Unavailable, Conflict) as error:
                failures += 1
                await self._wait(error, failures)
                continue
            self._dependencies.report(self._group, {})
            self._stop(app, [batch[message] for message in left])
            failpoint("consume.before_commit")
            self._acknowledge(app, batch, done)
            return
        self._dependencies.report(self._group, {})  # what waited has gone to another member

    def _own(self, app: faust.App, batch: Batch) -> Batch:
        """Those of `batch` that are still this member's to handle."""
        return {
            message: event
            for message, event in batch.items()
            if message.source not in self.stopped and _is_current(app, event)
        }

    async def _wait(self, error: PenstockError, failures: int) -> None:
        seconds = delay(failures, self._jitter())
        if isinstance(error, Unavailable):
            self._dependencies.report(self._group, outage(error))
        elif failures == 1:  # the line of an outage is its dependency's
            log.warning("consume.waiting", group=self._group, error=f"{error.code}: {error}")
        self.waiting = True
        await asyncio.sleep(seconds)
        self.waiting = False

    def _stop(self, app: faust.App, firsts: Sequence[EventT[bytes]]) -> None:
        """Leave these, and all that follow them in their partitions, in the log for a better release."""
        for first in firsts:
            self.stopped.add(TopicPartition(self._topic, first.message.partition))
            app.consumer.pause_partitions({first.message.tp})

    def _acknowledge(self, app: faust.App, batch: Batch, done: Sequence[Message]) -> None:
        until = {message.source: message.offset for message in done}
        for message, event in batch.items():
            if message.offset <= until.get(message.source, -1) and _is_current(app, event):
                event.ack()


async def _batches(stream: faust.Stream[bytes]) -> AsyncIterator[list[EventT[bytes]]]:
    """All that has come meanwhile, up to `BATCH_EVENTS` at a time: none waits for others to come."""
    waiting = cast(ChannelT[bytes], stream.channel).queue
    batch: list[EventT[bytes]] = []
    async for event in stream.events():
        batch.append(event)
        if len(batch) >= BATCH_EVENTS or waiting.empty():
            yield batch
            batch = []


def _message(event: EventT[bytes], topic: str) -> Message:
    """As the port has it. `topic` is without the prefix that it has in the cluster; a value may be missing."""
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
