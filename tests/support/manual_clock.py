"""A clock that a test sets."""

from __future__ import annotations

from penstock.ports.clock import Clock


class ManualClock(Clock):
    """Stands still until it is moved; sleeping moves it."""

    def __init__(self, at_us: int = 1_700_000_000_000_000) -> None:
        self.at_us = at_us
        self._slept = 0.0

    def now_us(self) -> int:
        return self.at_us

    def monotonic(self) -> float:
        return self._slept

    def sleep(self, seconds: float) -> None:
        self._slept += seconds
        self.at_us += int(seconds * 1_000_000)
