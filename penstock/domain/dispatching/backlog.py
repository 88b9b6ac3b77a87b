"""The work that waits for workers, and how many of them it takes to do it soon: what scales the fleet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

DRAIN_SECONDS = 60.0  # in which the desired workers do all that waits
CHUNK_SECONDS = 1.0  # of one worker for a chunk, before any is measured


class Load(NamedTuple):
    """Chunks that are not done, and the seconds of a worker that each takes."""

    chunks: int
    chunk_seconds: float


class Backlog(NamedTuple):
    """`seconds` are those of one worker."""

    chunks: int
    seconds: float

    @property
    def desired_workers(self) -> int:
        """Never more than chunks, each of which one worker takes."""
        return min(self.chunks, -int(-self.seconds // DRAIN_SECONDS))


def backlog(loads: Iterable[Load]) -> Backlog:
    all_loads = list(loads)
    return Backlog(sum(each.chunks for each in all_loads), sum(each.chunks * each.chunk_seconds for each in all_loads))
