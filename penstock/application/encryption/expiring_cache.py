"""A cache whose entries leave the memory when their time is over, also when nobody asks for them."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

from penstock.ports.clock import Clock

K = TypeVar("K")
V = TypeVar("V")


class ExpiringCache(Generic[K, V]):
    """Keeps each value for `seconds`, and of more than `most` those used last. May be used from any thread."""

    def __init__(self, clock: Clock, *, seconds: float, most: int) -> None:
        self._clock, self._seconds, self._most = clock, seconds, most
        self._lock = threading.Lock()
        self._entries: dict[K, tuple[float, V]] = {}  # with the end of each; used last, last
        self._timer: threading.Timer | None = None  # runs while there are entries

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        with self._lock:
            found = self._entries.pop(key, None)
            if found is None or found[0] <= self._clock.monotonic():
                return None
            self._entries[key] = found
            return found[1]

    def put(self, key: K, value: V) -> None:
        with self._lock:
            self._entries.pop(key, None)
            self._entries[key] = (self._clock.monotonic() + self._seconds, value)
            if len(self._entries) > self._most:
                del self._entries[next(iter(self._entries))]
            if self._timer is None:
                self._purge_in(self._seconds)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _purge_in(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._purge)
        self._timer.daemon = True
        self._timer.start()

    def _purge(self) -> None:
        with self._lock:
            self._timer = None
            now = self._clock.monotonic()
            for key in [key for key, (end, _) in self._entries.items() if end <= now]:
                del self._entries[key]
            if self._entries:
                self._purge_in(min(end for end, _ in self._entries.values()) - now)
