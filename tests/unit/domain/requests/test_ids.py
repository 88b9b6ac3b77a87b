"""Request ids sort as their times do, whatever is random in them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.requests.ids import NO_PARTITION, SHARDS, accepted_at_us, month_of, partition_of, request_id

times = st.integers(0, 2**47 * 1000)
randoms = st.binary(min_size=8, max_size=8)


@given(times, st.integers(1, 10**7), randoms, randoms)
def test_a_later_microsecond_sorts_later(at_us: int, later: int, first: bytes, second: bytes) -> None:
    assert request_id(at_us, first) < request_id(at_us + later, second)


@given(times, randoms)
def test_the_time_of_acceptance_is_read_from_an_id(at_us: int, random: bytes) -> None:
    assert accepted_at_us(request_id(at_us, random)) == at_us


@given(times, randoms)
def test_an_id_is_a_uuid_of_version_7_that_holds_its_milliseconds(at_us: int, random: bytes) -> None:
    identifier = UUID(request_id(at_us, random))
    assert (identifier.version, identifier.variant) == (7, "specified in RFC 4122")
    assert identifier.int >> 80 == at_us // 1000
    assert identifier.int & (2**62 - 1) == int.from_bytes(random, "big") >> 2


@given(st.integers(0, 4 * 10**15), randoms)
def test_a_request_lies_in_a_shard_of_its_month(at_us: int, random: bytes) -> None:
    identifier = request_id(at_us, random)
    month, shard = partition_of(identifier).split("/")
    assert month == month_of(identifier) == f"{datetime.fromtimestamp(at_us // 1_000 / 1_000, UTC):%Y-%m}"
    assert int(shard) == int(identifier[-1], 16) % SHARDS


@pytest.mark.parametrize("text", ["", "x", "nonsense", "f" * 36, "../requests"])
def test_other_text_than_an_id_lies_nowhere(text: str) -> None:
    assert partition_of(text) == NO_PARTITION
