"""How every embedded adapter opens SQLite, and the one table that maps its errors to Penstock's."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from penstock.domain.errors import Corrupt, Unavailable

BUSY_TIMEOUT_MS = 30_000
CACHE_KIB = 8_192  # per connection

_opening = threading.Lock()


def connect(path: Path, *, durable: bool = True) -> apsw.Connection:
    """A connection to the database at `path`, in WAL mode; files are created with mode 0600, the folder with 0700.

    `durable`: a commit survives a power cut (synchronous=FULL); otherwise only a crash of the process.
    A connection serves one thread at a time. Raises `Unavailable`, `Corrupt`.
    """
    with errors(path):
        # Closing any descriptor of a file drops this process's POSIX locks on it, so nobody may connect meanwhile.
        with _opening:
            _create_private(path)
            connection = apsw.Connection(os.fspath(path))
        try:
            connection.set_busy_timeout(BUSY_TIMEOUT_MS)
            _enter_wal_mode(connection)
            connection.pragma("synchronous", "FULL" if durable else "NORMAL")
            connection.pragma("cache_size", -CACHE_KIB)
            connection.pragma("temp_store", "MEMORY")
            connection.pragma("trusted_schema", False)
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def errors(path: Path) -> Iterator[None]:
    """Raise what befalls the database at `path` as one of Penstock's errors; a wrong statement stays a bug."""
    try:
        yield
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise Corrupt(f"the database {path.name} is damaged: restore {path} from a backup") from error
    except (apsw.Error, OSError) as error:
        mend = _mend(error, path)
        if mend is None:
            raise
        raise Unavailable(mend) from error


@contextmanager
def transaction(connection: apsw.Connection) -> Iterator[None]:
    """A write transaction that holds the write lock from its start; rolled back on any exception."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite rolls back by itself when the disk is full or fails
            connection.execute("ROLLBACK")
        raise


def _mend(error: Exception, path: Path) -> str | None:
    """What is wrong and what to do about it, without SQLite's own text, which may quote a statement."""
    match error:
        case apsw.FullError():
            return f"the disk is full: free space under {path.parent}"
        case apsw.BusyError() | apsw.LockedError():
            return f"the database {path.name} stayed locked for {BUSY_TIMEOUT_MS // 1000} s: see who holds {path} open"
        case apsw.CantOpenError():
            return f"the database cannot be opened: check that {path} and its folder exist and are yours to write"
        case apsw.ReadOnlyError() | apsw.PermissionsError():
            return f"the database cannot be written: check the owner and mode of {path} and its folder"
        case apsw.IOError():
            return f"reading or writing {path} failed: check the disk and its free space under {path.parent}"
        case apsw.NoMemError():
            return f"memory ran out while using the database {path.name}: free memory on this machine"
        case OSError():
            return f"{os.strerror(error.errno or 0)}: check {path} and its folder"
    return None


def _create_private(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return  # SQLite gives -wal and -shm the mode of the database itself


def _enter_wal_mode(connection: apsw.Connection) -> None:
    """The change of mode does not wait for locks as other statements do, so that it is tried again here."""
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.pragma("journal_mode", "WAL")
            return
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
