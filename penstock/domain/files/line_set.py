"""Sets of line numbers, stored as runs: the rejects of a large file are many, but often lie together."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

Runs = tuple[int, ...]  # the first line of a run, then the line after its last one, and so on


class LineSet:
    """An immutable set of lines, in 16 bytes per run."""

    def __init__(self, *runs: Sequence[int]) -> None:
        self._edges = array("Q", _joined(runs))

    def __contains__(self, line: int) -> bool:
        return bisect_right(self._edges, line) % 2 == 1

    def __len__(self) -> int:
        return sum(end - start for start, end in zip(self._edges[::2], self._edges[1::2], strict=True))


def runs_of(lines: Iterable[int]) -> Runs:
    """The runs of `lines`, in any order and with any repetition."""
    ordered = sorted(set(lines))
    if not ordered:
        return ()
    edges = (edge for before, line in pairwise(ordered) if line != before + 1 for edge in (before + 1, line))
    return (ordered[0], *edges, ordered[-1] + 1)


def _joined(runs: Iterable[Sequence[int]]) -> Iterator[int]:
    """The runs of the union, in order."""
    start = end = 0
    for first, after in sorted(pair for each in runs for pair in zip(each[::2], each[1::2], strict=True)):
        if first > end:
            if end:
                yield from (start, end)
            start = first
        end = max(end, after)
    if end:
        yield from (start, end)
