"""Ctrl-C while a process starts, before its signal handlers are installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ending_when_interrupted() -> Iterator[None]:
    """Let a service that is interrupted during its start end normally."""
    try:
        yield
    except (KeyboardInterrupt, SystemError) as error:
        if not is_interrupt(error):
            raise


def is_interrupt(error: BaseException) -> bool:
    """A KeyboardInterrupt; C code of a driver raises it as the cause of a `SystemError`."""
    return isinstance(error, KeyboardInterrupt) or (
        isinstance(error, SystemError) and isinstance(error.__cause__, KeyboardInterrupt)
    )
