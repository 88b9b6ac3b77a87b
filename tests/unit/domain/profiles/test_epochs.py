"""The week of a request's acceptance, a part of the address of its fragments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.profiles.epochs import Epoch, Partition, epoch_number

DAYS = st.datetimes(datetime(1970, 1, 5), datetime(2200, 1, 1))


def at(moment: datetime) -> int:
    return epoch_number(int(moment.replace(tzinfo=UTC).timestamp() * 1e6))


@given(DAYS)
def test_an_epoch_is_a_week_from_monday_to_sunday(moment: datetime) -> None:
    monday = datetime.combine(moment.date() - timedelta(days=moment.weekday()), datetime.min.time())
    assert at(monday) == at(moment) == at(monday + timedelta(days=7, microseconds=-1))
    assert at(monday + timedelta(days=7)) == at(moment) + 1


def test_the_first_epoch_is_that_of_1970() -> None:
    assert (at(datetime(1970, 1, 1)), at(datetime(1970, 1, 5))) == (1, 2)


@pytest.mark.parametrize(("bits", "bucket"), [(0, 0), (1, 1), (12, 0xFFE)])
def test_a_node_lies_in_the_bucket_of_its_leading_bits(bits: int, bucket: int) -> None:
    assert Epoch(7, bits).partition(b"\xff\xe0" + bytes(14)) == Partition(7, bucket)
