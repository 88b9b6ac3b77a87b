"""Looks at topics and groups without taking part: a consumer that never joins.

librdkafka's admin client (2.16) is of no use for what is asked again and again: when a broker is started anew, it
keeps asking with an old leader epoch, or ends the whole process by a failed assertion.
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

PROBE_SECONDS = 2.0


class Watermarks(NamedTuple):
    """Offsets of one partition: of the first event that is left, and of the next that will be sent."""

    first: int
    end: int


class KafkaInspector:
    """Places name topics, and `group` a group, as the cluster knows them. Each call raises `Unavailable`."""

    def __init__(self, settings: KafkaSettings, group: str | None = None) -> None:
        self._error_recorder, self._group = ErrorRecorder(), group
        own = {"error_cb": self._error_recorder.note} | ({} if group is None else {"group.id": group})
        self._driver = Driver(settings.reader() | own)
        self._patience_seconds = settings.request_timeout_seconds

    def close(self) -> None:
        self._driver.close()

    def probe(self, topic: str) -> None:
        """Whether any broker answers within a short time."""
        with self._told("asking for an answer"):
            self._driver.list_topics(topic, PROBE_SECONDS)

    def watermarks(self, place: Place) -> Watermarks:
        with self._told(f"looking for the ends of {place.topic}/{place.partition}"):
            return Watermarks(*self._driver.get_watermark_offsets(place, self._patience_seconds))

    def committed(self, places: Sequence[Place]) -> dict[int, int | None]:
        """By partition, of one topic: the offset of the group's next event; None where it has committed nothing."""
        with self._told(f"asking where {self._group} is"):
            answers = self._driver.committed(list(places), self._patience_seconds)
            for answer in answers:
                if answer.error is not None:
                    raise KafkaException(answer.error)
        return {answer.partition: answer.offset if answer.offset >= 0 else None for answer in answers}

    def read(self, place: Place, limit: int) -> list[Record]:
        """Up to `limit` events from the place's offset on, or from the first that is left; as many as there are now."""
        first, end = self.watermarks(place)
        start = max(first, place.offset)
        records: list[Record] = []
        self._driver.assign([Place(place.topic, place.partition, start)])
        with self._told(f"reading {place.topic}/{place.partition}"):
            # Not all offsets need have an event; the broker tells of a partition's end only after a wait.
            while len(records) < min(limit, end - start):
                record = self._driver.poll(self._patience_seconds)
                error = KafkaError(KafkaError._TIMED_OUT) if record is None else record.error()
                if error is not None and error.code() == KafkaError._PARTITION_EOF:
                    break
                if error is not None:
                    raise KafkaException(error)
                if record is not None:
                    records.append(record)
        return records

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        """What fails within is told with its cause, if the client was told that aside."""
        try:
            yield
        except KafkaException as error:
            self._driver.poll(0)
            raise self._error_recorder.unavailable(error.args[0], doing) from error
        self._error_recorder.clear()
