"""How fast a request's latest chunks were done: the basis of its estimated end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

RECENT_CHUNKS = 32  # more than are processed at once, since these may be done at the same moment
PAUSE_US = 60_000_000  # a longer gap without a completed chunk means that no worker ran


def with_chunk(recent: tuple[int, ...], at_us: int) -> tuple[int, ...]:
    """The sorted times of the latest chunks; independent of the order in which they are added."""
    return tuple(sorted((*recent, at_us))[-RECENT_CHUNKS:])


def chunk_us(times: Sequence[int]) -> int | None:
    """The average microseconds from one of `times` to the next, without pauses if possible; None for fewer than two."""
    gaps = [later - earlier for earlier, later in pairwise(times)]
    working = [gap for gap in gaps if gap < PAUSE_US] or gaps
    return sum(working) // len(working) if working else None
