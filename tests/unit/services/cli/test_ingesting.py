"""Watching a request: problems are shown while nothing moves, and are not waited for without end."""

from __future__ import annotations

from itertools import count

import pytest

from penstock.domain.errors import Unavailable
from services.cli.ingesting import QUIET_SECONDS, STALL_TIMEOUT_SECONDS, with_problems
from services.cli.output import Output

PROBLEM = "the disk is full"


def states(number: int, *, moving: bool = False, waiting: object = None) -> list[dict[str, object]]:
    state = {"request_id": "a request", "status": "IN_PROGRESS", "chunks_total": 100, "waiting": waiting}
    return [{**state, "chunks_done": n if moving else 0} for n in range(number)]


def watch(given: list[dict[str, object]], problems: list[str], step: float) -> list[dict[str, object]]:
    passed = count(0.0, step)
    return list(with_problems(iter(given), lambda: problems, lambda: next(passed), Output(as_json=True)))


def test_a_problem_is_reported_once_while_nothing_moves(capsys: pytest.CaptureFixture[str]) -> None:
    given = states(8)
    assert watch(given, [PROBLEM], QUIET_SECONDS) == given
    assert capsys.readouterr().err.splitlines() == [f"Waiting: {PROBLEM}"]


def test_no_warning_while_a_request_makes_progress(capsys: pytest.CaptureFixture[str]) -> None:
    given = states(8, moving=True)
    assert watch(given, [PROBLEM], STALL_TIMEOUT_SECONDS) == given
    assert capsys.readouterr().err == ""


def test_a_problem_that_lasts_ends_the_command() -> None:
    with pytest.raises(Unavailable, match=r"the disk is full; run the same command again to continue a request"):
        watch(states(100), [PROBLEM], QUIET_SECONDS)


def test_without_a_problem_a_command_waits_for_the_end() -> None:
    given = states(100)
    assert watch(given, [], STALL_TIMEOUT_SECONDS) == given


def test_an_outage_of_the_system_is_a_problem_and_a_turn_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    watch(states(8, waiting={"reason": "system", "message": "It waits for Kafka."}), [], QUIET_SECONDS)
    watch(states(8, waiting={"reason": "turn", "message": "It waits for its turn."}), [], QUIET_SECONDS)
    assert capsys.readouterr().err.splitlines() == ["Waiting: It waits for Kafka."]
