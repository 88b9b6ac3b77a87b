"""A member of a Kafka group with the protocol of KIP-848: the broker assigns partitions incrementally.

It relies on librdkafka's guarantees: librdkafka's threads keep the session alive; rebalance callbacks, and so all
changes of `_held`, run within `poll` and `close`; a member rejoins only after the callback for its lost partitions.
A broker checks a commit's member and epoch, but not its partition, so this class checks that the partition is held.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import OFFSET_INVALID, KafkaError, KafkaException
from confluent_kafka import Consumer as Driver
from confluent_kafka import Message as Record
from confluent_kafka import TopicPartition as Place

from penstock.adapters.cluster.kafka_errors import FENCED, NO_POSITION, ErrorRecorder
from penstock.domain.errors import Fenced
from penstock.ports.event_log import Consumer, Message, TopicPartition

MAX_PREFETCHED = 1000  # events buffered here, so that partitions take turns
MAX_PREFETCHED_BYTES = 4 * 1024 * 1024
STALE_EPOCH_TIMEOUT_SECONDS = 5.0  # for the next heartbeat to bring the member's new epoch
STALE_PAUSE_SECONDS = 0.05
COMMIT_POLL_SECONDS = 0.001  # per poll while a commit is awaited, as a poll does not end when the response arrives
NO_EPOCH = -1
BROKER_TIMEOUT_SECONDS = 1.0  # for a broker to answer after a connection error


@dataclass
class _Held:
    """A partition assigned to this member."""

    waiting: deque[Record] = field(default_factory=deque)
    position: int | None = None  # of the next event to deliver; None before the first
    done: int = 0  # the group's committed offset, as far as known
    epoch: int = NO_EPOCH  # leader epoch of the last delivered event: detects a log that was truncated and grew again
    paused: bool = False
    waiting_bytes: int = 0

    @property
    def ready(self) -> bool:
        return bool(self.waiting) and not self.paused

    def keep(self, record: Record) -> None:
        self.waiting.append(record)
        self.waiting_bytes += len(record)

    def take(self) -> Record:
        record = self.waiting.popleft()
        self.waiting_bytes -= len(record)
        return record

    def drop(self) -> None:
        self.waiting.clear()
        self.waiting_bytes = 0


class KafkaConsumer(Consumer):
    """Joins its group at the first poll. Thread-safe, with one call at a time."""

    def __init__(
        self,
        properties: dict[str, Any],
        topics: Sequence[str],
        *,
        prefix: str,
        session_timeout_seconds: float,
        request_timeout_seconds: float,
        on_close: Callable[[KafkaConsumer], None],
    ) -> None:
        self._prefix = prefix
        self._session_timeout_seconds = session_timeout_seconds
        self._request_timeout_seconds = request_timeout_seconds
        self._on_close = on_close
        self._error_recorder = ErrorRecorder()
        self._lock = threading.Lock()
        self._held: dict[TopicPartition, _Held] = {}
        self._unpositioned: set[TopicPartition] = set()  # their next offset is not in the log
        self._lost: set[TopicPartition] = set()
        self._answers: dict[tuple[TopicPartition, int], KafkaError | None] = {}  # responses to commits, by their offset
        self._turn = 0
        self._last_poll = time.monotonic()
        self._closed = False
        self._driver = Driver({**properties, "error_cb": self._error_recorder.record, "on_commit": self._answered})
        self._topics = [prefix + topic for topic in topics]
        self._joined = False

    def poll(self, timeout: float, max_messages: int = 1) -> list[Message]:
        with self._lock:
            self._last_poll = time.monotonic()
            self._join()
            self._fetch(timeout, max_messages)
            messages = self._deliver(max_messages)
            if not messages and self._error_recorder.error is not None:
                self._probe()
            self._last_poll = time.monotonic()
            return messages

    def commit(self, message: Message) -> None:
        with self._lock:
            held = self._held.get(message.source)
            since_poll_seconds = time.monotonic() - self._last_poll
            if held is None or held.position is None or message.offset >= held.position:
                raise Fenced(f"{self._name(message.source)} is not a partition of this member, or not any longer")
            if since_poll_seconds > self._session_timeout_seconds:  # librdkafka has left the group or soon will
                raise Fenced(f"{self._name(message.source)}: this member did not poll for {since_poll_seconds:.0f} s")
            if message.offset >= held.done:
                self._commit(message.source, message.offset + 1, held.epoch)
                held.done = message.offset + 1

    def rewind(self, message: Message) -> None:
        with self._lock:
            held = self._held.get(message.source)
            # Never forward: a partition that was lost and reassigned starts at the group's offset.
            if held is None or held.position is None or message.source in self._unpositioned:
                return
            if message.offset < held.position:
                self._seek(message.source, message.offset)
                held.position = message.offset

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        with self._lock:
            changed = self._set_paused(partitions, paused=True)
            if changed:
                self._driver.pause(changed)

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        with self._lock:
            changed = self._set_paused(partitions, paused=False)
            if changed:
                self._driver.resume(changed)

    def assignment(self) -> frozenset[TopicPartition]:
        with self._lock:
            return frozenset(self._held)

    def lost(self) -> frozenset[TopicPartition]:
        with self._lock:
            lost, self._lost = self._lost, set()
            return frozenset(lost)

    def close(self) -> None:
        with self._lock:
            if not self._closed:
                self._closed = True
                self._driver.close()
                self._held.clear()
                self._on_close(self)

    def _join(self) -> None:
        if not self._joined:
            callbacks = {"on_assign": self._assigned, "on_revoke": self._revoked, "on_lost": self._revoked}
            self._driver.subscribe(self._topics, **callbacks)
            self._joined = True

    def _assigned(self, driver: Driver, places: list[Place]) -> None:
        driver.incremental_assign(places)  # each starts at the group's committed offset
        driver.resume(places)  # librdkafka would keep partitions paused that were paused in an earlier assignment
        self._held.update((self._source(place.topic, place.partition), _Held()) for place in places)

    def _revoked(self, driver: Driver, places: list[Place]) -> None:
        for place in places:
            source = self._source(place.topic, place.partition)
            self._held.pop(source, None)
            self._unpositioned.discard(source)
        driver.incremental_unassign(places)

    def _fetch(self, timeout: float, max_messages: int) -> None:
        """Fetch events from librdkafka; wait if none can be delivered. One by one, since a poll may rebalance."""
        deadline = time.monotonic() + timeout
        ready = any(held.ready for held in self._held.values())
        for _ in range(max(1, max_messages, self._room())):
            must_not_wait = ready or self._unpositioned
            record = self._driver.poll(0 if must_not_wait else max(0.0, deadline - time.monotonic()))
            if record is not None:
                ready |= self._buffer(record)
            elif self._unpositioned:  # all of them at once
                self._find_positions()
            elif ready or time.monotonic() >= deadline:
                break

    def _room(self) -> int:
        """How many more events may be buffered."""
        events = sum(len(held.waiting) for held in self._held.values())
        is_full = sum(held.waiting_bytes for held in self._held.values()) >= MAX_PREFETCHED_BYTES
        return 0 if is_full else MAX_PREFETCHED - events

    def _buffer(self, record: Record) -> bool:
        """Buffer an event, or handle an error in its place; returns whether it was an event."""
        error, source = record.error(), self._source(record.topic(), record.partition())
        held = self._held.get(source)
        if error is None and held is not None:
            held.keep(record)
            self._error_recorder.clear()
            return True
        if error is not None and error.code() in NO_POSITION and held is not None:
            self._unpositioned.add(source)
        elif error is not None and error.code() not in FENCED | NO_POSITION:  # the callbacks report the others too
            raise self._error_recorder.unavailable(error, "polling")
        return False

    def _deliver(self, limit: int) -> list[Message]:
        """Up to `limit` events; each time another partition comes first, so that none starves."""
        ready = [source for source, held in self._held.items() if held.ready]
        self._turn += 1
        first = self._turn % len(ready) if ready else 0
        messages: list[Message] = []
        for source in ready[first:] + ready[:first]:
            held = self._held[source]
            while held.waiting and len(messages) < limit:
                record = held.take()
                message = as_message(record, source)
                if held.position is None:
                    held.done = message.offset
                held.position = message.offset + 1
                epoch = record.leader_epoch()
                held.epoch = NO_EPOCH if epoch is None else epoch
                messages.append(message)
        return messages

    def _find_positions(self) -> None:
        """Position all such partitions together, so that they take turns."""
        unpositioned = {source: self._held[source] for source in self._unpositioned}
        starts = {source: self._start_of(source) for source in unpositioned}
        still_held = [source for source, held in unpositioned.items() if self._held.get(source) is held]
        places = [self._at(source, starts[source]) for source in still_held]
        # Assign them again, since a seek has no effect on a partition whose position was not in the log.
        self._driver.incremental_unassign(places)
        self._driver.incremental_assign(places)
        self._driver.pause([self._at(source) for source in still_held if self._held[source].paused])
        for source in still_held:
            self._held[source].drop()
            self._held[source].position = None
        self._unpositioned.difference_update(unpositioned)

    def _start_of(self, source: TopicPartition) -> int:
        """The first event in the log, for a new group or when the next events have expired."""
        place, timeout = self._at(source), self._request_timeout_seconds
        try:
            (committed,) = self._driver.committed([place], timeout)
            low, high = self._driver.get_watermark_offsets(place, timeout)
        except KafkaException as error:
            raise self._error_recorder.unavailable(
                error.args[0], f"looking for the first event of {self._name(source)}"
            ) from error
        if committed.offset < 0:  # commit an offset, so that the expiry of unread events is detected later
            with suppress(Fenced):
                self._commit(source, low, NO_EPOCH)
        elif low <= committed.offset <= high:
            return committed.offset
        else:
            self._lost.add(source)
        return low

    def _commit(self, source: TopicPartition, offset: int, epoch: int) -> None:
        held, action = self._held.get(source), f"committing {self._name(source)}"
        deadline = time.monotonic() + STALE_EPOCH_TIMEOUT_SECONDS
        while held is not None and self._held.get(source) is held:
            error = self._commit_error(source, offset, epoch)
            if error is None:
                return
            if error.code() == KafkaError.STALE_MEMBER_EPOCH and time.monotonic() < deadline:
                time.sleep(STALE_PAUSE_SECONDS)  # members joined or left; an evicted member gets another error
            elif error.code() in FENCED:
                raise Fenced(f"{action}: it is no longer a partition of this member ({error.name()})")
            else:
                raise self._error_recorder.unavailable(error, action)
        raise Fenced(f"{action}: it is no longer a partition of this member")

    def _commit_error(self, source: TopicPartition, offset: int, epoch: int) -> KafkaError | None:
        """Commit and wait for the response; librdkafka itself would wait without limit for the coordinator."""
        commit = (source, offset)
        self._answers.clear()  # discard late responses
        deadline = time.monotonic() + self._request_timeout_seconds
        try:
            self._driver.commit(offsets=[self._at(source, offset, epoch)], asynchronous=True)
        except KafkaException as error:
            commit_error: KafkaError = error.args[0]
            return commit_error
        while commit not in self._answers:
            if time.monotonic() > deadline:
                return KafkaError(KafkaError._TIMED_OUT)
            record = self._driver.poll(COMMIT_POLL_SECONDS)
            if record is not None:
                self._buffer(record)
                if self._room() <= 0:
                    time.sleep(COMMIT_POLL_SECONDS)  # slow down fetching while the buffer is full
        return self._answers.pop(commit)

    def _answered(self, error: KafkaError | None, places: list[Place]) -> None:
        for place in places:
            self._answers[self._source(place.topic, place.partition), place.offset] = error or place.error

    def _seek(self, source: TopicPartition, offset: int) -> None:
        self._held[source].drop()
        try:
            self._driver.seek(self._at(source, offset))
        except KafkaException as error:
            raise self._error_recorder.unavailable(error.args[0], f"rewinding {self._name(source)}") from error

    def _set_paused(self, partitions: Sequence[TopicPartition], *, paused: bool) -> list[Place]:
        """Returns the changed partitions."""
        changed = []
        for source in partitions:
            held = self._held.get(source)
            if held is not None and held.paused != paused:
                held.paused = paused
                changed.append(self._at(source))
        return changed

    def _probe(self) -> None:
        """Check that a broker answers; otherwise an empty poll does not mean that there are no events."""
        error = self._error_recorder.error
        if error is not None and error.fatal():
            raise self._error_recorder.unavailable(error, "polling")
        try:
            self._driver.list_topics(timeout=BROKER_TIMEOUT_SECONDS)
        except KafkaException as probe_error:
            raise self._error_recorder.unavailable(probe_error.args[0], "polling") from probe_error
        self._error_recorder.clear()

    def _source(self, topic: str | None, partition: int | None) -> TopicPartition:
        """The driver's errors may have no topic."""
        return TopicPartition((topic or "").removeprefix(self._prefix), partition or 0)

    def _name(self, source: TopicPartition) -> str:
        """The partition as Kafka's tools write it."""
        return f"{self._prefix}{source.topic}/{source.partition}"

    def _at(self, source: TopicPartition, offset: int = OFFSET_INVALID, epoch: int = NO_EPOCH) -> Place:
        return Place(self._prefix + source.topic, source.partition, offset, leader_epoch=epoch)


def as_message(record: Record, source: TopicPartition) -> Message:
    """Other writers may leave out key and value; Penstock treats them as empty."""
    _, milliseconds = record.timestamp()
    return Message(
        topic=source.topic,
        partition=source.partition,
        offset=record.offset() or 0,
        key=record.key() or b"",
        value=record.value() or b"",
        timestamp_us=milliseconds * 1000,
    )
