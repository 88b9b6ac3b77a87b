"""Measures running processes: CPU seconds and peak memory of each (Linux)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from benchmarks.processes import cpu_seconds, peak_rss_mb

RESET_PEAK = "5"  # to clear_refs, see proc(5): the peak is the current size again


class Taken(NamedTuple):
    cpu_seconds: float
    peak_rss_mb: float


class Meter:
    """Measures `processes`, by name, from now on; their children are not counted."""

    def __init__(self, processes: Mapping[str, int]) -> None:
        self._processes = dict(processes)
        for pid in self._processes.values():
            with suppress(OSError):
                Path(f"/proc/{pid}/clear_refs").write_text(RESET_PEAK)
        self._before = {name: cpu_seconds(pid) for name, pid in self._processes.items()}

    def read(self) -> dict[str, Taken]:
        return {
            name: Taken(cpu_seconds(pid) - self._before[name], peak_rss_mb(pid))
            for name, pid in self._processes.items()
        }
