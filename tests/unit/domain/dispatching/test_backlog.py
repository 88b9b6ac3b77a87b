"""How many workers a backlog needs."""

from __future__ import annotations

import pytest

from penstock.domain.dispatching.backlog import DRAIN_SECONDS, Load, backlog


@pytest.mark.parametrize(
    ("loads", "chunks", "seconds", "workers"),
    [
        ([], 0, 0, 0),
        ([Load(1, 0.001)], 1, 0.001, 1),
        ([Load(2, DRAIN_SECONDS)], 2, 2 * DRAIN_SECONDS, 2),
        ([Load(2, DRAIN_SECONDS + 1)], 2, 2 * DRAIN_SECONDS + 2, 2),
        ([Load(200, 1.0), Load(1_000, 0.05)], 1_200, 250, 5),
    ],
)
def test_the_workers_do_all_in_time_and_none_is_idle(
    loads: list[Load], chunks: int, seconds: float, workers: int
) -> None:
    found = backlog(loads)
    assert found == (chunks, pytest.approx(seconds))
    assert found.desired_workers == workers
