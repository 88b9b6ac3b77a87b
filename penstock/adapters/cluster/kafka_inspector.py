"""Inspects topics and groups with a consumer that never joins a group.

librdkafka's admin client (2.16) is not suitable for repeated queries: after a broker restart, it keeps using an old
leader epoch, or aborts the process with a failed assertion.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from confluent_kafka import Consumer as Driver
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import Message as Record
from confluent_kafka import TopicPartition as Place

from penstock.adapters.cluster.kafka_errors import ErrorRecorder
from penstock.adapters.cluster.kafka_settings import KafkaSettings
from penstock.application.health.probing import PROBE_TIMEOUT_SECONDS


class Watermarks(NamedTuple):
    """Offsets of one partition: of the first event in the log, and of the next event to be sent."""

    first: int
    end: int


class KafkaInspector:
    """Topics in places, and `group`, are the names in the cluster. Each call raises `Unavailable`."""

    def __init__(self, settings: KafkaSettings, group: str | None = None) -> None:
        self._error_recorder, self._group = ErrorRecorder(), group
        properties = {"error_cb": self._error_recorder.record} | ({} if group is None else {"group.id": group})
        self._driver = Driver(settings.reader() | properties)
        self._timeout_seconds = settings.request_timeout_seconds

    def close(self) -> None:
        self._driver.close()

    def probe(self, topic: str) -> None:
        """Check that a broker answers within a short time."""
        with self._errors("probing"):
            self._driver.list_topics(topic, PROBE_TIMEOUT_SECONDS)

    def watermarks(self, place: Place) -> Watermarks:
        with self._errors(f"reading the watermarks of {place.topic}/{place.partition}"):
            return Watermarks(*self._driver.get_watermark_offsets(place, self._timeout_seconds))

    def committed(self, places: Sequence[Place]) -> dict[int, int | None]:
        """The offset of the group's next event by partition of one topic; None where nothing is committed."""
        with self._errors(f"reading the offsets of group {self._group}"):
            answers = self._driver.committed(list(places), self._timeout_seconds)
            for answer in answers:
                if answer.error is not None:
                    raise KafkaException(answer.error)
        return {answer.partition: answer.offset if answer.offset >= 0 else None for answer in answers}

    def read(self, place: Place, limit: int) -> list[Record]:
        """Up to `limit` existing events from the place's offset on, or from the first event in the log."""
        first, end = self.watermarks(place)
        start = max(first, place.offset)
        records: list[Record] = []
        self._driver.assign([Place(place.topic, place.partition, start)])
        with self._errors(f"reading {place.topic}/{place.partition}"):
            # Offsets may have gaps, and the broker reports a partition's end only after a wait.
            while len(records) < min(limit, end - start):
                record = self._driver.poll(self._timeout_seconds)
                error = KafkaError(KafkaError._TIMED_OUT) if record is None else record.error()
                if error is not None and error.code() == KafkaError._PARTITION_EOF:
                    break
                if error is not None:
                    raise KafkaException(error)
                if record is not None:
                    records.append(record)
        return records

    @contextmanager
    def _errors(self, action: str) -> Iterator[None]:
        """Raise Kafka's errors as Penstock's, with the cause that the error callback reported."""
        try:
            yield
        except KafkaException as error:
            self._driver.poll(0)
            raise self._error_recorder.unavailable(error.args[0], action) from error
        self._error_recorder.clear()
