"""The Kafka event log keeps the contract, and what it promises beyond, on a real broker."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from confluent_kafka import Consumer as Driver
from confluent_kafka import ConsumerGroupTopicPartitions, Producer
from confluent_kafka import TopicPartition as Place
from confluent_kafka.admin import (
    AdminClient,
    ConfigResource,
    OffsetSpec,
    ResourceType,
)
from event_log_contract import GIVE_UP_SECONDS, ORDERS, SINGLE, EventLogContract, publish, take, values

from penstock.adapters.cluster import kafka_members
from penstock.adapters.cluster.kafka_event_log import DAY_MS, KafkaEventLog
from penstock.adapters.cluster.kafka_producer import Dispatcher, Outgoing
from penstock.adapters.cluster.kafka_settings import KafkaSettings
from penstock.adapters.system_clock import SystemClock
from penstock.application.consuming.consume_loop import ConsumeLoop
from penstock.domain.errors import Conflict, Fenced, NotFound, Unavailable
from penstock.domain.event_codec import encode
from penstock.domain.events import DEAD_LETTER, DeadLetter, Event
from penstock.ports.event_log import Consumer, EventLog, Message, TopicPartition

SESSION_SECONDS = 3.0
# From Kafka's own UtilsTest.testMurmur2: what its Java client makes of a key.
MURMUR2 = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


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
    longest_turn = 20_000  # the others' first helpings come before, each 64 KiB of very small events

    @pytest.fixture
    def log(self, settings: KafkaSettings, admin: AdminClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[EventLog]:
        self.settings, self.admin = settings, admin
        monkeypatch.setattr(kafka_members, "KEPT_SECONDS", 0.0)
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

    def test_a_key_goes_where_other_kafka_clients_look_for_it(self, log: EventLog) -> None:
        producer = log.producer()
        for key in MURMUR2:
            producer.send(ORDERS, key, b"0")
        producer.flush()
        places = {message.key: message.partition for message in take(log.consumer("g", [ORDERS]), len(MURMUR2))}
        assert places == {key: (number & 0x7FFF_FFFF) % 4 for key, number in MURMUR2.items()}

    def test_an_event_without_key_and_value_is_an_empty_one(self, log: EventLog) -> None:
        external = Producer(self.settings.client())
        external.produce(self.settings.prefix + SINGLE)
        external.flush()
        (message,) = take(log.consumer("g", [SINGLE]), 1)
        assert (message.key, message.value) == (b"", b"")

    def test_more_events_than_librdkafka_has_room_for(self, log: EventLog) -> None:
        dispatcher = Dispatcher(self.settings.producer() | {"queue.buffering.max.messages": 10}, 60)
        dispatcher.deliver([Outgoing(self.settings.prefix + SINGLE, 0, b"", b"%d" % number) for number in range(1000)])
        dispatcher.close()
        assert values(log.read(SINGLE, 0, 0, 2000)) == list(range(1000))

    def test_several_threads_flush_at_once(self, log: EventLog) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: publish(log, ORDERS, [number], partition=None), range(200)))
        assert sorted(values(take(log.consumer("g", [ORDERS]), 200))) == list(range(200))

    def test_two_create_the_same_topics_at_once(self, log: EventLog) -> None:
        others = [KafkaEventLog(self.settings) for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda other: other.create_topics({"new": 3, "newer": 2}), others))
        assert (log.partitions("new"), log.partitions("newer")) == (3, 2)

    def test_installations_that_share_a_cluster_do_not_meet(self, log: EventLog) -> None:
        publish(log, SINGLE, [1])
        other = KafkaEventLog(msgspec.structs.replace(self.settings, prefix=self.settings.prefix + "other."))
        with pytest.raises(NotFound):
            other.partitions(SINGLE)
        other.create_topics({SINGLE: 2})
        publish(other, SINGLE, [2])
        consumer = other.consumer("g", [SINGLE])
        consumer.commit(take(consumer, 1)[0])
        other.close()
        assert (log.lag("g", SINGLE), values(take(log.consumer("g", [SINGLE]), 1))) == (1, [1])

    def test_a_topic_needs_as_many_brokers_as_replicas(self, log: EventLog) -> None:
        greedy = KafkaEventLog(msgspec.structs.replace(self.settings, replication_factor=3))
        with pytest.raises(Unavailable, match="PENSTOCK_KAFKA_REPLICATION_FACTOR"):
            greedy.create_topics({"copied": 1})

    # Expiry

    def test_events_that_expire_before_the_first_commit_are_reported(self, log: EventLog) -> None:
        publish(log, SINGLE, [0])
        first = log.consumer("g", [SINGLE])
        take(first, 1)
        first.close()
        self.expire(log, SINGLE)
        publish(log, SINGLE, [1])
        heir = log.consumer("g", [SINGLE])
        assert values(take(heir, 1)) == [1]
        assert heir.lost() == {TopicPartition(SINGLE, 0)}

    def test_a_log_that_was_cut_is_reported_and_read_from_its_start(self, log: EventLog) -> None:
        publish(log, SINGLE, range(5))
        consumer = log.consumer("g", [SINGLE])
        consumer.commit(take(consumer, 5)[-1])
        consumer.close()
        place = Place(self.settings.prefix + SINGLE, 0, 50)  # as if 45 more had been there
        group = ConsumerGroupTopicPartitions(self.settings.prefix + "g", [place])
        self.admin.alter_consumer_group_offsets([group])[group.group_id].result()
        heir = log.consumer("g", [SINGLE])
        messages = take(heir, 5)
        assert values(messages) == list(range(5))
        assert heir.lost() == {TopicPartition(SINGLE, 0)}
        heir.commit(messages[-1])
        assert log.lag("g", SINGLE) == 0

    def test_reading_starts_at_the_first_event_that_has_not_expired(self, log: EventLog) -> None:
        publish(log, SINGLE, range(3))
        self.expire(log, SINGLE)
        publish(log, SINGLE, [3, 4])
        assert values(log.read(SINGLE, 0, 0, 10)) == [3, 4]

    # Membership

    def test_members_of_a_group_of_the_classic_protocol_are_counted_too(self, log: EventLog) -> None:
        """Trackers are members by aiokafka, which knows no other protocol."""
        properties = self.settings.client() | {"group.id": f"{self.settings.prefix}c", "group.protocol": "classic"}
        classic, other = Driver(properties), log.consumer("g", [SINGLE])
        classic.subscribe([self.settings.prefix + SINGLE])
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while not classic.assignment() or not other.assignment():
            assert time.monotonic() < deadline
            classic.poll(0.05)
            other.poll(0.05)
        both, nobody = [frozenset({TopicPartition(SINGLE, 0)})], list[frozenset[TopicPartition]]()
        assert log.members(["c", "g", "nobody"]) == {"c": both, "g": both, "nobody": nobody}
        classic.close()
        assert log.members(["c"]) == {"c": nobody}

    def test_a_handler_may_take_longer_than_the_session(self, log: EventLog) -> None:
        publish_letters(log, 1)
        handled: list[int] = []

        def handle(events: Sequence[tuple[Message, Event]]) -> None:
            self.outlast_session([])
            handled.append(len(events))

        loop = ConsumeLoop(log=log, group="g", topics=[DEAD_LETTER], handle=handle, clock=SystemClock())
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while not loop.run_once():
            assert time.monotonic() < deadline
        loop.close()
        assert handled == [1]
        assert log.lag("g", DEAD_LETTER) == 0

    def test_a_commit_outlasts_the_coming_and_going_of_others(self, log: EventLog) -> None:
        """Each rebalance gives every member a new epoch; one that commits with the last one's is not a zombie."""
        for partition in range(4):
            publish(log, ORDERS, range(1000), partition=partition)
        stayer = log.consumer("g", [ORDERS])

        def commit_until(done: Callable[[], bool]) -> None:
            deadline = time.monotonic() + GIVE_UP_SECONDS
            while not done():
                assert time.monotonic() < deadline
                for message in stayer.poll(0.01):
                    stayer.commit(message)  # raises nothing

        for _ in range(3):
            passer = log.consumer("g", [ORDERS])
            commit_until(lambda passer=passer: not passer.poll(0, 0) and len(passer.assignment()) == 2)
            passer.close()
            commit_until(lambda: len(stayer.assignment()) == 4)


def publish_letters(log: EventLog, count: int) -> None:
    log.create_topics({DEAD_LETTER: 1})
    producer = log.producer()
    for number in range(count):
        letter = DeadLetter(
            from_topic="t",
            from_partition=0,
            from_offset=number,
            from_key=b"",
            value=b"",
            reason="r",
            message="m",
            at_us=1,
        )
        producer.send(DEAD_LETTER, letter.key, encode(letter))
    producer.flush()


def retention_ms(admin: AdminClient, name: str) -> int:
    resource = ConfigResource(ResourceType.TOPIC, name)
    return int(admin.describe_configs([resource])[resource].result()["retention.ms"].value)


def test_a_new_topic_keeps_events_as_long_as_configured(settings: KafkaSettings, admin: AdminClient) -> None:
    log = KafkaEventLog(settings)
    log.create_topics({SINGLE: 1, ORDERS: 1}, {SINGLE: 30})
    assert retention_ms(admin, settings.prefix + SINGLE) == 30 * DAY_MS
    assert log.lengthen_retention({SINGLE: 30}) == {}
    log.close()


def test_a_topic_that_keeps_events_for_less_is_lengthened_and_none_is_shortened(
    settings: KafkaSettings, admin: AdminClient
) -> None:
    log, short, default, long = KafkaEventLog(settings), "short", "default", "long"
    log.create_topics({short: 1, default: 1, long: 1}, {short: 1, long: 90})
    lengthened = log.lengthen_retention({short: 7, default: 30, long: 7})
    assert lengthened == {settings.prefix + short: 7, settings.prefix + default: 30}
    kept = {topic: retention_ms(admin, settings.prefix + topic) // DAY_MS for topic in (short, default, long)}
    assert kept == {short: 7, default: 30, long: 90}
    assert log.lengthen_retention({short: 7, default: 30, long: 7}) == {}
    log.close()


def test_messages_name_topics_as_the_cluster_does(settings: KafkaSettings) -> None:
    log, name = KafkaEventLog(settings), settings.prefix + SINGLE
    with pytest.raises(NotFound, match=name):
        log.partitions(SINGLE)
    log.create_topics({SINGLE: 2})
    with pytest.raises(Conflict, match=f"topic {name} has 2 partitions, fewer than 3"):
        log.create_topics({SINGLE: 3})
    with pytest.raises(NotFound, match=f"topic {name} has 2 partitions"):
        log.producer().send(SINGLE, b"", b"", partition=2)
    consumer = log.consumer("g", [SINGLE])
    with pytest.raises(Fenced, match=f"{name}/0"):
        consumer.commit(Message(topic=SINGLE, partition=0, offset=0, key=b"", value=b"", timestamp_us=0))
    log.close()
