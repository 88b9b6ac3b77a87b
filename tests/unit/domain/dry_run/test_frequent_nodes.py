"""The most frequent value of an identifier is counted in bounded memory."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.dry_run import frequent_nodes
from penstock.domain.dry_run.frequent_nodes import FrequentNode, FrequentNodes


def node(number: int) -> bytes:
    return number.to_bytes(16)


def test_a_value_in_many_rows_is_found_and_ordinary_ones_are_not() -> None:
    unique = FrequentNodes()
    for chunk in range(20):
        unique.add([node(chunk * 1_000 + number) for number in range(1_000)])
    assert unique.suspicious() is None
    repeated = FrequentNodes()
    for chunk in range(20):
        repeated.add([node(0)] * 50 + [None] * 50 + [node(chunk * 1_000 + number) for number in range(1, 901)])
    found = repeated.suspicious()
    assert found is not None
    assert found.total == 20_000
    assert 1_000 - 20_000 // frequent_nodes.MAX_COUNTED <= found.rows <= 1_000


def test_few_rows_are_not_suspicious() -> None:
    few = FrequentNodes()
    few.add([node(1)] * 4 + [node(2)])
    assert few.suspicious() is None
    few.add([node(1)])
    assert few.suspicious() == FrequentNode(5, 6)


@given(st.lists(st.lists(st.integers(0, 12), max_size=30), max_size=12))
def test_a_count_is_never_too_high_and_too_low_by_at_most_its_bound(chunks: list[list[int]]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(frequent_nodes, "MAX_COUNTED", 4)
        patched.setattr(frequent_nodes, "is_suspicious", lambda *_: True)
        counted = FrequentNodes()
        for chunk in chunks:
            counted.add([node(number) for number in chunk])
        found = counted.suspicious()
    numbers = [number for chunk in chunks for number in chunk]
    most = max(Counter(numbers).values(), default=0)
    assert found is not None
    assert most - len(numbers) / 5 <= found.rows <= most
