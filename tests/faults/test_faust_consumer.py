"""On the cluster's tracker: a faust app on real Kafka, killed, stalled and poisoned."""

from __future__ import annotations

import os
import signal
import threading
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka import Producer

from penstock.application.consuming.groups import TRACKERS
from penstock.application.consuming.processing import MAX_CONSECUTIVE_DEAD_LETTERS
from penstock.domain.errors import Unavailable
from penstock.domain.event_codec import encode
from penstock.domain.events import PROGRESS, Event, Progress, Started
from penstock.ports.event_log import Message
from penstock.runner.watchdog import STALLED
from services.status_tracker.tracker import Tracker
from tests.support.smtp_sink import SmtpSink
from tests.support.tracker_harness import (
    PARTITIONS,
    TrackerHarness,
    kafka_settings,
    repeated_and_shuffled,
    running,
    steps_of,
)
from tests.support.waiting import GIVE_UP_SECONDS, until

pytestmark = pytest.mark.server_faults

STATUSES = ("SCHEDULED", "IN_PROGRESS", "COMPLETED")
PLACES = (
    "tracker.state_stored",
    "tracker.notifications_stored",
    "tracker.status_sent",
    "consume.before_commit",
    "notifier.delivered",
)


@pytest.fixture
def harness(tmp_path: Path, kafka_address: str) -> Iterator[TrackerHarness]:
    kafka = kafka_settings(kafka_address, f"t-{uuid.uuid4().hex[:12]}.")
    with closing(TrackerHarness(tmp_path / "data", kafka=kafka)) as made:
        yield made


def accept(harness: TrackerHarness, count: int, *notify: str, chunks: int) -> list[str]:
    """The ids of that many new requests."""
    return [harness.accept(*notify, chunks=chunks).request_id for _ in range(count)]


def progress(harness: TrackerHarness, requests: Sequence[str]) -> list[Progress]:
    """All progress of these requests."""
    return [
        event for each in requests for event in harness.progress(each, steps_of(harness.expected[each].chunks_total))
    ]


def test_repeated_and_shuffled_events_give_the_result_of_the_fold(harness: TrackerHarness) -> None:
    events = progress(harness, accept(harness, 20, chunks=99))
    assert len(events) == 2_000
    harness.send(repeated_and_shuffled(events, seed=1))
    with running(harness.consumer()):
        harness.await_end()
    assert sorted(harness.announced()) == sorted((each, status) for each in harness.expected for status in STATUSES)
    assert harness.dead_letters() == []


@pytest.mark.parametrize("place", PLACES)
def test_a_tracker_killed_at_any_failpoint_announces_each_status(
    harness: TrackerHarness, smtp_sink: SmtpSink, place: str
) -> None:
    requests = accept(harness, 3, "ann@example.com", "bo@example.com", chunks=5)
    harness.send(repeated_and_shuffled(progress(harness, requests), seed=2))
    # A notifier that dies by chance, with the tracker, would leave an attempt that is made again only after its lease.
    options = () if place.startswith("notifier.") else ("--no-delivery",)
    with harness.process(*options, smtp_port=smtp_sink.port, failpoint=f"{place}:1") as first:
        assert first.wait(GIVE_UP_SECONDS) == -signal.SIGKILL
    with harness.process(smtp_port=smtp_sink.port) as second:
        harness.await_end()
        second.terminate()
        assert second.wait(GIVE_UP_SECONDS) == 0
    assert set(harness.announced()) == {(each, status) for each in requests for status in STATUSES}
    copies = Counter(smtp_sink.taken)
    assert len(copies) == len({taken.message_id for taken in copies}) == 3 * len(STATUSES) * 2
    # An attempt that was cut off between the mail and its record is made once more, after its lease.
    assert sum(copies.values()) - len(copies) <= (place == "notifier.delivered")


def test_one_of_two_trackers_is_killed_and_the_other_takes_over(harness: TrackerHarness) -> None:
    first_half, second_half = accept(harness, 8, chunks=20), accept(harness, 8, chunks=20)
    with harness.process() as survivor, harness.process(failpoint="consume.before_commit:2") as victim:
        events = progress(harness, first_half)

        def is_dead() -> bool:  # once it has had two batches of its own
            harness.send(events[:: len(events) // 8])
            return victim.poll() is not None

        until(is_dead)
        assert victim.returncode == -signal.SIGKILL
        harness.send(events)
        harness.send(repeated_and_shuffled(progress(harness, second_half), seed=3))
        harness.await_end()
        assert survivor.poll() is None


def test_every_other_event_is_poison(harness: TrackerHarness) -> None:
    good = [encode(event) for event in progress(harness, accept(harness, 4, chunks=23))]
    poison = [good[0][:5], b"no avro at all", encode_step_of_nobody(harness), None]
    reasons = ["truncated", "unknown_schema", "unknown_request", "truncated"]
    assert harness.kafka is not None
    external = Producer({"bootstrap.servers": harness.kafka.bootstrap_servers})
    for number, value in enumerate(good):
        external.produce(harness.kafka.prefix + PROGRESS, value, partition=number % PARTITIONS)
        external.produce(harness.kafka.prefix + PROGRESS, poison[number % 4], partition=number % PARTITIONS)
    external.flush()
    with running(harness.consumer()) as tracker:
        harness.await_end()
        assert tracker.healthy
    letters = harness.dead_letters()
    assert {(letter.from_topic, letter.from_partition, letter.reason) for letter in letters} == {
        (PROGRESS, partition, reasons[partition]) for partition in range(PARTITIONS)
    }
    odd = {(partition, offset) for partition in range(PARTITIONS) for offset in range(1, 2 * len(good) // 4, 2)}
    assert Counter((letter.from_partition, letter.from_offset) for letter in letters) == Counter(odd)


def encode_step_of_nobody(harness: TrackerHarness) -> bytes:
    return encode(Progress(tenant_id="nobody", request_id=next(iter(harness.expected)), step=Started(at_us=1)))


def test_a_bad_release_does_not_empty_the_topic_into_the_dead_letters(harness: TrackerHarness) -> None:
    producer = harness.log.producer()
    for _ in range(MAX_CONSECUTIVE_DEAD_LETTERS + 20):
        producer.send(PROGRESS, b"", b"no avro at all", partition=0)
    for event in progress(harness, accept(harness, 1, chunks=20)):
        producer.send(PROGRESS, event.key, encode(event), partition=1)
    producer.flush()
    with running(harness.consumer()) as tracker:
        until(lambda: harness.states() == harness.expected and not tracker.healthy)
        until(lambda: harness.log.lag(TRACKERS, PROGRESS) == 20)
        assert tracker.is_expected_stall(0)
        assert not tracker.is_expected_stall(1)
    assert len(harness.dead_letters()) == MAX_CONSECUTIVE_DEAD_LETTERS


class Interrupted(Tracker):
    """Its control store is away until it is `back`."""

    back = threading.Event()

    def handle(self, events: Sequence[tuple[Message, Event]]) -> None:
        if not Interrupted.back.is_set():
            raise Unavailable("the control store is away")
        super().handle(events)


def test_an_outage_is_waited_for_and_nothing_is_acknowledged_meanwhile(harness: TrackerHarness) -> None:
    Interrupted.back.clear()
    harness.send(progress(harness, accept(harness, 3, chunks=10)))
    with running(harness.consumer(Interrupted)) as tracker:
        until(lambda: tracker.waiting)
        assert harness.log.lag(TRACKERS, PROGRESS) == 3 * 11
        until(lambda: tracker.is_expected_stall(0))  # not in the moment of a try
        Interrupted.back.set()
        harness.await_end()
    assert harness.dead_letters() == []


def test_a_bug_ends_the_process_and_skips_nothing(harness: TrackerHarness) -> None:
    harness.send(progress(harness, accept(harness, 3, chunks=10)))
    with harness.process(failpoint="tracker.state_stored:1:raise") as process:
        _, stderr = process.communicate(timeout=GIVE_UP_SECONDS)
    assert process.returncode == 1
    assert '"event": "consume.failed"' in stderr
    assert harness.log.lag(TRACKERS, PROGRESS) == 3 * 11
    with running(harness.consumer()):
        harness.await_end()


def test_a_consumer_that_stops_without_a_word_ends_its_process(harness: TrackerHarness) -> None:
    harness.send(progress(harness, accept(harness, 3, chunks=10)))
    with harness.process("--stall-seconds=3", failpoint="tracker.state_stored:1:hang") as process:
        _, stderr = process.communicate(timeout=GIVE_UP_SECONDS)
    assert process.returncode == STALLED == os.EX_TEMPFAIL
    assert '"event": "consume.stalled"' in stderr
    with running(harness.consumer()):
        harness.await_end()
