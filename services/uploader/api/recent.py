"""Values that are costly to compute and soon wanted again, such as the review of a file whose page is being edited."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

from penstock.ports.clock import Clock

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """Keeps up to `count` values in memory, each for `seconds` after it was computed."""

    def __init__(self, clock: Clock, *, count: int, seconds: float) -> None:
        self._clock, self._count, self._seconds = clock, count, seconds
        self._lock = Lock()
        self._kept: dict[Hashable, tuple[float, Value]] = {}  # the oldest first

    def get(self, key: Hashable, compute: Callable[[], Value]) -> Value:
        with self._lock:
            self._drop(lambda: self._oldest() + self._seconds <= self._clock.monotonic())
            if key in self._kept:
                return self._kept[key][1]
        value = compute()
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = self._clock.monotonic(), value
            self._drop(lambda: len(self._kept) > self._count)
        return value

    def _oldest(self) -> float:
        return next(iter(self._kept.values()))[0]

    def _drop(self, due: Callable[[], bool]) -> None:
        while self._kept and due():
            del self._kept[next(iter(self._kept))]
