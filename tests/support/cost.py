"""What work costs a core, so that a test can hold it to a bound beside whatever else the machine does."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

from penstock.domain.errors import PenstockError

MOST_SECONDS = 0.025  # that one call may cost; it is 5 ms at most where nothing else runs
MOST_SECONDS_OF_A_CELL = 0.01
TRIES = 8


def seconds(work: Callable[[], object], most: float = MOST_SECONDS) -> float:
    """Of this thread on a core, the least of several tries; as many are made as are needed for less than `most`."""
    best = float("inf")
    for _ in range(TRIES):
        urlsplit.cache_clear()  # type: ignore[attr-defined]  # else the second try would cost nothing
        start = time.thread_time()
        with suppress(PenstockError):
            work()
        best = min(best, time.thread_time() - start)
        if best < most:
            break
    return best
