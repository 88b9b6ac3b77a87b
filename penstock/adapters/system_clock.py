"""The machine's own clock."""

from __future__ import annotations

import time

from penstock.ports.clock import Clock


class SystemClock(Clock):
    def now_us(self) -> int:
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
