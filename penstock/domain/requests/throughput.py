"""How many rows a request was processed at a second, over its run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from penstock.domain.requests.request import Request

MAX_POINTS = 100
_CHUNKS_PER_POINT = 2  # at least: between two chunks that end together there is nothing


class Rate(NamedTuple):
    """The rows a second until `at_us`, since the rate before."""

    at_us: int
    rows_per_second: int


def throughput(chunks: Iterable[tuple[int, int]], began_us: int) -> list[Rate]:
    """Up to `MAX_POINTS` rates; `chunks` are when each was done and how many rows it had, in any order."""
    done = sorted(chunks)
    if not done:
        return []
    points = max(1, min(MAX_POINTS, len(done) // _CHUNKS_PER_POINT))
    length_us = max(1, done[-1][0] - began_us)
    rows = [0] * points
    for at_us, count in done:
        rows[min(points - 1, max(0, (at_us - began_us) * points // length_us))] += count
    return [
        Rate(began_us + length_us * (at + 1) // points, count * points * 1_000_000 // length_us)
        for at, count in enumerate(rows)
    ]


def average_rate(request: Request) -> int | None:
    """The rows a second from the start to the latest finished chunk; None before that."""
    if request.started_at is None or request.last_step_at <= request.started_at:
        return None
    return request.rows_read * 1_000_000 // (request.last_step_at - request.started_at) or None
