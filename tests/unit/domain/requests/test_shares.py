"""Shares: only none is 0%, and only all is 100%."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.requests.shares import share


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_a_share_never_rounds_some_to_none_or_to_all(part: int, whole: int) -> None:
    part = min(part, whole)
    assert (share(part, whole) == "0.0%") == (part == 0)
    assert (share(part, whole) == "100.0%") == (part == whole)


def test_shares_have_one_decimal() -> None:
    assert [share(part, 5_000) for part in (0, 1, 715, 4_999)] == ["0.0%", "less than 0.1%", "14.3%", "more than 99.9%"]
    assert share(0, 0) == "0.0%"
