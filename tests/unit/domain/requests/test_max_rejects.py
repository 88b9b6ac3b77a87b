"""The limit of rejects: how it is written, and when it is exceeded."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import Refused
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.max_rejects import max_rejects_of, parse_max_rejects

rows = st.integers(0, 10**6)


@pytest.mark.parametrize("text", ["5%", "0%", "100%", "12.5%", "0.0001%", "0", "100", "999999999"])
def test_a_limit_is_written_as_it_is_read(text: str) -> None:
    assert str(parse_max_rejects(text)) == text


@pytest.mark.parametrize(
    "text", ["", "%", "-1", "-5%", "101%", "100.1%", "5 percent", "1e3", "0.5", "5%%", "５%", "1" * 10]
)
def test_any_other_text_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_max_rejects(text)
    [fault] = caught.value.faults
    assert fault.code == "invalid_max_rejects"
    assert "5%" in fault.hint


@given(st.integers(0, 100 * 10**4), rows, rows)
def test_a_share_is_exceeded_by_more_than_exactly_that_share(
    ten_thousandths: int, rejected: int, accepted: int
) -> None:
    limit = parse_max_rejects(f"{ten_thousandths // 10**4}.{ten_thousandths % 10**4:04}%")
    read = rejected + accepted
    exceeded = read > 0 and Fraction(rejected, read) > Fraction(ten_thousandths, 100 * 10**4)
    assert limit.exceeded_by(rejected, read) == exceeded


@given(rows, rows, rows)
def test_a_number_is_exceeded_by_more_rows_at_any_share(limit: int, rejected: int, accepted: int) -> None:
    assert parse_max_rejects(str(limit)).exceeded_by(rejected, rejected + accepted) == (rejected > limit)


def test_a_replacement_has_a_limit_unless_another_is_given() -> None:
    assert max_rejects_of(None, Mode.UPSERT) is None
    assert max_rejects_of(None, Mode.REPLACE) == "5%"
    assert max_rejects_of("100%", Mode.REPLACE) == "100%"
    assert max_rejects_of("5 %", Mode.UPSERT) == "5%"


@pytest.mark.parametrize("mode", Mode)
def test_an_empty_limit_is_not_taken_for_none(mode: Mode) -> None:
    with pytest.raises(Refused):
        max_rejects_of("", mode)
