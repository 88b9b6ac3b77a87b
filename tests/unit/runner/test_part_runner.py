"""Parts run until they are told to stop, and say how they are meanwhile."""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from penstock.adapters.embedded.event_log import EmbeddedEventLog
from penstock.adapters.system_clock import SystemClock
from penstock.application.consuming.consume_loop import ConsumeLoop
from penstock.application.consuming.processing import PARTITION_STOPPED, ConsumerCounts
from penstock.domain.events import DEAD_LETTER, PROGRESS
from penstock.runner.part_runner import QUIET_SECONDS, Part, PartRunner
from services.cli.service_commands import run_until_signalled
from tests.support.waiting import until

WAIT_SECONDS = 60.0  # only a broken runner ever gets here
STOPPING = ["the service is stopping"]
ENDED = ["a part of the service has ended by itself; see the log"]


class Waiting:
    """Runs until it is stopped and let go."""

    def __init__(self) -> None:
        self.started, self.stopped, self.let_go = threading.Event(), threading.Event(), threading.Event()
        self.let_go.set()

    def run(self) -> None:
        self.started.set()
        for event in (self.stopped, self.let_go):
            assert event.wait(WAIT_SECONDS)

    def stop(self) -> None:
        self.stopped.set()


class Signalled(Waiting):
    """Gets the SIGTERM in its own thread, as the kernel may have it when the main one has just been stopped."""

    def run(self) -> None:
        until(_main_thread_waits)
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        super().run()


def _main_thread_waits() -> bool:
    """For the parts, all of which have been started."""
    frame = sys._current_frames()[threading.main_thread().ident or 0]
    running = [frame.f_code for frame, _ in traceback.walk_stack(frame)]
    return running[0] is threading.Condition.wait.__code__ and threading.Thread.start.__code__ not in running


class Counting(Waiting):
    def __init__(self) -> None:
        super().__init__()
        self.group, self.healthy, self.counts = "penstock.counters", True, ConsumerCounts(events=5, dead_letters=2)


class Broken(Waiting):
    def run(self) -> None:
        raise ZeroDivisionError


@contextmanager
def running(runner: PartRunner, parts: Sequence[Part]) -> Iterator[list[BaseException]]:
    """Yields, once all have been started, the errors that `run` ends with."""
    errors: list[BaseException] = []
    last = Waiting()

    def run() -> None:
        try:
            runner.run([*parts, last])
        except ZeroDivisionError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert last.started.wait(WAIT_SECONDS)
    try:
        yield errors
    finally:
        runner.stop()
        thread.join(WAIT_SECONDS)
        assert not thread.is_alive()


def test_a_service_that_waits_for_its_servers_is_alive_but_not_ready() -> None:
    runner = PartRunner()
    assert runner.ended_parts() == []
    assert runner.problems() == ["the service waits for its servers"]
    runner.dependencies.report("start", {"kafka": "Kafka answers nothing"})
    assert runner.problems() == ["the service waits for its servers", "Kafka answers nothing"]


def test_parts_that_run_are_well_until_they_are_told_to_stop() -> None:
    runner, first, second = PartRunner(), Waiting(), Waiting()
    second.let_go.clear()
    with running(runner, [first, second]):
        assert (runner.ended_parts(), runner.problems()) == ([], [])
        runner.stop()
        assert (runner.ended_parts(), runner.problems()) == ([], STOPPING)
        second.let_go.set()


def test_a_part_that_fails_ends_the_others_and_is_told_while_one_of_them_hangs() -> None:
    runner, other = PartRunner(), Waiting()
    other.let_go.clear()
    with running(runner, [Broken(), other]) as errors:
        assert other.stopped.wait(WAIT_SECONDS)
        assert (runner.ended_parts(), runner.problems()) == (ENDED, ENDED)
        other.let_go.set()
    assert [type(error) for error in errors] == [ZeroDivisionError]


def test_what_is_told_to_stop_before_it_runs_ends_at_once() -> None:
    runner, part = PartRunner(), Waiting()
    runner.stop()
    runner.run([part])
    assert part.stopped.is_set()


def test_a_signal_that_another_thread_got_is_heard() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        run_until_signalled([part := Signalled()])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert part.stopped.is_set()


def test_a_stopped_partition_is_told_though_no_thread_has_ended() -> None:
    runner, part = PartRunner(), Counting()
    with running(runner, [part]):
        part.healthy = False
        assert (runner.ended_parts(), runner.problems()) == ([], [PARTITION_STOPPED])


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedEventLog]:
    log = EmbeddedEventLog(tmp_path / "events.db", SystemClock())
    log.create_topics({PROGRESS: 1, DEAD_LETTER: 1})
    yield log
    log.close()


def test_a_loop_that_has_not_seen_the_log_for_long_is_not_ready(log: EmbeddedEventLog) -> None:
    loop = ConsumeLoop(log=log, group="g", topics=[PROGRESS], handle=lambda _: None, clock=SystemClock())
    late = 0.0
    runner = PartRunner(lambda: loop.last_poll + late)
    with running(runner, [loop]):
        assert runner.problems() == []
        late = QUIET_SECONDS + 1
        assert runner.problems() == ["the event log has not answered for 31 s"]
        assert runner.ended_parts() == []


def test_the_parts_that_handle_events_are_known(log: EmbeddedEventLog) -> None:
    loop = ConsumeLoop(log=log, group="g", topics=[PROGRESS], handle=lambda _: None, clock=SystemClock())
    runner = PartRunner()
    with running(runner, [loop, Waiting(), counting := Counting()]):
        assert runner.consumers() == [loop, counting]
