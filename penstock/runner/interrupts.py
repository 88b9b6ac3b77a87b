"""Ctrl-C while a process starts, before it hears signals in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ending_when_interrupted() -> Iterator[None]:
    """A service that is interrupted while it waits for its servers stops like any other."""
    try:
        yield
    except (KeyboardInterrupt, SystemError) as error:
        if not is_interrupt(error):
            raise


def is_interrupt(error: BaseException) -> bool:
    """Out of a driver's C code it comes as the cause of a `SystemError`."""
    return isinstance(error, KeyboardInterrupt) or (
        isinstance(error, SystemError) and isinstance(error.__cause__, KeyboardInterrupt)
    )
