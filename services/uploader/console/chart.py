"""Charts that are drawn on the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from penstock.domain.requests.throughput import Rate

WIDTH, HEIGHT = 320, 64


class Chart(NamedTuple):
    """`points` is a polyline in a box of `WIDTH` by `HEIGHT`."""

    points: str
    peak: int


def rates_chart(rates: Sequence[Rate]) -> Chart | None:
    """None for too few rates to see a line."""
    if len(rates) < 3:
        return None
    peak = max(rate.rows_per_second for rate in rates) or 1
    step = WIDTH / (len(rates) - 1)
    heights = (HEIGHT - 2 - (HEIGHT - 4) * rate.rows_per_second / peak for rate in rates)
    return Chart(" ".join(f"{at * step:.1f},{height:.1f}" for at, height in enumerate(heights)), peak)
