"""The consume loop on the real embedded event log, with a clock that only the test moves."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from threading import Event as ThreadEvent
from threading import Semaphore, Thread
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from penstock import failpoints
from penstock.adapters.embedded.event_log import EmbeddedEventLog as Log
from penstock.application.consuming import consume_loop as consume
from penstock.application.consuming.consume_loop import (
    MAX_CONSECUTIVE_DEAD_LETTERS,
    SILENCE_SECONDS,
    ConsumeLoop,
    Handler,
    PoisonMessage,
)
from penstock.application.consuming.processing import PARTITION_STOPPED, ConsumerCounts
from penstock.application.health.dependencies import Dependencies
from penstock.domain.errors import Conflict, Corrupt, Fenced, NotFound, PenstockError, Unavailable
from penstock.domain.event_codec import decode, encode
from penstock.domain.events import DEAD_LETTER, PROGRESS, DeadLetter, Event, Progress, Started
from penstock.ports.event_log import Message
from tests.support.manual_clock import ManualClock

GROUP = "g"
SESSION_SECONDS = 10.0
WAIT_SECONDS = 60.0  # only a broken loop ever gets here


class Recorder:
    """A handler that notes the numbers of the events it was given, batch by batch; `fail` may raise."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.fail: Callable[[list[tuple[Message, int]]], None] = lambda _: None

    def __call__(self, events: Sequence[tuple[Message, Event]]) -> None:
        numbered = [(message, number_of(event)) for message, event in events]
        self.batches.append([number for _, number in numbered])
        self.fail(numbered)

    @property
    def numbers(self) -> list[int]:
        return [number for batch in self.batches for number in batch]


def event_of(number: int) -> Progress:
    request_id = str(UUID(int=(7 << 76) | (2 << 62) | number))
    return Progress(tenant_id="t", request_id=request_id, step=Started(at_us=number))


def number_of(event: Event) -> int:
    assert isinstance(event, Progress)
    assert event == event_of(event.step.at_us)
    return event.step.at_us


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def log(tmp_path: Path, clock: ManualClock) -> Iterator[Log]:
    log = Log(tmp_path / "events.db", clock, session_timeout=SESSION_SECONDS)
    log.create_topics({PROGRESS: 2, DEAD_LETTER: 1})
    yield log
    log.close()


@pytest.fixture
def handler() -> Recorder:
    return Recorder()


def loop_on(
    log: Log,
    handle: Handler,
    clock: ManualClock,
    max_messages: int = 1,
    dependencies: Dependencies | None = None,
) -> ConsumeLoop:
    return ConsumeLoop(log=log, group=GROUP, topics=[PROGRESS], handle=handle, clock=clock,
                       max_messages=max_messages, jitter=lambda: 0.0, dependencies=dependencies)  # fmt: skip


def publish(log: Log, values: Sequence[int | bytes], partition: int = 0) -> None:
    producer = log.producer()
    for value in values:
        producer.send(
            PROGRESS, b"key", value if isinstance(value, bytes) else encode(event_of(value)), partition=partition
        )
    producer.flush()


def drain(loop: ConsumeLoop) -> None:
    while loop.run_once(0):
        pass


def dead_letters(log: Log) -> list[DeadLetter]:
    letters = [decode(DEAD_LETTER, message.value) for message in log.read(DEAD_LETTER, 0, 0, 1000)]
    return [letter for letter in letters if isinstance(letter, DeadLetter)]


def raise_for(number: int, error: Callable[[Message], Exception]) -> Callable[[list[tuple[Message, int]]], None]:
    def fail(numbered: list[tuple[Message, int]]) -> None:
        for message, found in numbered:
            if found == number:
                raise error(message)

    return fail


# The good way


def test_each_event_is_handled_in_order_and_committed(log: Log, handler: Recorder, clock: ManualClock) -> None:
    publish(log, [1, 2, 3])
    loop = loop_on(log, handler, clock)
    drain(loop)
    assert handler.batches == [[1], [2], [3]]
    assert log.lag(GROUP, PROGRESS) == 0
    assert loop.healthy


def test_a_batch_is_handled_at_once_and_committed_per_partition(
    log: Log, handler: Recorder, clock: ManualClock
) -> None:
    publish(log, [1, 2], partition=0)
    publish(log, [3, 4], partition=1)
    loop = loop_on(log, handler, clock, max_messages=10)
    assert loop.run_once(0)
    assert [sorted(batch) for batch in handler.batches] == [[1, 2, 3, 4]]
    assert log.lag(GROUP, PROGRESS) == 0


def test_nothing_is_committed_before_it_is_handled(log: Log, clock: ManualClock) -> None:
    publish(log, [1])
    lags = []
    loop = loop_on(log, lambda _: lags.append(log.lag(GROUP, PROGRESS)), clock)
    drain(loop)
    assert lags == [1]
    assert log.lag(GROUP, PROGRESS) == 0


def test_killed_before_the_commit_the_event_comes_again(log: Log, handler: Recorder, clock: ManualClock) -> None:
    class Killed(BaseException):
        pass

    def kill(name: str) -> None:
        raise Killed(name)

    publish(log, [1])
    loop = loop_on(log, handler, clock)
    with failpoints.installed(kill), pytest.raises(Killed, match=r"consume\.before_commit"):
        loop.run_once(0)
    clock.advance(SESSION_SECONDS + 1)
    drain(loop_on(log, handler, clock))
    assert handler.numbers == [1, 1]


def test_run_goes_on_until_stop_and_leaves_the_group(log: Log, handler: Recorder, clock: ManualClock) -> None:
    handled = ThreadEvent()
    handler.fail = lambda _: handled.set()
    loop = loop_on(log, handler, clock)
    thread = Thread(target=loop.run)
    thread.start()
    publish(log, [1])
    assert handled.wait(WAIT_SECONDS)
    loop.stop()
    thread.join(WAIT_SECONDS)
    assert not thread.is_alive()
    publish(log, [2])
    drain(loop_on(log, handler, clock))
    assert handler.numbers == [1, 2]


# Not now


@pytest.mark.parametrize("error", [Unavailable("away"), Conflict("changed")], ids=["unavailable", "conflict"])
def test_an_outage_is_waited_for_with_growing_delays(
    log: Log, handler: Recorder, clock: ManualClock, error: PenstockError
) -> None:
    publish(log, [1, 2])
    handler.fail = raise_for(1, lambda _: error)
    loop = loop_on(log, handler, clock)
    tries: list[float] = []
    while clock.monotonic() < 1300:
        loop.run_once(0)
        if len(handler.batches) > len(tries):
            tries.append(clock.monotonic())
        clock.advance(0.05)
    assert set(handler.numbers) == {1}
    gaps = [later - earlier for earlier, later in pairwise(tries)]
    assert gaps[:4] == pytest.approx([0.1, 0.2, 0.4, 0.8], abs=0.06)
    assert gaps[-1] == pytest.approx(10, abs=0.06)
    handler.fail = lambda _: None
    clock.advance(30)
    drain(loop)
    assert handler.numbers[-2:] == [1, 2]
    assert (log.lag(GROUP, PROGRESS), dead_letters(log)) == (0, [])


def test_an_outage_is_reported_once_for_all_attempts_and_once_more_when_it_is_over(
    log: Log, handler: Recorder, clock: ManualClock
) -> None:
    publish(log, [1])
    handler.fail = raise_for(1, lambda _: Unavailable("no node answers", dependency="cassandra"))
    dependencies = Dependencies(recovery_seconds=0)
    loop = loop_on(log, handler, clock, dependencies=dependencies)
    with capture_logs() as lines:
        for _ in range(20):
            loop.run_once(0)
            clock.advance(30)
        assert len(handler.batches) > 5
        assert dependencies.problems() == ["no node answers"]
        handler.fail = lambda _: None
        drain(loop)
        loop.run_once(0)
    assert [line["event"] for line in lines] == ["dependency.unavailable", "dependency.available"]
    assert dependencies.problems() == []


def test_an_event_that_was_committed_after_all_is_waited_for_no_more(
    log: Log, handler: Recorder, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to a commit is lost, and the event does not come again: nothing is left that could be tried."""
    publish(log, [1])
    dependencies = Dependencies(recovery_seconds=0)
    loop = loop_on(log, handler, clock, dependencies=dependencies)
    commit = loop._consumer.commit

    def commit_unheard(message: Message) -> None:
        commit(message)
        raise Unavailable("committing: Kafka answers nothing", dependency="kafka")

    with monkeypatch.context() as patch:
        patch.setattr(loop._consumer, "commit", commit_unheard)
        patch.setattr(loop._consumer, "rewind", lambda message: None)
        loop.run_once(0)
    assert dependencies.problems() == ["committing: Kafka answers nothing"]
    clock.advance(30)
    loop.run_once(0)
    assert dependencies.problems() == []


def test_a_partition_that_waits_and_goes_to_another_member_is_waited_for_no_more(
    log: Log, handler: Recorder, clock: ManualClock
) -> None:
    publish(log, [1])
    handler.fail = raise_for(1, lambda _: Unavailable("no node answers", dependency="cassandra"))
    dependencies = Dependencies(recovery_seconds=0)
    loop = loop_on(log, handler, clock, dependencies=dependencies)
    loop.run_once(0)
    assert dependencies.problems() == ["no node answers"]
    loop.close()
    assert dependencies.problems() == []


def test_the_delay_starts_again_after_a_success(log: Log, handler: Recorder, clock: ManualClock) -> None:
    publish(log, [1, 2])
    failures = iter([Unavailable("away")] * 8)
    loop = loop_on(log, handler, clock)
    handler.fail = lambda numbered: (
        raise_for(1, lambda _: next(failures))(numbered) if len(handler.batches) < 9 else None
    )
    while len(handler.batches) < 9:
        loop.run_once(0)
        clock.advance(30)
    handler.fail = raise_for(2, lambda _: Unavailable("away again"))
    loop.run_once(0)
    assert handler.numbers[-1] == 2
    clock.advance(0.15)
    loop.run_once(0)
    assert handler.numbers[-2:] == [2, 2]


def test_jitter_shortens_the_delay_by_half_at_most(log: Log, handler: Recorder, clock: ManualClock) -> None:
    publish(log, [1])
    handler.fail = raise_for(1, lambda _: Unavailable("away"))
    loop = ConsumeLoop(log=log, group=GROUP, topics=[PROGRESS], handle=handler, clock=clock, jitter=lambda: 0.9999)
    loop.run_once(0)
    clock.advance(0.049)
    loop.run_once(0)
    assert handler.numbers == [1]
    clock.advance(0.002)
    loop.run_once(0)
    assert handler.numbers == [1, 1]


def test_other_partitions_go_on_while_one_waits(log: Log, handler: Recorder, clock: ManualClock) -> None:
    publish(log, [1, 2], partition=0)
    publish(log, [3, 4], partition=1)
    handler.fail = raise_for(1, lambda _: Unavailable("away"))
    loop = loop_on(log, handler, clock)
    for _ in range(6):
        loop.run_once(0)
    assert {3, 4} <= set(handler.numbers)
    assert 2 not in handler.numbers
    assert log.lag(GROUP, PROGRESS) == 2


def test_a_member_that_waits_keeps_its_partitions(log: Log, handler: Recorder, clock: ManualClock) -> None:
    publish(log, [1])
    handler.fail = raise_for(1, lambda _: Unavailable("away"))
    loop, other = loop_on(log, handler, clock), Recorder()
    second = loop_on(log, other, clock)
    loop.run_once(0)
    for _ in range(60):
        clock.advance(1)
        loop.run_once(0)
        second.run_once(0)
    assert set(handler.numbers) == {1}
    assert other.numbers == []


class LogThatGoesAway(Log):
    """The real log behind a connection that the test can cut for producers."""

    away = False

    def producer(self):  # type: ignore[no-untyped-def]
        producer = super().producer()
        flush = producer.flush

        def cut() -> None:
            if self.away:
                producer.close()
                raise Unavailable("the log is away")
            flush()

        producer.flush = cut  # type: ignore[method-assign]
        return producer


def test_a_dead_letter_that_cannot_be_sent_is_tried_again(
    tmp_path: Path, handler: Recorder, clock: ManualClock
) -> None:
    log = LogThatGoesAway(tmp_path / "events.db", clock)
    log.create_topics({PROGRESS: 2, DEAD_LETTER: 1})
    publish(log, [b"nonsense", 1])
    loop = loop_on(log, handler, clock)
    log.away = True
    for _ in range(3):
        assert not loop.run_once(0)
        clock.advance(30)
    assert (log.lag(GROUP, PROGRESS), dead_letters(log)) == (2, [])
    log.away = False
    drain(loop)
    assert handler.numbers == [1]
    assert [letter.from_offset for letter in dead_letters(log)] == [0]


def test_a_log_that_is_away_is_polled_again_and_again(
    tmp_path: Path, log: Log, handler: Recorder, clock: ManualClock
) -> None:
    publish(log, [1])
    loop = loop_on(log, handler, clock)
    seen, folder = loop.last_poll, tmp_path
    hidden = tmp_path.with_name(tmp_path.name + "-away")
    log.close()
    folder.rename(hidden)
    folder.write_text("not a folder")
    for _ in range(6):
        assert not loop.run_once(0)
    assert clock.slept == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0])
    assert loop.last_poll == seen
    folder.unlink()
    hidden.rename(folder)
    drain(loop)
    assert handler.numbers == [1]
    assert loop.last_poll > seen


# Fenced


def test_the_work_of_a_zombie_is_dropped_and_the_zombie_goes_on(
    log: Log, handler: Recorder, clock: ManualClock
) -> None:
    publish(log, [1, 2])
    heir = Recorder()
    second = loop_on(log, heir, clock)

    def fall_silent(numbered: list[tuple[Message, int]]) -> None:
        handler.fail = lambda _: None
        clock.advance(SESSION_SECONDS + 1)
        drain(second)

    handler.fail = fall_silent
    loop = loop_on(log, handler, clock)
    assert not loop.run_once(0)
    assert heir.numbers == [1, 2]
    for _ in range(3):
        loop.run_once(0)
        second.run_once(0)
    for partition in (0, 1):
        publish(log, [10 + partition], partition=partition)
    for _ in range(3):
        loop.run_once(0)
        second.run_once(0)
    assert sorted(handler.numbers + heir.numbers) == [1, 1, 2, 10, 11]
    assert len(handler.numbers) == 2
    assert log.lag(GROUP, PROGRESS) == 0


def test_a_partition_that_was_lost_takes_no_other_with_it(log: Log, handler: Recorder, clock: ManualClock) -> None:
    for partition in (0, 1):
        publish(log, [partition], partition=partition)
    other = Recorder()
    second = loop_on(log, other, clock)

    def share(_: list[tuple[Message, int]]) -> None:
        handler.fail = lambda _: None
        second.run_once(0)

    handler.fail = share
    loop = loop_on(log, handler, clock, max_messages=10)
    assert loop.run_once(0)
    drain(loop)
    drain(second)
    assert sorted(handler.numbers) == [0, 1]
    assert other.numbers == [1]
    assert log.lag(GROUP, PROGRESS) == 0


def test_events_of_a_handler_that_was_fenced_come_again_while_the_partition_stays(
    log: Log, handler: Recorder, clock: ManualClock
) -> None:
    publish(log, [1, 2])
    handler.fail = raise_for(1, lambda _: Fenced("the request was taken over"))
    loop = loop_on(log, handler, clock)
    assert not loop.run_once(0)
    handler.fail = lambda _: None
    drain(loop)
    assert handler.numbers == [1, 1, 2]


# Never


def test_an_undecodable_event_becomes_a_dead_letter(log: Log, handler: Recorder, clock: ManualClock) -> None:
    good = encode(event_of(5))
    publish(log, [1, b"nonsense", good[:20], 2])
    loop = loop_on(log, handler, clock, max_messages=10)
    drain(loop)
    assert handler.numbers == [1, 2]
    assert log.lag(GROUP, PROGRESS) == 0
    first, second = dead_letters(log)
    assert (first.from_topic, first.from_partition, first.from_offset) == (PROGRESS, 0, 1)
    assert (first.from_key, first.value, first.reason) == (b"key", b"nonsense", "unknown_schema")
    assert first.at_us == clock.now_us()
    assert (second.from_offset, second.value, second.reason) == (2, good[:20], "truncated")
    assert loop.healthy


def test_poison_in_a_batch_costs_only_that_event(log: Log, handler: Recorder, clock: ManualClock) -> None:
    publish(log, [1, 2, 3, 4])

    def fail(numbered: list[tuple[Message, int]]) -> None:
        for message, number in numbered:
            if number in (2, 3):
                raise PoisonMessage(message, "impossible_step", f"step {number}")

    handler.fail = fail
    drain(loop_on(log, handler, clock, max_messages=10))
    assert handler.batches == [[1, 2, 3, 4], [1, 3, 4], [1, 4]]
    letters = [(letter.from_offset, letter.reason, letter.message) for letter in dead_letters(log)]
    assert letters == [(1, "impossible_step", "step 2"), (2, "impossible_step", "step 3")]
    assert log.lag(GROUP, PROGRESS) == 0


def test_processed_events_are_counted(log: Log, handler: Recorder, clock: ManualClock) -> None:
    publish(log, [1, b"no event", 2])
    publish(log, [3], partition=1)
    handler.fail = raise_for(1, lambda _: Unavailable("away"))
    loop = loop_on(log, handler, clock, max_messages=10)
    assert not loop.run_once(0)
    assert loop.counts == ConsumerCounts()
    handler.fail = lambda _: None
    clock.advance(30)
    drain(loop)
    assert (loop.group, loop.counts) == (GROUP, ConsumerCounts(events=4, dead_letters=1))


@pytest.mark.parametrize("error", [NotFound("no such request"), Corrupt("moved")], ids=lambda error: error.code)
def test_an_error_for_ever_in_a_batch_costs_only_the_event_that_it_is_about(
    log: Log, handler: Recorder, clock: ManualClock, error: PenstockError
) -> None:
    publish(log, [1, 2, 3])
    handler.fail = raise_for(2, lambda _: error)
    drain(loop_on(log, handler, clock, max_messages=10))
    assert handler.batches == [[1, 2, 3], [1], [2], [3]]
    letters = [(letter.from_offset, letter.reason, letter.message) for letter in dead_letters(log)]
    assert letters == [(1, error.code, str(error))]
    assert log.lag(GROUP, PROGRESS) == 0


def test_an_outage_after_poison_makes_no_dead_letter_yet(log: Log, handler: Recorder, clock: ManualClock) -> None:
    publish(log, [b"nonsense", 1])
    handler.fail = raise_for(1, lambda _: Unavailable("away"))
    loop = loop_on(log, handler, clock, max_messages=10)
    loop.run_once(0)
    assert dead_letters(log) == []
    handler.fail = lambda _: None
    clock.advance(30)
    drain(loop)
    assert len(dead_letters(log)) == 1


def test_poison_of_an_event_that_was_not_handed_over_is_a_bug(log: Log, handler: Recorder, clock: ManualClock) -> None:
    publish(log, [1])
    stranger = Message(PROGRESS, 1, 99, b"", b"", 0)
    handler.fail = raise_for(1, lambda _: PoisonMessage(stranger, "wrong", ""))
    with pytest.raises(LookupError):
        loop_on(log, handler, clock).run_once(0)


def test_a_bug_ends_the_loop_and_commits_nothing(log: Log, handler: Recorder, clock: ManualClock) -> None:
    publish(log, [1])
    handler.fail = raise_for(1, lambda _: ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        loop_on(log, handler, clock).run()
    assert (log.lag(GROUP, PROGRESS), dead_letters(log)) == (1, [])
    handler.fail = lambda _: None
    drain(loop_on(log, handler, clock))
    assert handler.numbers == [1, 1]


@pytest.mark.parametrize("max_messages", [1, 7, 500])
def test_a_topic_is_not_emptied_into_the_dead_letters(
    log: Log, handler: Recorder, clock: ManualClock, max_messages: int
) -> None:
    publish(log, [b"nonsense"] * 150 + [1], partition=0)
    publish(log, [2, 3], partition=1)
    loop = loop_on(log, handler, clock, max_messages)
    drain(loop)
    assert [letter.from_offset for letter in dead_letters(log)] == list(range(MAX_CONSECUTIVE_DEAD_LETTERS))
    assert set(handler.numbers) - {1} == {2, 3}
    assert log.lag(GROUP, PROGRESS) == 51
    assert not loop.healthy
    assert loop.problems() == [PARTITION_STOPPED]
    loop.close()
    assert loop.healthy  # the partition is no longer its own


def test_a_log_that_is_silent_for_long_is_a_problem(log: Log, handler: Recorder, clock: ManualClock) -> None:
    dependencies = Dependencies()
    loop = loop_on(log, handler, clock, dependencies=dependencies)
    clock.advance(SILENCE_SECONDS)
    assert loop.problems() == []
    clock.advance(1)
    assert loop.problems() == ["the event log has not answered for 31 s"]
    dependencies.report("a probe", {"kafka": "Kafka answers nothing"})
    assert loop.problems() == []  # the dependency says so already
    dependencies.report("a probe", {})


def test_a_stopped_partition_stays_stopped(
    log: Log, handler: Recorder, clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(log, [1] + [b"nonsense"] * 101)
    handler.fail = raise_for(1, lambda _: Unavailable("away"))
    loop = loop_on(log, handler, clock, max_messages=200)
    loop.run_once(0)
    handler.fail = lambda _: None
    for _ in range(5):
        clock.advance(30)
        loop.run_once(0)
    assert capsys.readouterr().out.count("consume.partition_stopped") == 1
    assert len(dead_letters(log)) == MAX_CONSECUTIVE_DEAD_LETTERS


def test_good_events_in_between_keep_a_partition_going(log: Log, handler: Recorder, clock: ManualClock) -> None:
    some = [b"nonsense"] * MAX_CONSECUTIVE_DEAD_LETTERS
    publish(log, [*some, 1, *some, 2])
    loop = loop_on(log, handler, clock, max_messages=30)
    drain(loop)
    assert handler.numbers == [1, 2]
    assert log.lag(GROUP, PROGRESS) == 0
    assert loop.healthy


def test_events_that_expired_are_not_passed_over_in_silence(
    log: Log, handler: Recorder, clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    loop = loop_on(log, handler, clock)
    loop.run_once(0)
    publish(log, [1])
    log.trim(PROGRESS, clock.now_us() + 1, unread=True)
    publish(log, [2])
    drain(loop)
    assert handler.numbers == [2]
    assert "consume.events_expired" in capsys.readouterr().out


def test_a_handler_that_works_for_long_keeps_its_partitions(
    log: Log, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consume, "KEEP_SECONDS", 0.001)
    rival = log.consumer(GROUP, [PROGRESS])
    polls = Polls(log)

    def work(_events: Sequence[tuple[Message, Event]]) -> None:
        for _ in range(6):
            clock.advance(SESSION_SECONDS / 2)
            polls.await_two_more()
        assert clock.monotonic() - loop.last_poll < SESSION_SECONDS  # it has seen the log alive meanwhile
        assert rival.poll(0) == []

    loop = ConsumeLoop(log=polls, group=GROUP, topics=[PROGRESS], handle=work, clock=clock)  # type: ignore[arg-type]
    publish(log, [1])
    assert loop.run_once(0)
    assert log.lag(GROUP, PROGRESS) == 0
    publish(log, [2])
    assert any(loop.run_once(0) for _ in range(3))  # nothing stays paused


class Polls:
    """An event log whose consumers' polls can be waited for."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._polled = Semaphore(0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def consumer(self, group: str, topics: Sequence[str]) -> Any:
        consumer = self._log.consumer(group, topics)
        poll = consumer.poll

        def noted(timeout: float, max_messages: int = 1) -> list[Message]:
            messages = poll(timeout, max_messages)
            self._polled.release()
            return messages

        monkey: Any = consumer
        monkey.poll = noted
        return consumer

    def await_two_more(self) -> None:
        """Until a poll has begun and ended since now."""
        while self._polled.acquire(blocking=False):
            pass
        for _ in range(2):
            assert self._polled.acquire(timeout=WAIT_SECONDS)
