"""Following a request: what is shown on the way, and a hint when nobody begins."""

from __future__ import annotations

from itertools import count

from services.cli.following import HINT_SECONDS, follow, with_idle_hint


def states(*statuses: str) -> list[dict[str, object]]:
    return [{"status": status, "number": number, "waiting": None} for number, status in enumerate(statuses)]


def test_every_state_is_shown_and_the_last_is_the_answer() -> None:
    given, displayed = states("SCHEDULED", "IN_PROGRESS", "COMPLETED"), []
    assert follow(iter(given), displayed.append) == given[-1]
    assert displayed == given


def hints(*statuses: str, waiting: object = None) -> list[object]:
    """The numbers of the states at which the hint came; a second and a bit passes with each."""
    given: list[object] = []
    reached: list[object] = []
    passed = count(0.0, HINT_SECONDS / 3 + 0.1)
    watched = ({**state, "waiting": waiting} for state in states(*statuses))
    with_hints = with_idle_hint(watched, lambda: given.append(reached[-1]), lambda: next(passed))
    reached.extend(state["number"] for state in with_hints)
    return given


def test_a_hint_appears_once_while_no_service_starts_the_request() -> None:
    assert hints(*["SCHEDULED"] * 9) == [2]


def test_no_hint_appears_when_the_request_has_started() -> None:
    assert hints("SCHEDULED", *["IN_PROGRESS"] * 9) == []


def test_no_hint_appears_while_it_has_a_place_in_the_queue() -> None:
    assert hints(*["SCHEDULED"] * 9, waiting={"requests_before": 3}) == []
    assert hints(*["SCHEDULED"] * 9, waiting={"requests_before": None}) == [2]
