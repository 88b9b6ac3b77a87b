"""Unfinished uploads, so that the same command continues with its file and its request.

Each is in a file of the user's state folder. The file's name is a hash of the command. Its content is a random
idempotency key and, if the file is sent in parts, its id on the server. Standard input has no such record, because it
is not known whether the same bytes come again.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from penstock.domain.days import DAY_SECONDS

KEY_BYTES = 16
FORGET_AFTER_SECONDS = 30 * DAY_SECONDS  # an upload that was never continued


def state_folder() -> Path:
    """The user's folder for state (XDG base directories)."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "penstock" / "uploads"


def command_hash(file: Path, arguments: bytes) -> str:
    """Equal for the same unchanged file and the same arguments."""
    status = file.stat()
    version = [str(file.resolve()), status.st_size, status.st_mtime_ns, status.st_ino]
    return hashlib.sha256(json.dumps(version).encode() + arguments).hexdigest()


class _State(msgspec.Struct, frozen=True):
    key: str
    file_id: str | None = None


class Resumption:
    """The state of an unfinished upload, kept in this process only."""

    kept = False  # by an earlier run of the same command, which did not finish

    def __init__(self) -> None:
        self._state = _State(secrets.token_hex(KEY_BYTES))

    @property
    def key(self) -> str:
        return self._state.key

    @property
    def file_id(self) -> str | None:
        """The file on the server that has the parts sent so far."""
        return self._state.file_id

    def remember(self, file_id: str) -> None:
        """Keep the id of the file to which parts are sent."""
        self._state = _State(self.key, file_id)

    def forget(self) -> None:
        """The same command again is a new upload."""


class KeptResumption(Resumption):
    """The state of an unfinished upload, stored in `folder` until `forget`. Raises `OSError` if that is impossible."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__()
        self._path = folder / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _forget_old(folder)
        state = self._read()
        self.kept = state is not None
        if state is None:
            self._write()
        else:
            self._state = state

    def remember(self, file_id: str) -> None:
        super().remember(file_id)
        self._write()

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)

    def _read(self) -> _State | None:
        with suppress(FileNotFoundError, msgspec.DecodeError):
            return msgspec.json.decode(self._path.read_bytes(), type=_State)
        return None

    def _write(self) -> None:
        written = self._path.with_suffix(f".{secrets.token_hex(KEY_BYTES)}")
        with open(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.encode(self._state))
        written.replace(self._path)


def _forget_old(folder: Path) -> None:
    before = time.time() - FORGET_AFTER_SECONDS
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < before:
                path.unlink()
