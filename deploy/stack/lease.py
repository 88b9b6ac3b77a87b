"""Leases of servers: a server ends with the last process that uses it, however that process ends."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import IO

from deploy.stack.stack import Stack


class Lease:
    """This process's use of a stack; several processes may use one folder's at the same time.

    Each holds a shared lock, which the system releases when the process dies. A guard, a process of its own,
    waits for the exclusive lock and then stops the servers that were started for them, but not those that ran before.
    """

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def __enter__(self) -> Lease:
        self.stack.folder.mkdir(parents=True, exist_ok=True)
        self._using = users_lock(self.stack.folder).open("w")
        fcntl.flock(self._using, fcntl.LOCK_SH)
        command = [sys.executable, "-m", "deploy.stack", "guard", "--folder", str(self.stack.folder)]
        # Its output goes to a file: an open pipe would block the reader of this process's output.
        with (self.stack.folder / "guard.log").open("ab") as log:
            self._guard = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._started = False
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._using.close()
        if self._started and not self._is_used_by_others():
            self._guard.wait()
        self._guard.returncode = self._guard.poll() or 0  # otherwise it would wait for other processes

    def _is_used_by_others(self) -> bool:
        """Whether others hold the shared lock; the guard holds the exclusive one while it stops the servers."""
        with users_lock(self.stack.folder).open("w") as lock:
            if _locked(lock, fcntl.LOCK_EX):
                return False
            return _locked(lock, fcntl.LOCK_SH)

    def use(self, *names: str) -> Stack:
        """The stack, with these servers running. Raises as `Stack.up` does."""
        self._started |= bool(self.stack.up(*names, lent=True))
        return self.stack


def _locked(lock: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def guard(stack: Stack) -> None:
    """Stop the leased servers as soon as no process uses them."""
    with users_lock(stack.folder).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stack.down(lent_only=True)


def users_lock(folder: Path) -> Path:
    return folder / "users.lock"
