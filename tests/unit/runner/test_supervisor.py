"""Parts run until they are stopped, and their supervisor says how they are meanwhile."""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from penstock.adapters.embedded.event_log import EmbeddedEventLog
from penstock.adapters.system_clock import SystemClock
from penstock.application.consuming.consume_loop import ConsumeLoop
from penstock.application.consuming.processing import PARTITION_STOPPED, ConsumerCounts
from penstock.application.health.dependencies import Dependencies
from penstock.application.health.probing import Prober
from penstock.domain.errors import Corrupt, PartFailed
from penstock.domain.events import DEAD_LETTER, PROGRESS
from penstock.runner.periodic import Periodic
from penstock.runner.runnable import Runnable
from penstock.runner.signals import run_until_signalled
from penstock.runner.supervisor import Supervisor
from tests.support.waiting import until

WAIT_SECONDS = 60.0  # only a broken supervisor ever gets here
STOPPING = ["the service is stopping"]
FAILED = ["the part broken has failed with ZeroDivisionError: see the log"]


class Waiting:
    """Runs until it is stopped and let go."""

    name = "waiting"

    def __init__(self) -> None:
        self.started, self.stopped, self.let_go = threading.Event(), threading.Event(), threading.Event()
        self.let_go.set()

    def run(self) -> None:
        self.started.set()
        for event in (self.stopped, self.let_go):
            assert event.wait(WAIT_SECONDS)

    def stop(self) -> None:
        self.stopped.set()

    def problems(self) -> list[str]:
        return []


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

    def problems(self) -> list[str]:
        return [] if self.healthy else [PARTITION_STOPPED]


class Broken(Waiting):
    name = "broken"

    def run(self) -> None:
        raise ZeroDivisionError


class Damaged(Waiting):
    def run(self) -> None:
        raise Corrupt("the database is damaged")


class Ended(Waiting):
    def run(self) -> None:
        """It has nothing to do."""


@contextmanager
def running(supervisor: Supervisor, parts: Sequence[Runnable]) -> Iterator[list[BaseException]]:
    """Yields, once all have been started, the errors that `run` ends with."""
    errors: list[BaseException] = []
    last = Waiting()

    def run() -> None:
        try:
            supervisor.run([*parts, last])
        except ZeroDivisionError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert last.started.wait(WAIT_SECONDS)
    try:
        yield errors
    finally:
        supervisor.stop()
        thread.join(WAIT_SECONDS)
        assert not thread.is_alive()


@contextmanager
def started(parts: Sequence[Runnable]) -> Iterator[Supervisor]:
    """They run in the background."""
    supervisor = Supervisor()
    supervisor.start(parts)
    try:
        yield supervisor
    finally:
        supervisor.close()


def test_a_service_that_waits_for_its_servers_is_alive_but_not_ready() -> None:
    supervisor = Supervisor()
    assert supervisor.ended_parts() == []
    assert supervisor.problems() == ["the service waits for its servers"]
    supervisor.dependencies.report("start", {"kafka": "Kafka answers nothing"})
    assert supervisor.problems() == ["the service waits for its servers", "Kafka answers nothing"]


def test_parts_that_run_are_well_until_they_are_stopped() -> None:
    supervisor, first, second = Supervisor(), Waiting(), Waiting()
    second.let_go.clear()
    with running(supervisor, [first, second]):
        assert (supervisor.ended_parts(), supervisor.problems()) == ([], [])
        supervisor.stop()
        assert (supervisor.ended_parts(), supervisor.problems()) == ([], STOPPING)
        second.let_go.set()


def test_a_part_that_fails_ends_the_others_and_is_named_while_one_of_them_hangs() -> None:
    supervisor, other = Supervisor(), Waiting()
    other.let_go.clear()
    with running(supervisor, [Broken(), other]) as errors:
        assert other.stopped.wait(WAIT_SECONDS)
        assert (supervisor.ended_parts(), supervisor.problems()) == (FAILED, FAILED)
        other.let_go.set()
    assert [type(error) for error in errors] == [ZeroDivisionError]


def test_a_part_that_ends_by_itself_ends_the_others_and_is_named() -> None:
    supervisor, other = Supervisor(), Waiting()
    with running(supervisor, [Ended(), other]):
        assert other.stopped.wait(WAIT_SECONDS)
        assert supervisor.ended_parts() == ["the part waiting has ended by itself: see the log"]


def test_a_part_in_the_background_that_fails_is_named_and_the_others_go_on() -> None:
    other = Waiting()
    with capture_logs() as lines, started([Broken(), other]) as supervisor:
        until(supervisor.ended_parts)
        assert (supervisor.ended_parts(), supervisor.problems()) == (FAILED, FAILED)
        assert not other.stopped.is_set()
        with pytest.raises(PartFailed, match="the part broken has failed with ZeroDivisionError"):
            supervisor.check()
    assert other.stopped.is_set()
    critical = [line for line in lines if line["log_level"] == "critical"]
    assert critical == [
        {
            "event": "part.failed",
            "part": "broken",
            "error": "ZeroDivisionError",
            "log_level": "critical",
        }
    ]


def test_requests_go_on_without_work_that_is_done_now_and_then() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with started([Periodic("upkeep", fail, 1.0), Waiting()]) as supervisor:
        until(supervisor.ended_parts)
        supervisor.check()


def test_periodic_work_that_requests_need_is_missed() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with started([Periodic("dispatching", fail, 1.0, essential=True), Waiting()]) as supervisor:
        until(supervisor.ended_parts)
        with pytest.raises(PartFailed, match="the part dispatching has failed"):
            supervisor.check()


def test_the_message_of_an_error_of_penstocks_own_is_kept() -> None:
    with started([Damaged()]) as supervisor:
        until(supervisor.ended_parts)
        named = ["the part waiting has failed with Corrupt: the database is damaged: see the log"]
        assert supervisor.problems() == named


def test_consumers_stop_first_then_periodic_work_then_probers() -> None:
    """The last round of what is periodic handles what the consumers have done last."""
    consumer, dependencies = Counting(), Dependencies()
    consumer.let_go.clear()
    ended: list[str] = []

    class LastRound(Prober):
        def stop(self) -> None:
            ended.append("prober")
            super().stop()

    def work() -> None:
        if consumer.stopped.is_set():
            ended.append("periodic" if consumer.let_go.is_set() else "periodic before the consumer")

    prober = LastRound([], dependencies, SystemClock())
    with started([prober, Periodic("work", work, 3_600.0, at_end=True), consumer]):
        threading.Timer(0.5, consumer.let_go.set).start()  # long enough for work that would not wait
    assert ended == ["periodic", "prober"]


def test_a_part_stopped_before_it_runs_ends_at_once() -> None:
    supervisor, part = Supervisor(), Waiting()
    supervisor.stop()
    supervisor.run([part])
    assert part.stopped.is_set()


def test_a_signal_that_another_thread_got_is_heard() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        run_until_signalled([part := Signalled()])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert part.stopped.is_set()


def test_a_stopped_partition_is_a_problem_though_no_thread_has_ended() -> None:
    supervisor, part = Supervisor(), Counting()
    with running(supervisor, [part]):
        part.healthy = False
        assert (supervisor.ended_parts(), supervisor.problems()) == ([], [PARTITION_STOPPED])


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedEventLog]:
    log = EmbeddedEventLog(tmp_path / "events.db", SystemClock())
    log.create_topics({PROGRESS: 1, DEAD_LETTER: 1})
    yield log
    log.close()


def test_the_parts_that_handle_events_are_known(log: EmbeddedEventLog) -> None:
    loop = ConsumeLoop(log=log, group="g", topics=[PROGRESS], handle=lambda _: None, clock=SystemClock())
    supervisor = Supervisor()
    with running(supervisor, [loop, Waiting(), counting := Counting()]):
        assert supervisor.consumers() == [loop, counting]
