"""Sending to Kafka: a flush ends when a delivery report has come for every one of its events."""

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

POLL_SECONDS = 0.2  # how long a close may wait for the thread that hears the reports
ROOM_SECONDS = 0.005  # between two tries while librdkafka's own queue is full
ANY_PARTITION = -1  # librdkafka's word for "by the key"


class Outgoing(NamedTuple):
    topic: str
    partition: int
    key: bytes
    value: bytes


class _Batch:
    """The events of one flush, and what is known of them. Reports come from any thread that polls."""

    def __init__(self, size: int) -> None:
        self._missing = size
        self._lock = threading.Lock()
        self._complete = threading.Event()
        self.error: KafkaError | None = None  # of the first event that failed

    def report(self, error: KafkaError | None, _: object) -> None:
        with self._lock:
            self._missing -= 1
            self.error = self.error or error
            if not self._missing:
                self._complete.set()

    def wait(self, seconds: float) -> bool:
        """Until every event was reported, for `seconds` at most; whether it was."""
        return self._complete.wait(seconds)


class Dispatcher:
    """The one librdkafka producer behind all `KafkaProducer`s of a log, and the thread that hears its reports.

    Connecting and being given a producer id takes as long as a hundred events, so that it is done once. Raises as
    `Producer.flush`; `timeout_seconds` bounds the wait for reports, and must outlast librdkafka's delivery timeout.
    """

    def __init__(self, properties: dict[str, Any], timeout_seconds: float) -> None:
        self._properties = properties
        self._patience_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._line: _Line | None = None

    def connect(self) -> None:
        """Begin to, so that the first events need not wait for half a second until the producer has its id."""
        self._open_line()

    def deliver(self, events: Sequence[Outgoing], timeout: float | None = None) -> None:
        """What was not reported within `timeout` may still arrive."""
        line, batch = self._open_line(), _Batch(len(events))
        deadline = time.monotonic() + (self._patience_seconds if timeout is None else timeout)
        doing = f"sending {len(events)} events"
        try:
            for event in events:
                line.produce(event, batch, deadline)
            reported = batch.wait(deadline - time.monotonic())
        except KafkaException as error:
            self._give_up_on(line, error.args[0])
            raise line.error_recorder.unavailable(error.args[0], doing) from error
        except BufferError as error:
            raise line.error_recorder.unavailable(KafkaError(KafkaError._QUEUE_FULL), doing) from error
        if not reported:
            raise line.error_recorder.unavailable(KafkaError(KafkaError._TIMED_OUT), doing)
        if batch.error is not None:
            self._give_up_on(line, batch.error)
            raise line.error_recorder.unavailable(batch.error, doing)
        line.error_recorder.clear()

    def close(self) -> None:
        with self._lock:
            line, self._line = self._line, None
        if line is not None:
            line.close()

    def _open_line(self) -> _Line:
        with self._lock:
            if self._line is None:
                self._line = _Line(self._properties)
            return self._line

    def _give_up_on(self, line: _Line, error: KafkaError) -> None:
        """A producer that met a fatal error sends nothing any more: the next flush gets a new one."""
        if not (error.fatal() or error.code() == KafkaError._FATAL):
            return
        with self._lock:
            if self._line is line:
                self._line = None
        line.close()


class _Line:
    """One librdkafka producer, polled by a thread of its own."""

    def __init__(self, properties: dict[str, Any]) -> None:
        self.error_recorder = ErrorRecorder()
        self._driver = Driver({**properties, "error_cb": self.error_recorder.note})
        self._closing = threading.Event()
        self._listener = threading.Thread(target=self._listen, name="kafka-delivery-reports", daemon=True)
        self._listener.start()

    def produce(self, event: Outgoing, batch: _Batch, deadline: float) -> None:
        """Raises `KafkaException`, and `BufferError` when there is no room until `deadline`."""
        while True:
            try:
                self._driver.produce(event.topic, event.value, event.key, event.partition, on_delivery=batch.report)
                return
            except BufferError:
                if time.monotonic() > deadline:
                    raise
                self._driver.poll(ROOM_SECONDS)

    def close(self) -> None:
        """Drop what is still on its way: whoever sent it has been told that it may be lost."""
        self._closing.set()
        self._listener.join()
        self._driver.purge()
        self._driver.poll(0)

    def _listen(self) -> None:
        while not self._closing.is_set():
            self._driver.poll(POLL_SECONDS)


class KafkaProducer(Producer):
    """Events wait here, not in librdkafka, until they are flushed: what is dropped at close was never sent."""

    def __init__(self, dispatcher: Dispatcher, name: Callable[[str], str], partitions: Callable[[str], int]) -> None:
        """`name` gives a topic's name in the cluster, `partitions` its number or `NotFound`."""
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
            raise NotFound(f"topic {self._name(topic)} has {count} partitions, none of them is {partition}")
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
