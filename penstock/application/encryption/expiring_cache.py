"""A cache that removes expired entries from memory even if nobody reads them."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

from penstock.ports.clock import Clock

K = TypeVar("K")
V = TypeVar("V")


class ExpiringCache(Generic[K, V]):
    """Keeps a value for `seconds`, and at most the `max_entries` most recently used. Thread-safe."""

    def __init__(self, clock: Clock, *, seconds: float, max_entries: int) -> None:
        self._clock, self._seconds, self._max_entries = clock, seconds, max_entries
        self._lock = threading.Lock()
        self._entries: dict[K, tuple[float, V]] = {}  # with their expiry; most recently used last
        self._timer: threading.Timer | None = None  # runs while there are entries

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        with self._lock:
            entry = self._entries.pop(key, None)
            if entry is None or entry[0] <= self._clock.monotonic():
                return None
            self._entries[key] = entry
            return entry[1]

    def put(self, key: K, value: V) -> None:
        with self._lock:
            self._entries.pop(key, None)
            self._entries[key] = (self._clock.monotonic() + self._seconds, value)
            if len(self._entries) > self._max_entries:
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
