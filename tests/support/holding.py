"""Holds this process's own services at a failpoint, so that a test need not be faster than they are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from penstock.failpoints import installed


@contextmanager
def held_at(place: str) -> Iterator[Callable[[], None]]:
    """Whoever comes to the failpoint `place` waits there for a call of what is yielded, or for the end of the block."""
    released = threading.Event()

    def hold(name: str) -> None:
        if name == place:
            released.wait()

    with installed(hold):
        try:
            yield released.set
        finally:
            released.set()
