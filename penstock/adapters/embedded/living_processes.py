"""Which processes of this machine are alive: each holds a lock on a file of its own, which the kernel drops with it."""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path

from penstock.adapters.embedded import disk

NAME_BYTES = 8


class LivingProcess:
    """This process's sign of life in `folder`, from construction to `close`. Raises `Unavailable`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name = secrets.token_hex(NAME_BYTES)
        with disk.errors(folder):
            disk.make_private_folder(folder)
            file = os.open(folder / self.name, os.O_CREAT | os.O_EXCL | os.O_RDWR, disk.PRIVATE_FILE)
            self._file = os.fdopen(file, "w")
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def has_died(self, name: str) -> bool:
        """Whether the process that showed itself as `name` is gone; one that is stopped is not."""
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
        with suppress(OSError):  # a file that stays without its lock is a dead process's
            (self._folder / self.name).unlink(missing_ok=True)
        self._file.close()
