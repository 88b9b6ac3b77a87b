"""Holds this process's own services at a failpoint, so that a test need not be faster than they are."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from penstock.failpoints import installed


@contextmanager
def held_at(place: str, *, passes: int = 0) -> Iterator[Callable[[], None]]:
    """A thread that reaches the failpoint `place`, after so many have passed it, waits for a call of the yielded
    function, or the end of the block."""
    released, passed = threading.Event(), itertools.count(1)

    def hold(name: str) -> None:
        if name == place and next(passed) > passes:
            released.wait()

    with installed(hold):
        try:
            yield released.set
        finally:
            released.set()
