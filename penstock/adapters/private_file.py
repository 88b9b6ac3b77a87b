"""Files that only their owner may read: the keys of an installation.

A file may be a mounted Kubernetes secret: a link to a file of root that the pod's fsGroup may read, and that is
replaced as a whole when the secret changes.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from penstock.adapters.embedded import disk
from penstock.domain.errors import refusal

ROOT = 0


def create_private(path: Path, content: bytes) -> bool:
    """Create a file, atomically; returns False, and changes nothing, when it exists. Raises `Unavailable`."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with disk.errors(path):
        disk.make_private_folder(path.parent)
        try:
            descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, disk.PRIVATE_FILE)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            try:
                os.link(draft, path)
            except FileExistsError:
                return False  # another process created it first
            disk.sync_folder(path.parent)
            return True
        finally:
            draft.unlink(missing_ok=True)


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
