"""Holds this process's own services at a failpoint, so that a test need not be faster than they are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from penstock.failpoints import installed


@contextmanager
def held_at(place: str) -> Iterator[Callable[[], None]]:
    """A thread that reaches the failpoint `place` waits for a call of the yielded function, or the end of the block."""
    released = threading.Event()

    def hold(name: str) -> None:
        if name == place:
            released.wait()

    with installed(hold):
        try:
            yield released.set
        finally:
            released.set()
