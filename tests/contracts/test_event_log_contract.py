"""The embedded event log keeps the contract, and what it promises beyond: processes, threads, crashes, full disks."""

import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import pytest
from event_log_contract import (
    ALERTS,
    GIVE_UP_SECONDS,
    ORDERS,
    SINGLE,
    EventLogContract,
    poll_until,
    poll_until_assigned,
    publish,
    take,
    values,
)

from penstock.adapters.embedded import event_log
from penstock.adapters.embedded.event_groups import assign
from penstock.adapters.embedded.event_log import EmbeddedEventLog
from penstock.adapters.system_clock import SystemClock
from penstock.domain.errors import Unavailable
from penstock.ports.event_log import Consumer, EventLog
from tests.support.manual_clock import ManualClock

SESSION_SECONDS = 10.0
HAS_ITS_SHARE, HANGS = -1, -2  # what a child says beside the events that it has handled
TAKE_ONE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from penstock.adapters.system_clock import SystemClock
from penstock.adapters.embedded.event_log import EmbeddedEventLog

assert EmbeddedEventLog(Path(sys.argv[1]), SystemClock()).consumer("g", [sys.argv[2]]).poll(5)
os.kill(os.getpid(), signal.SIGKILL)
"""
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(running=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


class TestEmbeddedEventLog(EventLogContract):
    @pytest.fixture
    def log(self, path: Path, clock: ManualClock) -> Iterator[EventLog]:
        log = EmbeddedEventLog(path, clock, session_timeout=SESSION_SECONDS)
        self.clock = clock
        yield log
        log.close()

    def outlast_session(self, survivors: Sequence[Consumer]) -> None:
        for _ in range(3):
            self.clock.advance(SESSION_SECONDS / 2)
            for consumer in survivors:
                consumer.poll(0, max_messages=0)

    def expire(self, log: EventLog, topic: str) -> None:
        assert isinstance(log, EmbeddedEventLog)
        log.trim(topic, self.clock.now_us() + 1, unread=True)

    def test_a_log_that_is_opened_again_has_everything(self, log: EventLog, path: Path, clock: ManualClock) -> None:
        publish(log, SINGLE, range(3))
        consumer = log.consumer("g", [SINGLE])
        consumer.commit(take(consumer, 3)[0])
        consumer.close()
        log.close()
        again = EmbeddedEventLog(path, clock)
        again.create_topics({SINGLE: 1})
        assert values(take(again.consumer("g", [SINGLE]), 2)) == [1, 2]

    def test_the_file_is_private(self, log: EventLog, path: Path) -> None:
        publish(log, SINGLE, [0])
        assert {file.stat().st_mode & 0o777 for file in path.parent.rglob("*") if file.is_file()} == {0o600}

    def test_trim_keeps_events_that_a_group_has_not_committed(self, log: EmbeddedEventLog, clock: ManualClock) -> None:
        publish(log, SINGLE, range(5))
        for group, done in (("fast", 3), ("slow", 1)):
            consumer = log.consumer(group, [SINGLE])
            consumer.commit(take(consumer, 5)[done])
            consumer.close()
        assert log.trim(SINGLE, clock.now_us() + 1) == 2
        assert values(log.read(SINGLE, 0, 0, 10)) == [2, 3, 4]
        assert (log.lag("fast", SINGLE), log.lag("slow", SINGLE), log.lag("new", SINGLE)) == (1, 3, 3)

    def test_trim_keeps_young_events(self, log: EmbeddedEventLog, clock: ManualClock) -> None:
        publish(log, SINGLE, [0, 1])
        clock.advance(3600)
        publish(log, SINGLE, [2])
        assert log.trim(SINGLE, clock.now_us() - 1_800_000_000, unread=True) == 2
        assert values(log.read(SINGLE, 0, 0, 10)) == [2]

    def test_events_that_expire_before_the_first_commit_are_reported(self, log: EventLog) -> None:
        consumer = log.consumer("g", [SINGLE])
        poll_until_assigned([consumer], SINGLE, 1)
        publish(log, SINGLE, [0])
        self.expire(log, SINGLE)
        assert consumer.poll(0) == []
        assert {source.topic for source in consumer.lost()} == {SINGLE}

    def test_members_of_a_dead_process_hold_nothing_back(self, log: EmbeddedEventLog, path: Path) -> None:
        publish(log, SINGLE, [0])
        died = subprocess.run([sys.executable, "-c", TAKE_ONE_AND_DIE, str(path), SINGLE], check=False)
        assert died.returncode == -signal.SIGKILL
        assert log.members(["g"]) == {"g": []}
        heir = log.consumer("g", [SINGLE])
        assert values(heir.poll(0)) == [0]  # its silence need not last

    def test_a_clock_that_goes_back_does_not_keep_the_dead_alive(self, log: EventLog, clock: ManualClock) -> None:
        publish(log, SINGLE, [0])
        dead, heir = log.consumer("g", [SINGLE]), log.consumer("g", [SINGLE])
        take(dead, 1)
        clock.jump(-3600)
        assert values(take(heir, 1)) == [0]

    def test_a_clock_that_jumps_costs_the_living_no_event(self, log: EventLog, clock: ManualClock) -> None:
        consumers = [log.consumer("g", [ORDERS]) for _ in range(2)]
        poll_until_assigned(consumers, ORDERS, 4)
        for jump in (3600, -7200):
            clock.jump(jump)
            clock.advance(SESSION_SECONDS / 2)
            poll_until_assigned(consumers, ORDERS, 4)
        publish(log, ORDERS, range(40), partition=None)
        messages = poll_until(consumers, lambda so_far: len(set(values(so_far))) == 40)
        assert set(values(messages)) == set(range(40))

    def test_threads_share_one_producer(self, log: EventLog) -> None:
        producer = log.producer()

        def work(thread: int) -> None:
            for n in range(50):
                producer.send(SINGLE, b"", str(thread * 1000 + n).encode())
                producer.flush()

        threads = [Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        got = values(log.read(SINGLE, 0, 0, 1000))
        for thread_number in range(4):
            own = [value % 1000 for value in got if value // 1000 == thread_number]
            assert own == list(range(50))

    def test_a_producer_wakes_the_consumers_of_its_process(
        self, log: EventLog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(event_log, "MIN_PAUSE_SECONDS", 10 * GIVE_UP_SECONDS)
        consumer, came = log.consumer("g", [SINGLE]), SimpleQueue[int]()
        poll_until_assigned([consumer], SINGLE, 1)

        def listen() -> None:
            for _ in range(20):
                for value in values(consumer.poll(10 * GIVE_UP_SECONDS)):
                    came.put(value)

        Thread(target=listen, daemon=True).start()
        for value in range(20):
            publish(log, SINGLE, [value])
            assert came.get(timeout=GIVE_UP_SECONDS) == value

    def test_a_killed_process_is_replaced_and_nothing_is_lost(self, path: Path, log: EventLog) -> None:
        victim, survivor = _Child(path, hang_after=10), _Child(path)
        try:
            assert [child.next_event() for child in (victim, survivor)] == [HAS_ITS_SHARE] * 2
            publish(log, ALERTS, range(50), partition=0)
            publish(log, ALERTS, range(50, 100), partition=1)
            seen = {"victim": victim.events_until_it_hangs(), "survivor": [survivor.next_event()]}
            os.kill(victim.process.pid or 0, signal.SIGKILL)
            victim.process.join(GIVE_UP_SECONDS)
            assert victim.process.exitcode == -signal.SIGKILL
            while len({*seen["victim"][:-1], *seen["survivor"]}) < 100:
                seen["survivor"].append(survivor.next_event())
        finally:
            survivor.process.kill()
            victim.process.kill()
        assert seen["victim"][-1] in seen["survivor"]  # it was handled and not committed: delivered again

    def test_a_flush_that_fails_leaves_nothing_queued_and_nothing_lost(self, path: Path, log: EventLog) -> None:
        mine, theirs = SPAWN.Pipe(duplex=False)
        child = SPAWN.Process(target=_write_until_the_disk_is_full, args=(path, theirs), daemon=True)
        child.start()
        assert mine.poll(GIVE_UP_SECONDS)
        acknowledged, refused = mine.recv()
        child.join(GIVE_UP_SECONDS)
        got = [int(message.key) for message in log.read(SINGLE, 0, 0, 10_000)]
        assert acknowledged
        assert acknowledged == [key for key in got if key != refused]
        assert got[-1] == refused + 1


class _Child:
    """A process that consumes ALERTS, reports each event, then commits it; it may hang before one commit."""

    def __init__(self, path: Path, *, hang_after: int | None = None) -> None:
        self._pipe, theirs = SPAWN.Pipe(duplex=False)
        self.process = SPAWN.Process(target=_consume, args=(path, theirs, hang_after), daemon=True)
        self.process.start()

    def next_event(self) -> int:
        assert self._pipe.poll(GIVE_UP_SECONDS)
        value: int = self._pipe.recv()
        return value

    def events_until_it_hangs(self) -> list[int]:
        events = []
        while (event := self.next_event()) != HANGS:
            events.append(event)
        return events


def _consume(path: Path, pipe: Connection, hang_after: int | None) -> None:
    """A process is found dead at the next heartbeat, a fifth of the timeout; a slow one must not be taken for dead."""
    consumer = EmbeddedEventLog(path, SystemClock(), session_timeout=60.0).consumer("g", [ALERTS])
    handled = 0
    while len(consumer.assignment()) != 1:
        consumer.poll(0.01)
    pipe.send(HAS_ITS_SHARE)
    while True:
        for message in consumer.poll(0.1):
            pipe.send(int(message.value))
            handled += 1
            if handled == hang_after:
                pipe.send(HANGS)
                time.sleep(GIVE_UP_SECONDS)
            consumer.commit(message)


def _write_until_the_disk_is_full(path: Path, pipe: Connection) -> None:
    """A file size limit stands in for the full disk; lifted again, the same producer must go on."""
    producer = EmbeddedEventLog(path, SystemClock()).producer()
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, unlimited[1]))
    key = 0
    try:
        while True:
            producer.send(SINGLE, str(key).encode(), bytes(4000))
            producer.flush()
            key += 1
    except Unavailable:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    producer.send(SINGLE, str(key + 1).encode(), b"")
    producer.flush()
    pipe.send(([*range(key), key + 1], key))


@pytest.mark.parametrize(("members", "partitions"), [(1, 1), (2, 4), (3, 16), (5, 2)])
def test_assignment_is_even_and_spreads_neighbours(members: int, partitions: int) -> None:
    owners = assign(list(range(members)), partitions)
    shares = [owners.count(member) for member in range(members)]
    assert max(shares) - min(shares) <= 1
    assert members == 1 or all(one != other for one, other in pairwise(owners))
