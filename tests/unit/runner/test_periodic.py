from threading import Semaphore, Thread

import pytest
from structlog.testing import capture_logs

from penstock.application.health.dependencies import Dependencies
from penstock.domain.errors import Unavailable
from penstock.runner.periodic import Periodic

WAIT_SECONDS = 30.0  # only broken code gets here


def started(periodic: Periodic) -> Thread:
    thread = Thread(target=periodic.run, daemon=True)
    thread.start()
    return thread


def test_work_is_done_again_and_again_through_outages() -> None:
    done = Semaphore(0)

    def work() -> None:
        done.release()
        raise Unavailable("the disk is full")

    periodic = Periodic("work", work, 0.001)
    thread = started(periodic)
    for _ in range(3):
        assert done.acquire(timeout=WAIT_SECONDS)
    periodic.stop()
    thread.join(WAIT_SECONDS)
    assert not thread.is_alive()


@pytest.mark.parametrize(("at_end", "times"), [(False, 1), (True, 2)])
def test_periodic_work_runs_once_more_when_it_is_stopped(at_end: bool, times: int) -> None:
    calls: list[int] = []
    first = Semaphore(0)

    def work() -> None:
        calls.append(1)
        first.release()

    periodic = Periodic("work", work, 3_600, at_end=at_end)
    thread = started(periodic)
    assert first.acquire(timeout=WAIT_SECONDS)
    periodic.stop()
    thread.join(WAIT_SECONDS)
    assert len(calls) == times


def test_a_bug_is_not_hidden() -> None:
    def work() -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        Periodic("work", work, 1).run()


def test_work_is_tried_again_soon_after_an_outage_which_is_reported_once() -> None:
    """However rarely the work is due: what waits for an hour would report its outage for as long."""
    errors, done = [Unavailable("the disk is full", dependency="disk")] * 2, Semaphore(0)

    def work() -> None:
        if errors:
            raise errors.pop()
        done.release()

    periodic = Periodic("work", work, 3_600, dependencies=Dependencies(recovery_seconds=0))
    with capture_logs() as lines, pytest.MonkeyPatch.context() as patch:
        patch.setattr("penstock.runner.periodic.MAX_RETRY_SECONDS", 0.001)
        thread = started(periodic)
        assert done.acquire(timeout=WAIT_SECONDS)
        periodic.stop()
        thread.join(WAIT_SECONDS)
    assert [line["event"] for line in lines] == ["dependency.unavailable", "dependency.available"]
