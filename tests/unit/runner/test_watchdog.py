"""The watchdog, with offsets and a clock that the test sets."""

from __future__ import annotations

import pytest

from penstock.domain.errors import Unavailable
from penstock.ports.event_log import PartitionLag
from penstock.runner.watchdog import STALLED, Watchdog
from tests.support.manual_clock import ManualClock

TIMEOUT_SECONDS = 120.0


class Watched:
    """A group in two partitions, and the process that the watchdog would end."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.lags = {0: PartitionLag(0, 5, 10), 1: PartitionLag(0, None, 0)}
        self.assigned = frozenset({0, 1})
        self.expected: set[int] = set()
        self.away = False
        self.ended: list[int] = []
        self.watchdog = Watchdog(
            topic="penstock.progress",
            lags=self.ask,
            assigned=lambda: self.assigned,
            is_expected_stall=lambda partition: partition in self.expected,
            clock=self.clock,
            timeout_seconds=TIMEOUT_SECONDS,
            end=self.ended.append,
        )

    def ask(self) -> dict[int, PartitionLag]:
        if self.away:
            raise Unavailable("no broker answers")
        return self.lags

    def look_after(self, seconds: float) -> list[int]:
        self.clock.sleep(seconds)
        self.watchdog.check()
        return self.ended


@pytest.fixture
def watched() -> Watched:
    made = Watched()
    made.watchdog.check()
    return made


def test_events_that_wait_while_no_offset_moves_end_the_process(watched: Watched) -> None:
    assert watched.look_after(TIMEOUT_SECONDS - 1) == []
    assert watched.look_after(1) == [STALLED]


def test_an_offset_that_moves_is_enough(watched: Watched) -> None:
    for committed in (6, 7, 8):
        watched.lags[0] = PartitionLag(0, committed, 1000)
        assert watched.look_after(TIMEOUT_SECONDS) == []


def test_a_consumer_that_has_read_everything_is_not_stalled(watched: Watched) -> None:
    watched.lags[0] = PartitionLag(0, 10, 10)
    assert watched.look_after(TIMEOUT_SECONDS * 10) == []


def test_a_group_that_never_committed_is_watched_too(watched: Watched) -> None:
    watched.lags = {0: PartitionLag(0, None, 10)}
    assert watched.look_after(1) == []
    assert watched.look_after(TIMEOUT_SECONDS) == [STALLED]


def test_a_known_reason_restarts_the_timeout(watched: Watched) -> None:
    watched.expected = {0}
    assert watched.look_after(TIMEOUT_SECONDS) == []
    watched.expected = set()
    assert watched.look_after(1) == []
    assert watched.look_after(TIMEOUT_SECONDS) == [STALLED]


def test_other_members_partitions_are_not_its_business(watched: Watched) -> None:
    watched.assigned = frozenset({1})
    assert watched.look_after(TIMEOUT_SECONDS) == []


def test_a_consumer_without_any_partition_answers_for_all(watched: Watched) -> None:
    watched.assigned = frozenset()
    assert watched.look_after(TIMEOUT_SECONDS) == [STALLED]


def test_no_consumer_is_stalled_while_kafka_is_unavailable(watched: Watched) -> None:
    watched.away = True
    with pytest.raises(Unavailable):
        watched.look_after(TIMEOUT_SECONDS)
    watched.away = False
    assert watched.look_after(1) == []
    assert watched.look_after(TIMEOUT_SECONDS) == [STALLED]


@pytest.mark.parametrize("lag", [PartitionLag(7, 5, 10), PartitionLag(0, 12, 10)])
def test_events_that_are_lost_to_the_group_are_reported_once(
    watched: Watched, lag: PartitionLag, capsys: pytest.CaptureFixture[str]
) -> None:
    watched.lags[0] = lag
    watched.look_after(1)
    watched.look_after(1)
    assert capsys.readouterr().out.count("consume.events_expired") == 1
