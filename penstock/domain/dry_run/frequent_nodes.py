"""The most frequent value of an identifier, in bounded memory, however many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from penstock.domain.profiles.identity import Node

MAX_COUNTED = 1_024  # values: each count is too low by at most one row in so many
MANY_ROWS = 0.02  # share of rows with one value of an identifier
MIN_ROWS_OF_ONE_VALUE = 5


class FrequentNode(NamedTuple):
    """At least `rows` of `total` rows have one value."""

    rows: int
    total: int


class FrequentNodes:
    """Counts the values of one identifier, as Misra and Gries do: the rarest make room for others."""

    def __init__(self) -> None:
        self._counts: Counter[Node] = Counter()
        self._total = 0

    def add(self, nodes: Sequence[Node | None]) -> None:
        self._counts.update(node for node in nodes if node is not None)
        self._total += len(nodes)
        if len(self._counts) > MAX_COUNTED:
            least = sorted(self._counts.values(), reverse=True)[MAX_COUNTED]
            self._counts = Counter({node: count - least for node, count in self._counts.items() if count > least})

    def suspicious(self) -> FrequentNode | None:
        """The most frequent value, if it is in so many rows that it hardly names one person."""
        rows = max(self._counts.values(), default=0)
        return FrequentNode(rows, self._total) if is_suspicious(rows, self._total) else None


def is_suspicious(rows: int, total: int) -> bool:
    return rows >= max(MIN_ROWS_OF_ONE_VALUE, total * MANY_ROWS)
