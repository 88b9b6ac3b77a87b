"""File system functions of the embedded adapters: private folders, durable names, mapped errors."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from penstock.application.health.workload import DiskSpace
from penstock.domain.errors import Unavailable

DISK = "disk"  # the dependency's name in metrics and logs
PROBE_BYTES = 64 * 1024
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


@contextmanager
def errors(path: Path) -> Iterator[None]:
    """Raise the system's errors about `path` as `Unavailable`, with a hint."""
    try:
        yield
    except OSError as error:
        raise Unavailable(describe(error, path), dependency=DISK) from error


def disk_space(folder: Path) -> DiskSpace:
    """Raises `Unavailable`."""
    with errors(folder):
        usage = shutil.disk_usage(folder)
        return DiskSpace(usage.free, usage.total)


def probe_disk(folder: Path) -> None:
    """Check that `folder` can be written. Raises `Unavailable`."""
    with errors(folder / "probe"), TemporaryFile(dir=folder) as file:
        file.write(bytes(PROBE_BYTES))


def describe(error: OSError, path: Path) -> str:
    """What is wrong with `path`, and how to fix it."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"the disk is full: free space under {path.parent}"
        case errno.EFBIG:
            return f"{path.name} has the maximum file size: raise the limit on file sizes (ulimit -f), or free space"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"{path} cannot be used: check the owner and mode of it and of its folder"
        case errno.EMFILE | errno.ENFILE:
            return f"{path.name} cannot be opened: raise the limit on open files (ulimit -n)"
        case _:
            return f"using {path} failed ({os.strerror(error.errno or errno.EIO)}): check the disk and the path"


def make_private_folder(folder: Path) -> None:
    """Create `folder` and its missing parents durably, with mode 0700; existing folders stay unchanged."""
    if folder.is_dir():
        return
    make_private_folder(folder.parent)
    try:
        folder.mkdir(mode=PRIVATE_FOLDER)
    except FileExistsError:
        return
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the current names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
