"""Measures a command and every process that it starts: wall and CPU seconds, and each process's peak memory (Linux)."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

SAMPLE_SECONDS = 0.02


@dataclass
class Measured:
    """`peak_rss_mb` is by process, in the order of their start: the command itself, then its children."""

    returncode: int
    stdout: str
    stderr: str
    wall_seconds: float
    cpu_seconds: float
    peak_rss_mb: list[float] = field(default_factory=list)


def measure(command: list[str], env: dict[str, str] | None = None) -> Measured:
    """Run `command` to its end."""
    before = os.times()
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    peaks: dict[int, float] = {}
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, peaks, done))
    watcher.start()
    stdout, stderr = process.communicate()
    wall = time.perf_counter() - started
    done.set()
    watcher.join()
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    rss = [round(peaks[pid], 1) for pid in sorted(peaks)]
    return Measured(process.returncode, stdout, stderr, wall, cpu, rss)


def _watch(root: int, peaks: dict[int, float], done: threading.Event) -> None:
    while not done.wait(SAMPLE_SECONDS):
        for pid in _tree(root):
            peak = _peak_rss_mb(pid)
            if peak:
                peaks[pid] = max(peak, peaks.get(pid, 0.0))


def _tree(root: int) -> list[int]:
    """`root` and all of its descendants."""
    found = [root]
    for pid in found:
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                continue  # it ended meanwhile
    return found


def _peak_rss_mb(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    peaks = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peaks[0].split()[1]) / 1024 if peaks else 0.0
