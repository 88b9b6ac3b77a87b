"""A deadline that can be set and lifted again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Timer:
    """Calls `act` once it has run for `seconds`, unless it is cancelled before. For the event loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, act: Callable[[], None]) -> None:
        self._loop, self._seconds, self._act = loop, seconds, act
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Nothing changes when it runs already."""
        if self._handle is None:
            self._handle = self._loop.call_later(self._seconds, self._run_out)

    def cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _run_out(self) -> None:
        self._handle = None
        self._act()
