"""The pace of the chunks that were done last."""

from __future__ import annotations

from functools import reduce
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.requests.pace import PAUSE_US, RECENT_CHUNKS, chunk_us, with_chunk

SECOND = 1_000_000


@given(st.lists(st.integers(0, 10**12), max_size=3 * RECENT_CHUNKS), st.randoms())
def test_the_latest_are_kept_in_whatever_order_they_come(times: list[int], random: Random) -> None:
    shuffled = sorted(times, key=lambda _: random.random())
    assert reduce(with_chunk, shuffled, ()) == tuple(sorted(times)[-RECENT_CHUNKS:])


def test_the_pace_is_the_average_from_one_to_the_next() -> None:
    assert chunk_us([0, SECOND, 3 * SECOND, 3 * SECOND]) == SECOND


def test_a_pause_does_not_count() -> None:
    dead = 8 * 3600 * SECOND
    assert chunk_us([0, SECOND, SECOND + dead, 4 * SECOND + dead]) == 2 * SECOND


def test_chunks_that_take_longer_than_a_pause_have_a_pace_too() -> None:
    assert chunk_us([0, PAUSE_US, 3 * PAUSE_US]) == 1.5 * PAUSE_US


def test_of_less_than_two_times_there_is_no_pace() -> None:
    assert chunk_us([]) is None
    assert chunk_us([5]) is None
