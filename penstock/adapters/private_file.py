"""Files that only their owner may read: the keys of an installation.

A file may be a mounted Kubernetes secret: a link to a file of root that the pod's fsGroup may read, and that is
replaced as a whole when the secret changes.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from penstock.adapters.embedded import disk
from penstock.domain.errors import refusal

ROOT = 0


def create_private(path: Path, content: bytes) -> bool:
    """Create a file, atomically; returns False, and changes nothing, when it exists. Raises `Unavailable`."""
    draft = _draft_of(path)
    with disk.errors(path):
        disk.make_private_folder(path.parent)
        try:
            _write(draft, content)
            try:
                os.link(draft, path)
            except FileExistsError:
                return False  # another process created it first
            disk.sync_folder(path.parent)
            return True
        finally:
            draft.unlink(missing_ok=True)


def change_private(path: Path, change: Callable[[], bytes | None]) -> None:
    """Replace a file by the bytes that `change` returns, atomically; None leaves it as it is.

    While `change` runs, no other process that calls this changes a file in the same folder. Raises `Unavailable`.
    """
    draft = _draft_of(path)
    with disk.errors(path):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            content = change()
            if content is not None:
                _write(draft, content)
                draft.replace(path)
                os.fsync(folder)
        finally:
            os.close(folder)
            draft.unlink(missing_ok=True)


def is_read_only(path: Path) -> bool:
    """Whether this process cannot replace the file, or must not: what a link names is replaced by others."""
    return path.is_symlink() or not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))


def _draft_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.{secrets.token_hex(8)}")


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, disk.PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def read_private(path: Path, when_missing: str) -> bytes:
    """Raises `Refused`: `key_file_missing` (with `when_missing` as hint), `key_file_permissions`; and `Unavailable`."""
    with disk.errors(path):
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            message = f"the key file {path} is missing, and stored data cannot be opened without it"
            raise refusal("key_file_missing", message, when_missing) from None
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if status.st_mode & forbidden_mode(status.st_uid, os.geteuid()):
                raise refusal(
                    "key_file_permissions",
                    f"users other than its owner can access the key file {path}",
                    f"chmod 600 {path}; for a mounted secret, use defaultMode 0400",
                )
            return file.read()


def forbidden_mode(owner: int, user: int) -> int:
    """The mode bits that a key file must not have, for a process of `user`.

    A mounted file of root can be read by an ordinary user only through its group, which is that user's own.
    """
    return 0o037 if owner == ROOT != user else 0o077
