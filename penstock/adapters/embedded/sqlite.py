"""How the embedded adapters open and share a SQLite database, and how its errors map to Penstock's."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from penstock.adapters.embedded import disk
from penstock.domain.errors import Corrupt, Unavailable

BUSY_TIMEOUT_MS = 30_000
CACHE_KIB = 8_192  # per connection

LOCK_THREAD = "sqlite-lock"
_opening = threading.Lock()


def connect(path: Path, *, durable: bool = True, page_bytes: int = 4096) -> apsw.Connection:
    """A connection to the database at `path`, in WAL mode; files are created with mode 0600, the folder with 0700.

    `durable`: a commit survives a power failure (synchronous=FULL); otherwise only a crash of the process.
    A connection is for one thread at a time, and cannot be used after a fork. Raises `Unavailable`, `Corrupt`.
    """
    with errors(path):
        # Closing any descriptor of a file drops this process's POSIX locks on it, so no other thread may connect now.
        with _opening:
            _create_private(path)
            connection = apsw.Connection(os.fspath(path))
        try:
            connection.set_busy_timeout(BUSY_TIMEOUT_MS)
            connection.pragma("page_size", page_bytes)
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
    """Raise errors of the database at `path` as Penstock's; an invalid statement remains a bug."""
    try:
        yield
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise Corrupt(f"the database {path.name} is damaged: restore {path} from a backup") from error
    except OSError as error:
        raise Unavailable(disk.describe(error, path), dependency=disk.DISK) from error
    except apsw.Error as error:
        message = _describe(error, path)
        if message is None:
            raise
        raise Unavailable(message, dependency=disk.DISK) from error


@contextmanager
def transaction(connection: apsw.Connection) -> Iterator[None]:
    """A write transaction that takes the write lock at its start; any exception rolls it back."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite already rolled back if the disk is full or fails
            connection.execute("ROLLBACK")
        raise


class Database:
    """One SQLite file, shared by any number of threads and processes; each call borrows a connection.

    Writers queue for a lock on a file beside the database, because SQLite's own wait is a series of sleeps.
    """

    def __init__(self, path: Path, schema: str, *, page_bytes: int = 4096, checkpoint_pages: int = 1000) -> None:
        """`schema` is applied once. A checkpoint runs when the WAL has `checkpoint_pages`."""
        self._path = path
        self._page_bytes = page_bytes
        self._checkpoint_pages = checkpoint_pages
        self._idle: list[_Session] = []
        with self.read() as connection:
            fresh = connection.pragma("user_version") == 0
        if fresh:
            self._create(schema)

    @contextmanager
    def read(self) -> Iterator[apsw.Connection]:
        """A connection for reading. Raises `Unavailable`, `Corrupt`."""
        with errors(self._path), self._session() as session:
            yield session.connection

    @contextmanager
    def write(self, *, erase: bool = False, durable: bool = True) -> Iterator[apsw.Connection]:
        """A connection in a write transaction, which is atomic and durable. Raises `Unavailable`, `Corrupt`.

        With `erase`, deleted data is overwritten with zeros; this is not the default because it slows every page split.
        Without `durable`, a power failure may undo it, but not a crash of the process.
        """
        with errors(self._path), self._session() as session, session.turn():
            session.connection.pragma("secure_delete", erase)
            session.connection.pragma("synchronous", "FULL" if durable else "NORMAL")
            with transaction(session.connection):
                yield session.connection

    def close(self) -> None:
        """Close the connections that are not in use."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _session(self) -> Iterator[_Session]:
        try:
            session = self._idle.pop()
        except IndexError:
            session = self._open()
        try:
            yield session
        finally:
            self._idle.append(session)

    def _open(self) -> _Session:
        connection = connect(self._path, page_bytes=self._page_bytes)
        connection.wal_autocheckpoint(self._checkpoint_pages)
        connection.pragma("journal_size_limit", 2 * self._checkpoint_pages * self._page_bytes)
        return _Session(connection, self._path.with_name(self._path.name + "-lock"))

    def _create(self, schema: str) -> None:
        with self.write() as connection:
            if connection.pragma("user_version") == 0:  # no other process created it
                connection.execute(schema)
                connection.pragma("user_version", 1)


class _Session:
    """A connection and its own descriptor of the lock file, since flock distinguishes descriptors, not threads."""

    def __init__(self, connection: apsw.Connection, lock: Path) -> None:
        self.connection, self._path = connection, lock
        self._lock = self._open_lock()
        self._awaited: _Turn | None = None  # it owns the descriptor

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for this writer's turn; the kernel ends the turn of a process that dies.

        Raises `apsw.BusyError` when another writer, perhaps in a suspended process, does not end its turn.
        """
        self._take_turn()
        try:
            yield
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def close(self) -> None:
        self.connection.close()
        if self._awaited is None:
            os.close(self._lock)

    def _take_turn(self) -> None:
        turn = self._waiting_turn()
        if turn is None:
            return
        self._awaited = turn
        if not turn.comes_within(BUSY_TIMEOUT_MS / 1000):
            raise apsw.BusyError("another writer has not ended its turn")
        self._awaited = None

    def _waiting_turn(self) -> _Turn | None:
        """The turn to wait for, perhaps one given up last time; None when the lock was free."""
        if self._awaited is not None:
            if self._awaited.resume():
                return self._awaited
            self._lock, self._awaited = self._open_lock(), None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _Turn(self._lock)
        return None

    def _open_lock(self) -> int:
        return os.open(self._path, os.O_CREAT | os.O_RDWR, disk.PRIVATE_FILE)


class _Turn:
    """Waits for a lock in its own thread, since flock itself has no timeout.

    After the caller gives up, the thread keeps waiting, so that a session has at most one such thread. When it gets the
    lock then, it closes the descriptor, which releases the lock.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._guard, self._taken = threading.Lock(), threading.Event()
        self._is_awaited, self._closed = True, False
        threading.Thread(target=self._wait, name=LOCK_THREAD, daemon=True).start()

    def resume(self) -> bool:
        """Wait for this turn again; False when it has already been taken and released."""
        with self._guard:
            self._is_awaited = not self._closed
            return self._is_awaited

    def comes_within(self, seconds: float) -> bool:
        """Whether the turn comes in time; otherwise, or on an interrupt, gives it up."""
        try:
            self._taken.wait(seconds)
        except BaseException:
            with self._guard:
                self._is_awaited = False
                if self._taken.is_set():
                    self._close()
            raise
        with self._guard:
            self._is_awaited = self._taken.is_set()
            return self._is_awaited

    def _wait(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        with self._guard:
            if self._is_awaited:
                self._taken.set()
            else:
                self._close()

    def _close(self) -> None:
        self._closed = True
        os.close(self._descriptor)


def _describe(error: apsw.Error, path: Path) -> str | None:
    """What is wrong and how to fix it, without SQLite's text, which may quote a statement."""
    match error:
        case apsw.FullError():
            return f"the disk is full: free space under {path.parent}"
        case apsw.BusyError() | apsw.LockedError():
            seconds = BUSY_TIMEOUT_MS // 1000
            return f"the database {path.name} stayed locked for {seconds} s: check which process has {path} open"
        case apsw.CantOpenError():
            return f"the database cannot be opened: check that {path} and its folder exist and are writable"
        case apsw.ReadOnlyError() | apsw.PermissionsError():
            return f"the database cannot be written: check the owner and mode of {path} and its folder"
        case apsw.IOError():
            return f"reading or writing {path} failed: check the disk, and the free space under {path.parent}"
        case apsw.NoMemError():
            return f"memory ran out while using the database {path.name}: free memory on this machine"
    return None


def _create_private(path: Path) -> None:
    disk.make_private_folder(path.parent)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, disk.PRIVATE_FILE))
    except FileExistsError:
        return  # SQLite gives -wal and -shm the mode of the database itself


def _enter_wal_mode(connection: apsw.Connection) -> None:
    """Enter WAL mode. Unlike other statements, the mode change does not wait for locks, so it is retried here."""
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.pragma("journal_mode", "WAL")
            return
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
