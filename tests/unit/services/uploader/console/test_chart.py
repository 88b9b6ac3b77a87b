"""The chart of a request's rate."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.requests.throughput import Rate
from services.uploader.console.chart import HEIGHT, WIDTH, rates_chart


@given(st.lists(st.integers(0, 10**9), min_size=3, max_size=100))
def test_every_point_is_in_the_box(rates: list[int]) -> None:
    chart = rates_chart([Rate(at, rate) for at, rate in enumerate(rates)])
    assert chart is not None
    points = [tuple(map(float, point.split(","))) for point in chart.points.split()]
    assert len(points) == len(rates)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert chart.peak == max(*rates, 1)


def test_two_rates_are_no_line() -> None:
    assert rates_chart([Rate(1, 5), Rate(2, 6)]) is None
