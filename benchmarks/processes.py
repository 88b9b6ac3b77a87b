"""Measures a command and every process that it starts: wall seconds, and each one's CPU and peak memory (Linux)."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

SAMPLE_SECONDS = 0.02
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Measured:
    """The lists are by process, in the order of their start: the command itself, then its children.

    `cpu_seconds` is exact for all of them together; that of one process lacks the part after its last sample (0.02 s).
    """

    returncode: int
    stdout: str
    stderr: str
    wall_seconds: float
    cpu_seconds: float
    peak_rss_mb: list[float] = field(default_factory=list)
    cpu_seconds_by_process: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class _Seen:
    peak_rss_mb: float
    cpu_seconds: float


NOTHING = _Seen(0.0, 0.0)


def measure(command: list[str], env: dict[str, str] | None = None, cwd: Path | None = None) -> Measured:
    """Run `command` to its end."""
    before = os.times()
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, cwd=cwd)
    seen: dict[int, _Seen] = {}
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, seen, done))
    watcher.start()
    stdout, stderr = process.communicate()
    wall = time.perf_counter() - started
    done.set()
    watcher.join()
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    by_process = [seen[pid] for pid in sorted(seen)]
    return Measured(
        process.returncode,
        stdout,
        stderr,
        wall,
        cpu,
        peak_rss_mb=[round(each.peak_rss_mb, 1) for each in by_process],
        cpu_seconds_by_process=[each.cpu_seconds for each in by_process],
    )


def _watch(root: int, seen: dict[int, _Seen], done: threading.Event) -> None:
    while not done.wait(SAMPLE_SECONDS):
        for pid in _tree(root):
            peak = peak_rss_mb(pid)
            if peak:
                with suppress(OSError):  # it ended meanwhile
                    seen[pid] = _Seen(max(peak, seen.get(pid, NOTHING).peak_rss_mb), cpu_seconds(pid))


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


def peak_rss_mb(pid: int) -> float:
    """0 for a process that is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    peaks = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peaks[0].split()[1]) / 1024 if peaks else 0.0


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads, children not counted. Raises `OSError` for a process that is gone."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system = fields[11:13]
    return (int(user) + int(system)) / TICKS
