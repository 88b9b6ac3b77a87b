"""Values that people share are counted in bounded memory, and never too many."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.dry_run import shared_values
from penstock.domain.dry_run.shared_values import SharedValues


def node(number: int) -> bytes:
    return number.to_bytes(16)


def test_an_address_on_rows_of_different_people_is_shared() -> None:
    counted = SharedValues()
    counted.add(
        [node(1), node(1), node(2), node(2), None, node(3)], [node(7), node(8), node(9), node(9), node(7), None]
    )
    assert (counted.count, counted.complete) == (1, True)
    counted.add([node(2), node(3)], [node(7), node(7)])
    assert counted.count == 2


ROWS = st.tuples(st.none() | st.integers(0, 30), st.none() | st.integers(0, 3))


@given(st.lists(st.lists(ROWS, max_size=30), max_size=8))
def test_the_count_is_exact_or_of_a_part(chunks: list[list[tuple[int | None, int | None]]]) -> None:
    people = defaultdict(set)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(shared_values, "MAX_KEPT", 8)
        counted = SharedValues()
        for chunk in chunks:
            counted.add(*([None if each is None else node(each) for each in column] for column in _columns(chunk)))
    for value, person in (row for chunk in chunks for row in chunk):
        if value is not None and person is not None:
            people[value].add(person)
    shared = [value for value, found in people.items() if len(found) > 1]
    if counted.complete:
        assert counted.count == len(shared)
    else:
        assert 0 <= counted.count <= len(shared)
        assert len(counted._first) <= 8


def _columns(chunk: list[tuple[int | None, int | None]]) -> list[tuple[int | None, ...]]:
    return list(zip(*chunk, strict=True)) or [(), ()]
