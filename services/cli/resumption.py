"""Idempotency keys of unfinished uploads over HTTP, so that the same command continues with its request.

Each is in a file of the user's state folder. The file's name is a hash of the command, its content a random key.
Standard input has no such key, because it is not known whether the same bytes come again.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

KEY_BYTES = 16
FORGET_AFTER_SECONDS = 30 * 86_400  # an upload that was never continued


def state_folder() -> Path:
    """The user's folder for state (XDG base directories)."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "penstock" / "uploads"


def command_hash(file: Path, arguments: bytes) -> str:
    """Equal for the same unchanged file and the same arguments."""
    status = file.stat()
    version = [str(file.resolve()), status.st_size, status.st_mtime_ns, status.st_ino]
    return hashlib.sha256(json.dumps(version).encode() + arguments).hexdigest()


class Resumption:
    """The idempotency key of one command, kept in `folder` until `forget`. Raises `OSError` if that is impossible."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _forget_old(folder)
        kept = self._kept()
        self.kept = kept is not None  # by an earlier run of the same command, which did not finish
        self.key = kept or self._new()

    def forget(self) -> None:
        """The same command again is a new upload."""
        self._path.unlink(missing_ok=True)

    def _kept(self) -> str | None:
        with suppress(FileNotFoundError):
            return self._path.read_text(encoding="ascii") or None
        return None

    def _new(self) -> str:
        key = secrets.token_hex(KEY_BYTES)
        written = self._path.with_suffix(f".{key}")
        with open(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(key)
        written.replace(self._path)
        return key


def _forget_old(folder: Path) -> None:
    before = time.time() - FORGET_AFTER_SECONDS
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < before:
                path.unlink()
