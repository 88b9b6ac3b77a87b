"""How fast a request's chunks get done of late: what its end is foretold from."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

RECENT_CHUNKS = 32  # more than are worked on at once, since those may be done at the same moment
PAUSE_US = 60_000_000  # without a single chunk done, so that whoever does them was away


def with_chunk(recent: tuple[int, ...], at_us: int) -> tuple[int, ...]:
    """The times of the latest chunks in their order, which are the same in whatever order they are added."""
    return tuple(sorted((*recent, at_us))[-RECENT_CHUNKS:])


def chunk_us(times: Sequence[int]) -> int | None:
    """Microseconds from one of `times` to the next, on the average; pauses tell nothing, unless there is nothing else.

    None of less than two times.
    """
    gaps = [later - earlier for earlier, later in pairwise(times)]
    working = [gap for gap in gaps if gap < PAUSE_US] or gaps
    return sum(working) // len(working) if working else None
