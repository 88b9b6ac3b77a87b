"""A clock that a test moves."""

from __future__ import annotations

import time

from penstock.ports.clock import Clock

START_US = 1_700_000_000_000_000  # 2023-11-14
FUTURE_US = 4_000_000_000_000_000  # 2096: requests are younger than the files of the machine that runs the test


class ManualClock(Clock):
    """Stands still until it is moved; sleeping moves it. A `running` one is the machine's clock, ahead by what it was
    moved, and sleeps in real time."""

    def __init__(self, at_us: int = START_US, *, running: bool = False) -> None:
        self._running = running
        self._start_us = 0 if running else at_us
        self._advanced = 0.0
        self._jumped_us = 0
        self.slept: list[float] = []

    def now_us(self) -> int:
        machine_us = time.time_ns() // 1_000 if self._running else 0
        return self._start_us + machine_us + self._jumped_us + int(self._advanced * 1_000_000)

    def monotonic(self) -> float:
        return self._advanced + (time.monotonic() if self._running else 1_000.0)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self._running:
            time.sleep(seconds)
        else:
            self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move both times on."""
        self._advanced += seconds

    def jump(self, seconds: float) -> None:
        """Move the wall time alone, in either direction."""
        self._jumped_us += int(seconds * 1_000_000)

    @property
    def at_us(self) -> int:
        return self.now_us()

    @at_us.setter
    def at_us(self, at_us: int) -> None:
        """Set the wall time alone."""
        self._jumped_us += at_us - self.now_us()
