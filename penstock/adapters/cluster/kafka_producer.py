"""Sends events to Kafka: a flush ends when every one of its events has a delivery report."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import Producer as Driver

from penstock.adapters.cluster.kafka_errors import ErrorRecorder
from penstock.domain.errors import NotFound
from penstock.ports.event_log import Producer

POLL_SECONDS = 0.2  # how long a close may wait for the polling thread
QUEUE_FULL_PAUSE_SECONDS = 0.005  # between two attempts while librdkafka's queue is full
ANY_PARTITION = -1  # librdkafka chooses by the key


class Outgoing(NamedTuple):
    topic: str
    partition: int
    key: bytes
    value: bytes


class _Batch:
    """The events of one flush and their reports, which may come from any polling thread."""

    def __init__(self, size: int) -> None:
        self._unreported = size
        self._lock = threading.Lock()
        self._complete = threading.Event()
        self.error: KafkaError | None = None  # of the first event that failed

    def report(self, error: KafkaError | None, _: object) -> None:
        with self._lock:
            self._unreported -= 1
            self.error = self.error or error
            if not self._unreported:
                self._complete.set()

    def wait(self, seconds: float) -> bool:
        """Wait up to `seconds` until every event is reported; returns whether it is."""
        return self._complete.wait(seconds)


class Dispatcher:
    """The shared librdkafka producer of all `KafkaProducer`s of a log.

    It is shared because connecting and getting a producer id takes as long as a hundred events. Raises as
    `Producer.flush`; `timeout_seconds` limits the wait for reports, and must exceed librdkafka's delivery timeout.
    """

    def __init__(self, properties: dict[str, Any], timeout_seconds: float) -> None:
        self._properties = properties
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._connection: _Connection | None = None

    def connect(self) -> None:
        """Start to connect, so that the first events need not wait half a second for the producer id."""
        self._open_connection()

    def deliver(self, events: Sequence[Outgoing], timeout: float | None = None) -> None:
        """Send events and wait for their reports. Events without a report after `timeout` may still arrive."""
        connection, batch = self._open_connection(), _Batch(len(events))
        deadline = time.monotonic() + (self._timeout_seconds if timeout is None else timeout)
        action = f"sending {len(events)} events"
        try:
            for event in events:
                connection.produce(event, batch, deadline)
            reported = batch.wait(deadline - time.monotonic())
        except KafkaException as error:
            self._discard_if_fatal(connection, error.args[0])
            raise connection.error_recorder.unavailable(error.args[0], action) from error
        except BufferError as error:
            raise connection.error_recorder.unavailable(KafkaError(KafkaError._QUEUE_FULL), action) from error
        if not reported:
            raise connection.error_recorder.unavailable(KafkaError(KafkaError._TIMED_OUT), action)
        if batch.error is not None:
            self._discard_if_fatal(connection, batch.error)
            raise connection.error_recorder.unavailable(batch.error, action)
        connection.error_recorder.clear()

    def close(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _open_connection(self) -> _Connection:
        with self._lock:
            if self._connection is None:
                self._connection = _Connection(self._properties)
            return self._connection

    def _discard_if_fatal(self, connection: _Connection, error: KafkaError) -> None:
        """After a fatal error a producer cannot send: the next flush creates a new one."""
        if not (error.fatal() or error.code() == KafkaError._FATAL):
            return
        with self._lock:
            if self._connection is connection:
                self._connection = None
        connection.close()


class _Connection:
    """One librdkafka producer, polled by its own thread."""

    def __init__(self, properties: dict[str, Any]) -> None:
        self.error_recorder = ErrorRecorder()
        self._driver = Driver({**properties, "error_cb": self.error_recorder.record})
        self._closing = threading.Event()
        self._poller = threading.Thread(target=self._poll, name="kafka-delivery-reports", daemon=True)
        self._poller.start()

    def produce(self, event: Outgoing, batch: _Batch, deadline: float) -> None:
        """Raises `KafkaException`, and `BufferError` when the queue is full until `deadline`."""
        while True:
            try:
                self._driver.produce(event.topic, event.value, event.key, event.partition, on_delivery=batch.report)
                return
            except BufferError:
                if time.monotonic() > deadline:
                    raise
                self._driver.poll(QUEUE_FULL_PAUSE_SECONDS)

    def close(self) -> None:
        """Drop undelivered events: their senders already got an error."""
        self._closing.set()
        self._poller.join()
        self._driver.purge()
        self._driver.poll(0)

    def _poll(self) -> None:
        while not self._closing.is_set():
            self._driver.poll(POLL_SECONDS)


class KafkaProducer(Producer):
    """Buffers events itself until they are flushed, so that events dropped at close were never sent."""

    def __init__(self, dispatcher: Dispatcher, name: Callable[[str], str], partitions: Callable[[str], int]) -> None:
        """`name` returns a topic's name in the cluster; `partitions` its number of partitions, or raises `NotFound`."""
        self._dispatcher = dispatcher
        self._name = name
        self._partitions = partitions
        self._queue: list[Outgoing] = []
        self._lock = threading.Lock()

    def send(self, topic: str, key: bytes, value: bytes, *, partition: int | None = None) -> None:
        count = self._partitions(topic)
        if partition is None:
            partition = ANY_PARTITION
        elif not 0 <= partition < count:
            raise NotFound(f"topic {self._name(topic)} has {count} partitions, but no partition {partition}")
        with self._lock:
            self._queue.append(Outgoing(self._name(topic), partition, key, value))

    def flush(self, timeout: float | None = None) -> None:
        with self._lock:
            queue, self._queue = self._queue, []
        if queue:
            self._dispatcher.deliver(queue, timeout)

    def close(self) -> None:
        with self._lock:
            self._queue = []
