"""The Kafka event log keeps the contract, and what it promises beyond, on a real broker."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence

import pytest
from confluent_kafka import TopicPartition as Place
from confluent_kafka.admin import (
    AdminClient,
    OffsetSpec,
)
from event_log_contract import EventLogContract

from penstock.adapters.cluster.kafka_event_log import KafkaEventLog
from penstock.adapters.cluster.kafka_settings import KafkaSettings
from penstock.ports.event_log import Consumer, EventLog

SESSION_SECONDS = 3.0


@pytest.fixture
def settings(kafka_address: str) -> KafkaSettings:
    """A corner of the broker's that is this test's alone."""
    return KafkaSettings(
        bootstrap_servers=kafka_address,
        prefix=f"t-{uuid.uuid4().hex[:12]}.",
        replication_factor=1,
        session_timeout_seconds=SESSION_SECONDS,
    )


@pytest.fixture
def admin(settings: KafkaSettings) -> AdminClient:
    return AdminClient(settings.client())


class TestKafkaEventLog(EventLogContract):
    quiet_seconds = 1.0
    longest_turn = 20_000  # Kafka hands out whole batches of the sender's, up to 10,000 of such small events

    @pytest.fixture
    def log(self, settings: KafkaSettings, admin: AdminClient) -> Iterator[EventLog]:
        self.settings, self.admin = settings, admin
        log = KafkaEventLog(settings)
        yield log
        log.close()

    def outlast_session(self, survivors: Sequence[Consumer]) -> None:
        """librdkafka looks at the clock once a second."""
        end = time.monotonic() + SESSION_SECONDS + 1.5
        while time.monotonic() < end:
            for consumer in survivors:
                consumer.poll(0.05, max_messages=0)

    def expire(self, log: EventLog, topic: str) -> None:
        name = self.settings.prefix + topic
        places = [Place(name, partition) for partition in range(log.partitions(topic))]
        ends = self.admin.list_offsets(dict.fromkeys(places, OffsetSpec.latest()))
        done = self.admin.delete_records([Place(name, at.partition, end.result().offset) for at, end in ends.items()])
        for future in done.values():
            future.result()
