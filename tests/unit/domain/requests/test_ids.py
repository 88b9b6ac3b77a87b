"""Request ids sort as their times do, whatever is random in them."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.requests.ids import accepted_at_us, request_id

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
