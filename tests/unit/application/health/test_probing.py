"""What a service needs is asked for now and then, and a probe that hangs is an outage, too."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from penstock.adapters.system_clock import SystemClock
from penstock.application.health.dependencies import Dependencies
from penstock.application.health.probing import ANSWER_TIMEOUT_SECONDS, Probe, Prober
from penstock.domain.errors import Unavailable
from penstock.ports.clock import Clock
from tests.support.manual_clock import ManualClock
from tests.support.waiting import until


@contextmanager
def probing(probes: Sequence[Probe], dependencies: Dependencies, clock: Clock | None = None) -> Iterator[None]:
    prober = Prober(probes, dependencies, clock or SystemClock())
    thread = threading.Thread(target=prober.run)
    thread.start()
    try:
        yield
    finally:
        prober.stop()
        thread.join()


def test_a_silent_dependency_is_reported_until_it_answers() -> None:
    dependencies, away = Dependencies(recovery_seconds=0), threading.Event()
    asked = threading.Semaphore(0)

    def check() -> None:
        asked.release()
        if away.is_set():
            raise Unavailable("no node answers", dependency="cassandra")

    with probing([Probe("cassandra", check, 0.01)], dependencies):
        assert asked.acquire(timeout=60)
        assert dependencies.states() == {"cassandra": True}
        away.set()
        until(lambda: dependencies.problems() == ["no node answers"])
        away.clear()
        until(lambda: dependencies.problems() == [])


def test_a_probe_that_hangs_is_an_outage_and_holds_up_no_other() -> None:
    dependencies, clock = Dependencies(recovery_seconds=0), ManualClock(running=True)
    hanging, go_on, others = threading.Event(), threading.Event(), threading.Semaphore(0)

    def hang() -> None:
        hanging.set()
        assert go_on.wait(60)

    with probing([Probe("disk", hang, 0.01), Probe("s3", others.release, 0.01)], dependencies, clock):
        assert hanging.wait(60)
        clock.advance(ANSWER_TIMEOUT_SECONDS + 1)
        until(lambda: dependencies.problems())
        assert "disk has not answered for 15 s" in dependencies.problems()[0]
        for _ in range(3):
            assert others.acquire(timeout=60)
        go_on.set()
        until(lambda: dependencies.problems() == [])


def test_a_mistake_in_a_probe_ends_no_probing() -> None:
    dependencies, tries = Dependencies(recovery_seconds=0), iter([KeyError("a value"), None])

    def check() -> None:
        error = next(tries, None)
        if error is not None:
            raise error

    with probing([Probe("s3", check, 0.01)], dependencies):
        until(lambda: next(tries, "none is left") == "none is left")
        until(lambda: dependencies.problems() == [])
