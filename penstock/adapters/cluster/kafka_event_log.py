"""The event log on Apache Kafka."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from confluent_kafka import Consumer as Driver
from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    TopicCollection,
)
from confluent_kafka import TopicPartition as Place
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # its stubs say less than it has
from confluent_kafka.cimpl import NewTopic

from penstock.adapters.cluster.kafka_consumer import KafkaConsumer, as_message
from penstock.adapters.cluster.kafka_errors import LEADER_MOVED, UNKNOWN_TOPIC, Trouble
from penstock.adapters.cluster.kafka_producer import Dispatcher, KafkaProducer
from penstock.adapters.cluster.kafka_settings import KafkaSettings
from penstock.domain.errors import Conflict, NotFound, PenstockError, Unavailable
from penstock.ports.event_log import Consumer, EventLog, Message, Producer, TopicPartition

SHOWN_SECONDS = 30.0  # for a new topic to be known, with a leader for each partition
PAUSE_SECONDS = 0.05  # between two looks
EARLIEST, LATEST = OffsetSpec.earliest(), OffsetSpec.latest()  # type: ignore[no-untyped-call]
REPORT_MARGIN_SECONDS = 5.0  # librdkafka looks for events that are overdue once a second


class KafkaEventLog(EventLog):
    """One cluster. Nothing is connected to until it is needed, or a producer is made."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._trouble = Trouble()
        self._admin = AdminClient(settings.client() | {"error_cb": self._trouble.note})
        patience_seconds = settings.delivery_timeout_seconds + settings.request_timeout_seconds + REPORT_MARGIN_SECONDS
        self._dispatcher = Dispatcher(settings.producer(), patience_seconds)
        self._lock = threading.Lock()
        self._consumers: set[KafkaConsumer] = set()
        self._partitions: dict[str, int] = {}

    def create_topics(self, partitions: Mapping[str, int]) -> None:
        """Two that create the same topics at once do no harm. A new topic takes a write when one replica is away."""
        present = self._count_partitions(partitions)
        _refuse_other_counts(partitions, present)
        missing = {topic: count for topic, count in partitions.items() if topic not in present}
        replicas = self._settings.replication_factor
        config = {"min.insync.replicas": str(max(1, replicas - 1))}
        new = [NewTopic(self._name(topic), count, replicas, config=config) for topic, count in missing.items()]
        for name, future in (self._admin.create_topics(new) if new else {}).items():
            with suppress(Conflict):  # somebody else was quicker
                self._result(future, f"creating topic {name}")
        self._await_topics(missing)

    def partitions(self, topic: str) -> int:
        if topic not in self._partitions:
            self._partitions |= self._count_partitions([topic])
        if topic not in self._partitions:
            raise NotFound(f"there is no topic {topic}: create it first")
        return self._partitions[topic]

    def producer(self) -> Producer:
        self._dispatcher.connect()
        return KafkaProducer(self._dispatcher, self._name, self.partitions)

    def consumer(self, group: str, topics: Sequence[str]) -> Consumer:
        for topic in topics:
            self.partitions(topic)
        consumer = KafkaConsumer(
            self._settings.consumer(self._name(group)),
            topics,
            prefix=self._settings.prefix,
            session_timeout_seconds=self._settings.session_timeout_seconds,
            request_timeout_seconds=self._settings.request_timeout_seconds,
            on_close=self._forget,
        )
        with self._lock:
            self._consumers.add(consumer)
        return consumer

    def lag(self, group: str, topic: str) -> int:
        places = [Place(self._name(topic), partition) for partition in range(self.partitions(topic))]
        question = ConsumerGroupTopicPartitions(self._name(group), places)
        (future,) = self._admin.list_consumer_group_offsets([question]).values()
        committed = {
            place.partition: place.offset
            for place in self._result(future, f"reading the offsets of {group}").topic_partitions
        }
        first, end = self._edges(topic, places)
        return sum(end[number] - min(end[number], max(first[number], committed[number])) for number in end)

    def read(self, topic: str, partition: int, offset: int, limit: int) -> list[Message]:
        place = Place(self._name(topic), partition)
        if not 0 <= partition < self.partitions(topic):
            return []
        first, end = self._edges(topic, [place])
        place.offset = max(offset, first[partition])
        if place.offset >= end[partition]:
            return []
        trouble = Trouble()
        reader = Driver({**self._settings.reader(), "error_cb": trouble.note})
        try:
            reader.assign([place])
            return self._read(reader, trouble, TopicPartition(topic, partition), limit)
        finally:
            reader.close()

    def close(self) -> None:
        """Consumers that are still open leave their groups."""
        with self._lock:
            consumers = list(self._consumers)
        for consumer in consumers:
            consumer.close()
        self._dispatcher.close()

    def _name(self, name: str) -> str:
        """What a topic or group of this installation is called in the cluster."""
        return self._settings.prefix + name

    def _forget(self, consumer: KafkaConsumer) -> None:
        with self._lock:
            self._consumers.discard(consumer)

    def _count_partitions(self, topics: Mapping[str, int] | Sequence[str]) -> dict[str, int]:
        """Of those that exist. A description makes no topic, whatever `auto.create.topics.enable` says."""
        if not topics:
            return {}
        described = self._admin.describe_topics(TopicCollection([self._name(topic) for topic in topics]))
        counts = {}
        for topic in topics:
            try:
                description = self._result(described[self._name(topic)], f"describing topic {topic}")
            except NotFound:
                continue
            if all(partition.leader is not None for partition in description.partitions):
                counts[topic] = len(description.partitions)
        return counts

    def _await_topics(self, wanted: Mapping[str, int]) -> None:
        """Until every partition is led by a broker that knows it."""
        deadline = time.monotonic() + SHOWN_SECONDS
        for topic in wanted:
            while not self._is_ready(topic):
                if time.monotonic() > deadline:
                    raise Unavailable(f"topic {topic} was created, but is not ready after {SHOWN_SECONDS:.0f} s")
                time.sleep(PAUSE_SECONDS)
        _refuse_other_counts(wanted, self._count_partitions(wanted))

    def _is_ready(self, topic: str) -> bool:
        count = self._count_partitions([topic]).get(topic, 0)
        try:
            self._edges(topic, [Place(self._name(topic), partition) for partition in range(count)])
        except (NotFound, Unavailable):
            return False
        return count > 0

    def _edges(self, topic: str, places: Sequence[Place]) -> tuple[dict[int, int], dict[int, int]]:
        """By partition: the offset of the first event, and of the next to be sent."""
        return self._offsets(topic, places, EARLIEST), self._offsets(topic, places, LATEST)

    def _offsets(self, topic: str, places: Sequence[Place], which: OffsetSpec) -> dict[int, int]:
        deadline = time.monotonic() + self._settings.request_timeout_seconds
        while True:
            answers = self._admin.list_offsets(dict.fromkeys(places, which))
            try:
                return {place.partition: answer.result().offset for place, answer in answers.items()}
            except KafkaException as error:
                if error.args[0].code() not in LEADER_MOVED or time.monotonic() > deadline:
                    raise self._meaning(error.args[0], f"reading the ends of {topic}") from error
            time.sleep(PAUSE_SECONDS)
            with suppress(KafkaException):
                self._admin.list_topics(self._name(topic), timeout=PAUSE_SECONDS * 10)  # it asks anew only when told to

    def _read(self, reader: Driver, trouble: Trouble, source: TopicPartition, limit: int) -> list[Message]:
        messages: list[Message] = []
        while len(messages) < limit:
            record = reader.poll(self._settings.request_timeout_seconds)
            error = KafkaError(KafkaError._TIMED_OUT) if record is None else record.error()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:
                break
            if error is not None:
                raise trouble.unavailable(error, f"reading {source.topic}/{source.partition}")
            if record is not None:
                messages.append(as_message(record, source))
        return messages

    def _result(self, future: Future[Any], doing: str) -> Any:
        try:
            result = future.result()
        except KafkaException as error:
            raise self._meaning(error.args[0], doing) from error
        self._trouble.clear()
        return result

    def _meaning(self, error: KafkaError, doing: str) -> PenstockError:
        if error.code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return Conflict(f"{doing}: it exists")
        if error.code() in UNKNOWN_TOPIC:
            return NotFound(f"{doing}: there is no such topic or partition; create the topics first")
        self._admin.poll(0)  # the cause may lie in what it was told aside
        return self._trouble.unavailable(error, doing)


def _refuse_other_counts(wanted: Mapping[str, int], present: Mapping[str, int]) -> None:
    for topic, count in present.items():
        if count != wanted[topic]:
            raise Conflict(f"topic {topic} has {count} partitions, not {wanted[topic]}: its number cannot be changed")
