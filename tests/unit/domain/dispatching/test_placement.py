"""Each worker has a chunk to go on with, and few more."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.dispatching.placement import place

WINDOW, PARTITIONS = 2, 16


@given(st.integers(1, 20), st.booleans())
def test_workers_are_filled_evenly_up_to_the_window(workers: int, dealt: bool) -> None:
    """`dealt` out, or each with a range of neighbours; beyond 16, some have no partition."""
    owner = [number % workers if dealt else number * workers // PARTITIONS for number in range(PARTITIONS)]
    members = [{number for number, has in enumerate(owner) if has == worker} for worker in range(workers)]
    outstanding: Counter[int] = Counter()
    loads: list[list[int]] = []
    while (partition := place(members, outstanding, window=WINDOW, partitions=PARTITIONS)) is not None:
        outstanding[partition] += 1
        loads.append([sum(outstanding[each] for each in member) for member in members if member])
    assert set(loads[-1]) == {WINDOW}
    assert all(max(load) - min(load) <= 1 for load in loads)


def test_a_worker_with_few_partitions_gets_as_many_chunks_as_another() -> None:
    outstanding: Counter[int] = Counter()
    for _ in range(4):
        partition = place([{0}, set(range(1, 16))], outstanding, window=2, partitions=16)
        assert partition is not None
        outstanding[partition] += 1
    assert outstanding == {0: 2, 1: 1, 2: 1}


def test_without_workers_a_few_chunks_wait_for_one() -> None:
    assert place([], {}, window=2, partitions=4) == 0
    assert place([], {0: 1, 1: 1}, window=2, partitions=4) is None
    assert place([frozenset()], {0: 1, 1: 1}, window=2, partitions=4) is None
