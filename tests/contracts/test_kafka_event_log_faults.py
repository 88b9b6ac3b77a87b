"""The Kafka event log when brokers are killed and when its members are killed, or stopped and woken again."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import msgspec
import pytest
from event_log_contract import (
    GIVE_UP_SECONDS,
    ORDERS,
    SINGLE,
    poll_until,
    poll_until_assigned,
    publish,
    take,
    values,
)

from deploy.stack.addresses import Ports
from deploy.stack.kafka import Kafka
from deploy.stack.lease import Lease
from deploy.stack.stack import Stack
from penstock.adapters.cluster import kafka_members
from penstock.adapters.cluster.kafka_event_log import KafkaEventLog
from penstock.adapters.cluster.kafka_lag import KafkaLag
from penstock.adapters.cluster.kafka_settings import KafkaSettings
from penstock.domain.errors import Fenced, Unavailable
from penstock.ports.event_log import Consumer, Message
from tests.support.servers import Servers, give_sessions, kill
from tests.support.waiting import until

pytestmark = pytest.mark.server_faults

SESSION_SECONDS = 3.0  # the shortest that the stack's brokers allow
# Takes one event, says so, and commits it on request.
MEMBER = """
import sys
import msgspec
from penstock.adapters.cluster.kafka_event_log import KafkaEventLog
from penstock.adapters.cluster.kafka_settings import KafkaSettings
from penstock.domain.errors import Fenced

log = KafkaEventLog(msgspec.json.decode(sys.argv[1], type=KafkaSettings))
consumer = log.consumer("g", [sys.argv[2]])
while not (messages := consumer.poll(0.1)):
    pass
print("holds", flush=True)
sys.stdin.readline()
try:
    consumer.commit(messages[0])
    print("committed", flush=True)
except Fenced:
    print("fenced", flush=True)
"""


def corner(address: str) -> KafkaSettings:
    """A part of a broker that is one test's alone. It gives up soon, and leaves dead members to the broker."""
    return KafkaSettings(
        bootstrap_servers=address,
        prefix=f"f-{uuid.uuid4().hex[:12]}.",
        replication_factor=1,
        session_timeout_seconds=GIVE_UP_SECONDS,
        delivery_timeout_seconds=3,
        request_timeout_seconds=2,
    )


@pytest.fixture
def settings(kafka_address: str) -> KafkaSettings:
    return corner(kafka_address)


@pytest.fixture
def log(settings: KafkaSettings) -> Iterator[KafkaEventLog]:
    log = KafkaEventLog(settings)
    log.create_topics({SINGLE: 1})
    give_sessions(settings.bootstrap_servers, f"{settings.prefix}g", SESSION_SECONDS)
    yield log
    log.close()


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One that may be killed: no other test uses it."""
    with Lease(Stack(tmp_path_factory.mktemp("kafka"), [Kafka()], Ports.free())) as lease:
        yield Servers(lease).use("kafka")


@pytest.fixture
def mortal_settings(own_broker: Stack) -> KafkaSettings:
    return corner(own_broker.addresses.kafka)


@pytest.fixture
def mortal(mortal_settings: KafkaSettings) -> Iterator[KafkaEventLog]:
    log = KafkaEventLog(mortal_settings)
    log.create_topics({ORDERS: 4, SINGLE: 1})
    yield log
    log.close()


@contextmanager
def member(settings: KafkaSettings, topic: str) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the first event of `topic`."""
    command = [sys.executable, "-c", MEMBER, msgspec.json.encode(settings).decode(), topic]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert output(process) == "holds"
            yield process
        finally:
            process.kill()


def output(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("commit\n")
    process.stdin.flush()


class TestProcesses:
    def test_a_killed_member_is_replaced(self, log: KafkaEventLog, settings: KafkaSettings) -> None:
        publish(log, SINGLE, [0])
        with member(settings, SINGLE) as process:
            heir = log.consumer("g", [SINGLE])
            heir.poll(0)
            process.send_signal(signal.SIGKILL)
            assert values(take(heir, 1)) == [0]

    def test_a_member_that_lives_commits(self, log: KafkaEventLog, settings: KafkaSettings) -> None:
        publish(log, SINGLE, [0])
        with member(settings, SINGLE) as process:
            tell(process)
            assert output(process) == "committed"
        assert log.lag("g", SINGLE) == 0

    @pytest.mark.parametrize("heir_stays", [True, False])
    def test_a_zombies_commit_is_fenced(self, log: KafkaEventLog, settings: KafkaSettings, heir_stays: bool) -> None:
        """Whether its partition has another owner now, or nobody is left in the group."""
        publish(log, SINGLE, [0])
        with member(settings, SINGLE) as process:
            process.send_signal(signal.SIGSTOP)
            heir = log.consumer("g", [SINGLE])
            assert values(take(heir, 1)) == [0]
            if not heir_stays:
                heir.close()
            tell(process)
            process.send_signal(signal.SIGCONT)
            assert output(process) == "fenced"
        assert log.lag("g", SINGLE) == 1


class TestKilledBroker:
    def test_acknowledged_writes_survive_and_others_raise(self, mortal: KafkaEventLog, own_broker: Stack) -> None:
        acknowledged: list[int] = []
        doubtful: list[int] = []
        stop = threading.Event()

        def flood() -> None:
            number = 0
            while not stop.is_set():
                batch = range(number, number + 50)
                try:
                    publish(mortal, ORDERS, batch, partition=None)
                    acknowledged.extend(batch)
                except Unavailable:
                    doubtful.extend(batch)
                number += 50

        sender = threading.Thread(target=flood)
        sender.start()
        until(lambda: len(acknowledged) > 500)
        kill(own_broker, "kafka")
        until(lambda: bool(doubtful))
        own_broker.up("kafka", lent=True)
        before = len(acknowledged)
        until(lambda: len(acknowledged) > before)
        stop.set()
        sender.join()
        arrived = [value for partition in range(4) for value in values(mortal.read(ORDERS, partition, 0, 10**6))]
        assert set(acknowledged) <= set(arrived) <= {*acknowledged, *doubtful}
        assert len([value for value in arrived if value in set(acknowledged)]) == len(
            acknowledged
        )  # none of them twice

    def test_a_member_reports_an_unavailable_broker_and_recovers(
        self, mortal: KafkaEventLog, own_broker: Stack
    ) -> None:
        publish(mortal, SINGLE, [0, 1])
        consumer = mortal.consumer("g", [SINGLE])
        messages = take(consumer, 2)
        kill(own_broker, "kafka")
        with pytest.raises(Unavailable):
            consumer.commit(messages[0])
        with pytest.raises(Unavailable, match="check that the brokers run"):
            poll_until([consumer], lambda _: False)
        own_broker.up("kafka", lent=True)
        publish(mortal, SINGLE, [2])
        late = poll_through(consumer, 2)
        try:
            consumer.commit(late)
        except Fenced:  # the broker did not know it any more, and it rejoined
            consumer.commit(poll_through(consumer, 2))
        assert mortal.lag("g", SINGLE) == 0

    def test_an_inspector_reports_a_restarting_broker_and_recovers(
        self, mortal: KafkaEventLog, mortal_settings: KafkaSettings, own_broker: Stack
    ) -> None:
        """librdkafka's admin client ended the process by a failed assertion."""
        publish(mortal, SINGLE, [0])
        lags = KafkaLag(mortal_settings, group="g", topic=SINGLE, partitions=1)
        seen, away = (1, [0], 1), (0, [], 0)
        looks = [seen]
        stop = threading.Event()

        def look_on() -> None:
            while not stop.is_set():
                try:
                    looks.append((mortal.lag("g", SINGLE), values(mortal.read(SINGLE, 0, 0, 1)), lags()[0].events))
                except Unavailable:
                    looks.append(away)

        inspector = threading.Thread(target=look_on)
        inspector.start()
        for _ in range(3):
            kill(own_broker, "kafka")
            until(lambda: looks[-1] == away)
            own_broker.up("kafka", lent=True)
            until(lambda: looks[-1] == seen)
        stop.set()
        inspector.join()
        assert all(look in (seen, away) for look in looks)

    def test_members_are_unknown_while_the_broker_is_away_and_then_counted_again(
        self, mortal: KafkaEventLog, own_broker: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(kafka_members, "KEPT_SECONDS", 0.0)
        consumer = mortal.consumer("g", [SINGLE])
        poll_until_assigned([consumer], SINGLE, 1)
        assert len(mortal.members(["g"])["g"]) == 1
        kill(own_broker, "kafka")
        with pytest.raises(Unavailable, match="check that the brokers run"):
            mortal.members(["g"])
        own_broker.up("kafka", lent=True)
        until(lambda: consumer.poll(0.5) == [] and len(mortal.members(["g"])["g"]) == 1)

    def test_a_consumer_closes_while_the_broker_is_away(self, mortal: KafkaEventLog, own_broker: Stack) -> None:
        publish(mortal, SINGLE, [0])
        take(mortal.consumer("g", [SINGLE]), 1)
        kill(own_broker, "kafka")
        closing = threading.Thread(target=mortal.close, daemon=True)
        closing.start()
        closing.join(GIVE_UP_SECONDS)
        own_broker.up("kafka", lent=True)
        assert not closing.is_alive()

    def test_nothing_can_be_asked_of_a_broker_that_is_not_there(self) -> None:
        log = KafkaEventLog(corner("127.0.0.1:9"))
        for ask in (
            lambda: log.create_topics({SINGLE: 1}),
            lambda: log.partitions(SINGLE),
            lambda: log.consumer("g", [SINGLE]),
            lambda: log.lag("g", SINGLE),
            lambda: log.read(SINGLE, 0, 0, 1),
            lambda: log.producer().send(SINGLE, b"", b""),
        ):
            with pytest.raises(Unavailable, match="check that the brokers run, PENSTOCK_KAFKA_BOOTSTRAP_SERVERS"):
                ask()
        log.close()


def poll_through(consumer: Consumer, value: int) -> Message:
    """Poll, whatever is away, until the event with `value` comes."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while True:
        assert time.monotonic() < deadline
        with suppress(Unavailable):
            for message in consumer.poll(0.1):
                if int(message.value) == value:
                    return message
