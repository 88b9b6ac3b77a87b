"""Processes that outlive the command that started them, found again by a record of their id and their start time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

POLL_SECONDS = 0.05
STOP_SECONDS = 20.0  # then it is killed


@dataclass(frozen=True)
class Process:
    """`started`, the start time, distinguishes two processes that had the same id one after the other."""

    pid: int
    started: str
    lent: bool  # stops when no process uses it

    @classmethod
    def load(cls, file: Path) -> Process | None:
        try:
            return cls(**json.loads(file.read_text("utf-8")))
        except FileNotFoundError:
            return None

    def save(self, file: Path) -> None:
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self)), "utf-8")
        partial.replace(file)

    def is_running(self) -> bool:
        return _started(self.pid) == self.started

    def send(self, number: signal.Signals) -> None:
        if self.is_running():
            os.kill(self.pid, number)

    def stop(self) -> None:
        """Ask the process to end, wait, and kill it if it does not end."""
        self.send(signal.SIGTERM)
        self.send(signal.SIGCONT)  # a paused process would not get the signal
        deadline = time.monotonic() + STOP_SECONDS
        while self.is_running():
            if time.monotonic() > deadline:
                self.send(signal.SIGKILL)
            time.sleep(POLL_SECONDS)


def spawn(command: list[str], environment: Mapping[str, str], log: Path, *, lent: bool) -> Process:
    """Start `command` in a session of its own, so that Ctrl-C does not reach it; its output is appended to `log`."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    child.returncode = 0  # this object does not await it; its record tells whether it runs
    return Process(child.pid, _started(child.pid) or "", lent)


def _started(pid: int) -> str | None:
    """When the process with this id started, in the form that this system uses; None when there is none."""
    if Path("/proc/self/stat").exists():
        return _started_linux(Path(f"/proc/{pid}/stat"))
    ask = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    result = subprocess.run(ask, capture_output=True, text=True, check=False)
    state, _, started = result.stdout.strip().partition(" ")
    return started.strip() if state and not state.startswith("Z") else None


def _started_linux(stat: Path) -> str | None:
    """Field 22 of proc(5)'s stat, in ticks since boot: unlike ps's, it never moves with the clock."""
    try:
        state, *others = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return others[18] if state != "Z" else None
