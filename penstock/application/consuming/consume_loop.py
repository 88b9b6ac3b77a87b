"""The consume loop of every service: poll, decode, handle, commit.

The handler's error decides what happens to its events:

    none                    processed: the offsets are committed
    Unavailable, Conflict   the partition waits, then the same events are delivered again, without limit
    Fenced                  the partition belongs to another member: the events are dropped
    PoisonMessage           that event becomes a dead letter; the others of the batch are handled again
    other PenstockErrors    the same; the events of a batch are handled one by one to find the one that causes it
    any other error         a bug: the loop ends, nothing is committed

Delivery is at least once, so handlers must be idempotent.
"""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from penstock.application.consuming.processing import (
    MAX_CONSECUTIVE_DEAD_LETTERS,
    PARTITION_STOPPED,
    ConsumerCounts,
    EventProcessor,
    Handler,
    PoisonMessage,
    delay,
    where,
)
from penstock.application.health.dependencies import Dependencies, Outages, outage, shared_outage
from penstock.domain.errors import Conflict, Fenced, PenstockError, Unavailable
from penstock.failpoints import failpoint
from penstock.ports.clock import Clock
from penstock.ports.event_log import EventLog, Message, TopicPartition

KEEP_SECONDS = 1.0  # between two polls while a handler works
POLL_SECONDS = 0.1  # the longest delay of `stop`
MAX_POLL_PAUSE_SECONDS = 1.0  # between two polls while the log is unavailable
SILENCE_SECONDS = 30.0  # without a response from the log before the loop reports a problem

__all__ = ["MAX_CONSECUTIVE_DEAD_LETTERS", "ConsumeLoop", "Handler", "PoisonMessage"]

log = structlog.get_logger(__name__)


@dataclass
class _Partition:
    failures: int = 0  # consecutive, of the next events
    resume_at: float | None = None
    stopped: bool = False
    outages: Outages = field(default_factory=dict)  # that it waits for

    @property
    def waiting(self) -> bool:
        return self.stopped or self.resume_at is not None


class ConsumeLoop:
    """A member of `group` that passes up to `max_messages` events of `topics` at a time to `handle`.

    `jitter` returns a number in [0, 1), so that members that failed together do not retry together.
    Outages are reported to `dependencies`.
    """

    def __init__(
        self,
        *,
        log: EventLog,
        group: str,
        topics: Sequence[str],
        handle: Handler,
        clock: Clock,
        max_messages: int = 1,
        jitter: Callable[[], float] = random.random,
        dependencies: Dependencies | None = None,
    ) -> None:
        self._consumer = log.consumer(group, topics)
        self._producer = log.producer()
        self._processor = EventProcessor(
            group=group,
            handle=handle,
            producer=self._producer,
            clock=clock,
        )
        self.name = self.group = group
        self._clock = clock
        self._max_messages = max_messages
        self._jitter = jitter
        self._partitions: defaultdict[TopicPartition, _Partition] = defaultdict(_Partition)
        self._failed_polls = 0
        self._dependencies = dependencies or Dependencies()
        self._stopping = threading.Event()
        self._healthy = True
        self._left: frozenset[TopicPartition] | None = None
        self.last_poll = clock.monotonic()  # the log's last response

    @property
    def healthy(self) -> bool:
        """False while a partition of this member is stopped: an operator has to inspect the dead letters."""
        return self._healthy

    @property
    def counts(self) -> ConsumerCounts:
        return self._processor.counts

    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions of this member."""
        return self._consumer.assignment()

    def last_assignment(self) -> frozenset[TopicPartition]:
        """As `assignment`, and once it has left the group, the partitions that it had."""
        present = self.assignment()
        return present if self._left is None else self._left

    def run(self) -> None:
        """Consume until `stop`, then leave the group."""
        try:
            while not self._stopping.is_set():
                self.run_once()
        finally:
            self.close()

    def stop(self) -> None:
        """End `run` after the current batch; may be called from any thread or signal handler."""
        self._stopping.set()

    def problems(self) -> list[str]:
        """Why it cannot work now; a missing response counts only while no outage is reported."""
        if not self._healthy:
            return [PARTITION_STOPPED]
        silence = self._clock.monotonic() - self.last_poll
        if silence > SILENCE_SECONDS and not self._dependencies.problems():
            return [f"the event log has not answered for {silence:.0f} s"]
        return []

    def close(self) -> None:
        """Leave the group, and give up all partitions."""
        self._healthy = True
        self._dependencies.report(self.group, {})
        self._left = self.last_assignment()
        self._consumer.close()
        self._producer.close()

    def run_once(self, timeout: float = POLL_SECONDS) -> bool:
        """Process one batch, after waiting up to `timeout` seconds for it; returns whether anything was committed."""
        messages = self._poll(timeout)
        if not messages:
            return False
        try:
            with self._keeping_membership():
                done, stopped = self._processor.process(messages)
            self._stop_partitions(messages, stopped)
            failpoint("consume.before_commit")
            return self._commit(done)
        except (Unavailable, Conflict) as error:
            self._wait(messages, error)
        except Fenced:
            self._rewind(messages)
        return False

    @contextmanager
    def _keeping_membership(self) -> Iterator[None]:
        """Continue to poll, with all partitions paused, while a handler works."""
        done = threading.Event()
        keeper = threading.Thread(target=self._keep_polling, args=(done,), daemon=True)
        keeper.start()
        try:
            yield
        finally:
            done.set()
            keeper.join()

    def _keep_polling(self, done: threading.Event) -> None:
        paused: set[TopicPartition] = set()
        while not done.wait(KEEP_SECONDS):
            try:
                paused |= self._consumer.assignment()
                self._consumer.pause(list(paused))
                self._rewind(self._consumer.poll(0))  # of newly assigned partitions
                self.last_poll = self._clock.monotonic()
                self._dependencies.report(self.group, self._outages())
            except Unavailable as error:
                self._dependencies.report(self.group, self._outages() | outage(error))
        self._consumer.resume([source for source in paused if not self._partitions[source].waiting])

    def _poll(self, timeout: float) -> list[Message]:
        due = self._resume_due()
        try:
            messages = self._consumer.poll(min(timeout, due), self._max_messages)
        except Unavailable as error:
            self._failed_polls += 1
            self._dependencies.report(self.group, self._outages() | outage(error))
            self._clock.sleep(min(delay(self._failed_polls, self._jitter()), MAX_POLL_PAUSE_SECONDS))
            return []
        self._failed_polls = 0
        self.last_poll = self._clock.monotonic()
        assigned = self._assigned()
        self._healthy = not any(partition.stopped for partition in assigned)
        for partition in assigned:
            if not (messages or partition.waiting):  # it was polled, and has no events to retry
                partition.outages = {}
        self._dependencies.report(self.group, self._outages())
        for source in self._consumer.lost():
            log.error("consume.events_expired", group=self.group, **where(source))
        return messages

    def _assigned(self) -> list[_Partition]:
        return [self._partitions[source] for source in self._consumer.assignment()]

    def _outages(self) -> dict[str, str]:
        """The outages that this member's current partitions wait for."""
        return {name: message for partition in self._assigned() for name, message in partition.outages.items()}

    def _resume_due(self) -> float:
        """Resume the partitions whose wait is over; returns the seconds until the next one."""
        now = self._clock.monotonic()
        next_due = float("inf")
        for source, partition in self._partitions.items():
            if partition.resume_at is not None and partition.resume_at <= now:
                partition.resume_at = None
                self._consumer.resume([source])
            elif partition.resume_at is not None:
                next_due = min(next_due, partition.resume_at - now)
        return next_due

    def _stop_partitions(self, messages: Sequence[Message], firsts: Sequence[Message]) -> None:
        """Stop the partitions: `firsts` and all later events stay in the log for a fixed release."""
        for message in messages:
            self._partitions[message.source].stopped = False
        for first in firsts:
            self._healthy = False
            self._partitions[first.source].stopped = True
            self._consumer.rewind(first)
            self._consumer.pause([first.source])

    def _commit(self, done: Sequence[Message]) -> bool:
        """Commit each partition separately; returns whether any still belongs to this member."""
        committed = 0
        for message in done:
            try:
                self._consumer.commit(message)
            except Fenced:  # its new owner handles it again
                log.info("consume.fenced", group=self.group, **where(message.source))
            else:
                self._partitions[message.source].failures = 0
                self._partitions[message.source].outages = {}
                committed += 1
        return committed > 0

    def _wait(self, messages: Sequence[Message], error: PenstockError) -> None:
        """Let the partitions of `messages` wait; the same messages are delivered again afterwards."""
        self._rewind(messages)
        for source in dict.fromkeys(message.source for message in messages):
            partition = self._partitions[source]
            partition.failures += 1
            seconds = delay(partition.failures, self._jitter())
            partition.resume_at = self._clock.monotonic() + seconds
            self._consumer.pause([source])
            if isinstance(error, Unavailable):
                partition.outages = shared_outage(error)
            elif partition.failures == 1:  # outages are logged by `Dependencies`
                log.warning("consume.waiting", group=self.group, error=f"{error.code}: {error}", **where(source))
        self._dependencies.report(self.group, self._outages())

    def _rewind(self, messages: Sequence[Message]) -> None:
        firsts = {message.source: message for message in reversed(messages)}
        for message in firsts.values():
            self._consumer.rewind(message)
