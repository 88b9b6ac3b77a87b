"""Which processes on this machine are alive: each locks its own file, and the kernel unlocks it when it dies."""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path

from penstock.adapters.embedded import disk

NAME_BYTES = 8


class LivingProcess:
    """Marks this process as alive in `folder` until `close`. Raises `Unavailable`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name = secrets.token_hex(NAME_BYTES)
        with disk.errors(folder):
            disk.make_private_folder(folder)
            file = os.open(folder / self.name, os.O_CREAT | os.O_EXCL | os.O_RDWR, disk.PRIVATE_FILE)
            self._file = os.fdopen(file, "w")
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def has_died(self, name: str) -> bool:
        """Whether the process with this name has died; a suspended one has not."""
        path = self._folder / name
        with disk.errors(self._folder):
            try:
                file = os.open(path, os.O_RDWR)
            except FileNotFoundError:
                return True
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            finally:
                os.close(file)
            path.unlink(missing_ok=True)
        return True

    def close(self) -> None:
        with suppress(OSError):  # a file without a lock counts as a dead process
            (self._folder / self.name).unlink(missing_ok=True)
        self._file.close()
