"""The clock: the only source of time, so that a simulation can own it."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    def now_us(self) -> int:
        """Wall-clock time in microseconds since the epoch; may jump, in both directions."""
        ...

    def monotonic(self) -> float:
        """Seconds that only ever grow; meaningful as differences within one process."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...
