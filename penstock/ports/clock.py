"""The clock: the only source of time, so that a simulation can control it."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    def now_us(self) -> int:
        """Wall-clock time in microseconds since the epoch; may jump, in both directions."""
        ...

    def monotonic(self) -> float:
        """Seconds that never decrease; only differences within one process have a meaning."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...
