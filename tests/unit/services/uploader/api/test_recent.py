"""Values that are kept for a while: computed once, and never more of them than allowed."""

from __future__ import annotations

from functools import partial

import pytest

from services.uploader.api.recent import Recent
from tests.support.manual_clock import ManualClock


def test_a_value_is_computed_once_while_it_is_recent() -> None:
    clock, computed = ManualClock(), iter(range(9))
    recent: Recent[int] = Recent(clock, count=2, seconds=60)

    def get(key: str) -> int:
        return recent.get(key, lambda: next(computed))

    assert [get("a"), get("b"), get("a")] == [0, 1, 0]
    clock.advance(59)
    assert get("a") == 0
    clock.advance(1)
    assert get("a") == 2


def test_the_oldest_goes_when_there_are_too_many() -> None:
    recent: Recent[str] = Recent(ManualClock(), count=2, seconds=60)
    for key in "abc":
        recent.get(key, partial(str, key))
    assert [recent.get(key, lambda: "again") for key in "bca"] == ["b", "c", "again"]


def test_a_value_that_cannot_be_computed_is_not_kept() -> None:
    recent: Recent[int] = Recent(ManualClock(), count=2, seconds=60)

    def fails() -> int:
        raise ValueError("no file")

    with pytest.raises(ValueError, match="no file"):
        recent.get("a", fails)
    assert recent.get("a", lambda: 1) == 1
