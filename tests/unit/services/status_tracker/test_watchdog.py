"""The watchdog, with offsets and a clock that the test sets."""

from __future__ import annotations

import pytest

from penstock.adapters.cluster.kafka_standing import Standing
from penstock.domain.errors import Unavailable
from services.status_tracker.watchdog import STALLED, Watchdog
from tests.support.manual_clock import ManualClock

PATIENCE_SECONDS = 120.0


class Watched:
    """A group in two partitions, and the process that the watchdog would end."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.standing = {0: Standing(0, 5, 10), 1: Standing(0, None, 0)}
        self.assigned = frozenset({0, 1})
        self.excused: set[int] = set()
        self.away = False
        self.ended: list[int] = []
        self.watchdog = Watchdog(
            standing=self.ask,
            assigned=lambda: self.assigned,
            excused=lambda partition: partition in self.excused,
            clock=self.clock,
            patience_seconds=PATIENCE_SECONDS,
            end=self.ended.append,
        )

    def ask(self) -> dict[int, Standing]:
        if self.away:
            raise Unavailable("no broker answers")
        return self.standing

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
    assert watched.look_after(PATIENCE_SECONDS - 1) == []
    assert watched.look_after(1) == [STALLED]


def test_an_offset_that_moves_is_enough(watched: Watched) -> None:
    for committed in (6, 7, 8):
        watched.standing[0] = Standing(0, committed, 1000)
        assert watched.look_after(PATIENCE_SECONDS) == []


def test_what_is_all_read_may_stand_still(watched: Watched) -> None:
    watched.standing[0] = Standing(0, 10, 10)
    assert watched.look_after(PATIENCE_SECONDS * 10) == []


def test_a_group_that_never_committed_is_watched_too(watched: Watched) -> None:
    watched.standing = {0: Standing(0, None, 10)}
    assert watched.look_after(1) == []
    assert watched.look_after(PATIENCE_SECONDS) == [STALLED]


def test_a_reason_that_is_known_excuses_and_the_patience_begins_anew(watched: Watched) -> None:
    watched.excused = {0}
    assert watched.look_after(PATIENCE_SECONDS) == []
    watched.excused = set()
    assert watched.look_after(1) == []
    assert watched.look_after(PATIENCE_SECONDS) == [STALLED]


def test_other_members_partitions_are_not_its_business(watched: Watched) -> None:
    watched.assigned = frozenset({1})
    assert watched.look_after(PATIENCE_SECONDS) == []


def test_a_consumer_without_any_partition_answers_for_all(watched: Watched) -> None:
    watched.assigned = frozenset()
    assert watched.look_after(PATIENCE_SECONDS) == [STALLED]


def test_while_kafka_is_away_nobody_is_to_blame(watched: Watched) -> None:
    watched.away = True
    with pytest.raises(Unavailable):
        watched.look_after(PATIENCE_SECONDS)
    watched.away = False
    assert watched.look_after(1) == []
    assert watched.look_after(PATIENCE_SECONDS) == [STALLED]


@pytest.mark.parametrize("standing", [Standing(7, 5, 10), Standing(0, 12, 10)])
def test_events_that_are_lost_to_the_group_are_told_once(
    watched: Watched, standing: Standing, capsys: pytest.CaptureFixture[str]
) -> None:
    watched.standing[0] = standing
    watched.look_after(1)
    watched.look_after(1)
    assert capsys.readouterr().out.count("consume.events_expired") == 1
