"""24 seeded lives of the whole embedded system; `make simulate SEEDS=n` runs more."""

from __future__ import annotations

import pytest

from tests.simulation.life import live

SEEDS = 24
A_TEST = 4  # seeds, so that processes share them


@pytest.mark.parametrize("first", range(0, SEEDS, A_TEST))
def test_lives(first: int) -> None:
    for seed in range(first, first + A_TEST):
        try:
            live(seed)
        except Exception as error:
            raise AssertionError(f"a life fails: python -m tests.simulation --seed {seed} replays it") from error
