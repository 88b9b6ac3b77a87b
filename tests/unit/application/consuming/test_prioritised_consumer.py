"""Of two topics, the events of one come first, and the other is never starved; on the real embedded event log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.adapters.embedded.event_log import EmbeddedEventLog
from penstock.application.consuming.prioritised_consumer import MAX_IN_A_ROW, PrioritisedConsumer
from penstock.ports.event_log import TopicPartition
from tests.support.manual_clock import ManualClock

EXPRESS, READY = "express", "ready"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedEventLog]:
    log = EmbeddedEventLog(tmp_path / "events.db", ManualClock())
    log.create_topics({EXPRESS: 2, READY: 2})
    yield log
    log.close()


@pytest.fixture
def consumer(log: EmbeddedEventLog) -> PrioritisedConsumer:
    consumer = PrioritisedConsumer(
        log.consumer("first", [EXPRESS]), log.consumer("second", [READY]), first_topic=EXPRESS
    )
    assert [consumer.poll(0), consumer.poll(0)] == [[], []]  # it joins both groups
    return consumer


def send(log: EmbeddedEventLog, topic: str, count: int) -> None:
    producer = log.producer()
    for number in range(count):
        producer.send(topic, b"key", b"%d" % number, partition=0)
    producer.flush()


def topics(consumer: PrioritisedConsumer, count: int) -> list[str]:
    return [message.topic for _ in range(count) for message in consumer.poll(0)]


def test_events_of_the_first_topic_come_first(log: EmbeddedEventLog, consumer: PrioritisedConsumer) -> None:
    send(log, READY, 3)
    assert topics(consumer, 1) == [READY]
    send(log, EXPRESS, 2)
    assert topics(consumer, 5) == [EXPRESS, EXPRESS, READY, READY]


def test_the_second_topic_has_a_turn_after_many_of_the_first(
    log: EmbeddedEventLog, consumer: PrioritisedConsumer
) -> None:
    send(log, EXPRESS, 2 * MAX_IN_A_ROW + 1)
    send(log, READY, 5)
    turn = [EXPRESS] * MAX_IN_A_ROW + [READY]
    assert topics(consumer, 2 * len(turn) + 2) == [*turn, *turn, EXPRESS, READY]


def test_each_event_is_committed_rewound_and_paused_in_its_own_group(
    log: EmbeddedEventLog, consumer: PrioritisedConsumer
) -> None:
    assert consumer.assignment() == {TopicPartition(topic, at) for topic in (EXPRESS, READY) for at in range(2)}
    send(log, EXPRESS, 1)
    send(log, READY, 1)
    (express,), (ready,) = consumer.poll(0), consumer.poll(0)
    consumer.rewind(express)
    assert consumer.poll(0) == [express]
    consumer.commit(express)
    assert (log.lag("first", EXPRESS), log.lag("second", READY)) == (0, 1)
    consumer.rewind(ready)
    consumer.pause([TopicPartition(READY, 0)])
    send(log, EXPRESS, 1)
    assert topics(consumer, 2) == [EXPRESS]
    consumer.resume([TopicPartition(READY, 0)])
    assert consumer.poll(0) == [ready]
    consumer.commit(ready)
    consumer.close()
    assert (log.lag("second", READY), log.members(["first", "second"])) == (0, {"first": [], "second": []})
