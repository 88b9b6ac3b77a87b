"""The event log on Apache Kafka."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from types import MappingProxyType
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka import TopicPartition as Place
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource, ConfigSource
from confluent_kafka.cimpl import NewTopic

from penstock.adapters.cluster.kafka_consumer import KafkaConsumer, as_message
from penstock.adapters.cluster.kafka_errors import KAFKA, UNKNOWN_TOPIC, ErrorRecorder
from penstock.adapters.cluster.kafka_inspector import KafkaInspector
from penstock.adapters.cluster.kafka_lag import KafkaLag
from penstock.adapters.cluster.kafka_members import KafkaMembers
from penstock.adapters.cluster.kafka_producer import Dispatcher, KafkaProducer
from penstock.adapters.cluster.kafka_settings import KafkaSettings
from penstock.domain.errors import Conflict, NotFound, PenstockError, Unavailable
from penstock.domain.events import DEAD_LETTER
from penstock.ports.event_log import Consumer, EventLog, Message, Producer, TopicPartition

PROBED_TOPIC = DEAD_LETTER  # any topic; this is the least busy
TOPIC_READY_SECONDS = 30.0  # for a new topic to have a leader for each partition
PAUSE_SECONDS = 0.05  # between two checks
RETENTION, UNLIMITED = "retention.ms", "-1"
NO_DAYS: Mapping[str, int] = MappingProxyType({})
DAY_MS = 86_400_000
REPORT_MARGIN_SECONDS = 5.0  # librdkafka checks for expired events once a second


class KafkaEventLog(EventLog):
    """One cluster. Connects when needed, or when a producer is created."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._error_recorder = ErrorRecorder()
        self._admin = AdminClient(settings.client() | {"error_cb": self._error_recorder.record})
        timeout_seconds = settings.delivery_timeout_seconds + settings.request_timeout_seconds + REPORT_MARGIN_SECONDS
        self._dispatcher = Dispatcher(settings.producer(), timeout_seconds)
        self._lock = threading.Lock()
        self._consumers: set[KafkaConsumer] = set()
        self._partitions: dict[str, int] = {}
        self._prober: KafkaInspector | None = None
        self._members = KafkaMembers(settings)

    def create_topics(self, partitions: Mapping[str, int], retention_days: Mapping[str, int] = NO_DAYS) -> None:
        """Safe to run concurrently. A new topic accepts writes while one replica is down.

        Topics not in `retention_days` have the brokers' default retention.
        """
        existing = self._count_partitions(partitions)
        self._refuse_fewer(partitions, existing)
        missing = {topic: count for topic, count in partitions.items() if topic not in existing}
        replicas = self._settings.replication_factor
        config = {"min.insync.replicas": str(max(1, replicas - 1))}
        retention = {topic: {RETENTION: _milliseconds(days)} for topic, days in retention_days.items()}
        new = [
            NewTopic(self.name(topic), count, replicas, config=config | retention.get(topic, {}))
            for topic, count in missing.items()
        ]
        for name, future in (self._admin.create_topics(new) if new else {}).items():
            with suppress(Conflict):  # another process created it
                self._result(future, f"creating topic {name}")
        self._await_topics(missing)

    def lengthen_retention(self, retention_days: Mapping[str, int]) -> dict[str, int]:
        """Set the minimal retention of these topics, independent of the brokers' default.

        Returns the topics whose retention was shorter, by their names in the cluster, with the new days.
        """
        lengthened = {}
        for topic, days in retention_days.items():
            required, (current, is_own) = _milliseconds(days), self._retention(topic)
            if current != UNLIMITED and int(current) < int(required):
                lengthened[self.name(topic)] = days
                self._set_retention(topic, required)
            elif not is_own:
                self._set_retention(topic, current)
        return lengthened

    def partitions(self, topic: str) -> int:
        if topic not in self._partitions:
            self._partitions |= self._count_partitions([topic])
        if topic not in self._partitions:
            raise NotFound(f"Kafka has no topic {self.name(topic)}")
        return self._partitions[topic]

    def producer(self) -> Producer:
        self._dispatcher.connect()
        return KafkaProducer(self._dispatcher, self.name, self.partitions)

    def consumer(self, group: str, topics: Sequence[str]) -> Consumer:
        for topic in topics:
            self.partitions(topic)
        consumer = KafkaConsumer(
            self._settings.consumer(self.name(group)),
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
        partitions = self.partitions(topic)
        with closing(KafkaLag(self._settings, group=group, topic=topic, partitions=partitions)) as lags:
            return sum(lag.events for lag in lags().values())

    def members(self, groups: Sequence[str]) -> Mapping[str, Sequence[frozenset[TopicPartition]]]:
        found = self._members([self.name(group) for group in groups])
        return {group: [self._places(member) for member in found[self.name(group)]] for group in groups}

    def _places(self, member: Sequence[tuple[str, int]]) -> frozenset[TopicPartition]:
        """The partitions of a member, by the names of this installation."""
        return frozenset(
            TopicPartition(topic.removeprefix(self._settings.prefix), partition) for topic, partition in member
        )

    def read(self, topic: str, partition: int, offset: int, limit: int) -> list[Message]:
        if not 0 <= partition < self.partitions(topic):
            return []
        with closing(KafkaInspector(self._settings)) as inspector:
            records = inspector.read(Place(self.name(topic), partition, offset), limit)
        return [as_message(record, TopicPartition(topic, partition)) for record in records]

    def name(self, name: str) -> str:
        """The name of this installation's topic or group in the cluster."""
        return self._settings.prefix + name

    def probe(self) -> None:
        """Check that a broker answers immediately. Raises `Unavailable`."""
        with self._lock:
            self._prober = self._prober or KafkaInspector(self._settings)
        self._prober.probe(self.name(PROBED_TOPIC))

    def close(self) -> None:
        """Also closes open consumers, which leave their groups."""
        if self._prober is not None:
            self._prober.close()
        with self._lock:
            consumers = list(self._consumers)
        for consumer in consumers:
            consumer.close()
        self._dispatcher.close()
        self._members.close()

    def _forget(self, consumer: KafkaConsumer) -> None:
        with self._lock:
            self._consumers.discard(consumer)

    def _count_partitions(self, topics: Mapping[str, int] | Sequence[str]) -> dict[str, int]:
        """The number of partitions of each existing topic; unlike other calls, this never creates a topic."""
        if not topics:
            return {}
        described = self._admin.describe_topics(TopicCollection([self.name(topic) for topic in topics]))
        counts = {}
        for topic in topics:
            try:
                description = self._result(described[self.name(topic)], f"describing topic {self.name(topic)}")
            except NotFound:
                continue
            if all(partition.leader is not None for partition in description.partitions):
                counts[topic] = len(description.partitions)
        return counts

    def _await_topics(self, requested: Mapping[str, int]) -> None:
        """Wait until every partition has a leader that knows it."""
        deadline = time.monotonic() + TOPIC_READY_SECONDS
        with closing(KafkaInspector(self._settings)) as inspector:
            for topic in requested:
                while not self._is_ready(topic, inspector):
                    if time.monotonic() > deadline:
                        raise Unavailable(
                            f"topic {self.name(topic)}, just created, is not ready in {TOPIC_READY_SECONDS:.0f} s",
                            dependency=KAFKA,
                        )
                    time.sleep(PAUSE_SECONDS)
        self._refuse_fewer(requested, self._count_partitions(requested))

    def _is_ready(self, topic: str, inspector: KafkaInspector) -> bool:
        count = self._count_partitions([topic]).get(topic, 0)
        with suppress(Unavailable):
            for partition in range(count):
                inspector.watermarks(Place(self.name(topic), partition))
            return count > 0
        return False

    def _refuse_fewer(self, requested: Mapping[str, int], existing: Mapping[str, int]) -> None:
        for topic, count in existing.items():
            if count < requested[topic]:
                raise Conflict(f"topic {self.name(topic)} has {count} partitions, fewer than {requested[topic]}")

    def _retention(self, topic: str) -> tuple[str, bool]:
        """The retention in milliseconds, and whether it is set on the topic itself, not the brokers' default."""
        resource = ConfigResource(ConfigResource.Type.TOPIC, self.name(topic))
        described = self._admin.describe_configs([resource])[resource]
        entry = self._result(described, f"reading the configuration of topic {self.name(topic)}")[RETENTION]
        return entry.value, ConfigSource(entry.source) is ConfigSource.DYNAMIC_TOPIC_CONFIG

    def _set_retention(self, topic: str, milliseconds: str) -> None:
        entry = ConfigEntry(RETENTION, milliseconds, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ConfigResource.Type.TOPIC, self.name(topic), incremental_configs=[entry])
        altered = self._admin.incremental_alter_configs([resource])[resource]
        self._result(altered, f"setting the retention of topic {self.name(topic)}")

    def _result(self, future: Future[Any], action: str) -> Any:
        try:
            result = future.result()
        except KafkaException as error:
            raise self._mapped(error.args[0], action) from error
        self._error_recorder.clear()
        return result

    def _mapped(self, error: KafkaError, action: str) -> PenstockError:
        if error.code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return Conflict(f"{action}: it already exists")
        if error.code() in UNKNOWN_TOPIC:
            return NotFound(f"{action}: there is no such topic or partition; create the topics first")
        self._admin.poll(0)  # may report the cause to the error callback
        return self._error_recorder.unavailable(error, action)


def _milliseconds(days: int) -> str:
    return str(days * DAY_MS)
