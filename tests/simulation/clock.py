"""A clock that only moves when it is told to, and whose wall time may jump."""

from __future__ import annotations

START_US = 1_800_000_000_000_000  # some day in 2027


class SimulatedClock:
    def __init__(self) -> None:
        self._monotonic = 1_000.0
        self._offset_us = START_US

    def now_us(self) -> int:
        return self._offset_us + int(self._monotonic * 1_000_000)

    def monotonic(self) -> float:
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self._monotonic += seconds

    def jump(self, seconds: float) -> None:
        """Move the wall time alone, in either direction."""
        self._offset_us += int(seconds * 1_000_000)
