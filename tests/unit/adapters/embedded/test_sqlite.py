"""Opening and sharing SQLite databases: modes, turns, transactions and the table of errors."""

import fcntl
import multiprocessing
import os
import signal
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest

from penstock.adapters.embedded import sqlite
from penstock.domain.errors import Corrupt, Unavailable
from tests.support.waiting import until

SPAWN = multiprocessing.get_context("spawn")
SCHEMA = "CREATE TABLE numbers (number INTEGER); INSERT INTO numbers VALUES (0);"
NUMBERS = "SELECT number FROM numbers ORDER BY number"


class OwnError(Exception):
    """What a caller may raise within a transaction."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "numbers.db"


@pytest.fixture
def database(path: Path) -> Iterator[sqlite.Database]:
    database = sqlite.Database(path, SCHEMA)
    yield database
    database.close()


def numbers(database: sqlite.Database) -> list[int]:
    with database.read() as connection:
        return [number for (number,) in connection.execute(NUMBERS)]


def lock_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == sqlite.LOCK_THREAD]


def open_and_count(path: Path) -> int:
    database = sqlite.Database(path, SCHEMA)
    try:
        return len(numbers(database))
    finally:
        database.close()


def insert_and_fail(database: sqlite.Database) -> None:
    with database.write() as connection:
        connection.execute("INSERT INTO numbers VALUES (1)")
        raise OwnError


def test_connect_makes_private_files_in_wal_mode(path: Path) -> None:
    connection = sqlite.connect(path, page_bytes=8192)
    connection.execute("CREATE TABLE t (a)")
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("page_size") == 8192
    assert {stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    connection.close()


@pytest.mark.parametrize(("durable", "synchronous"), [(True, 2), (False, 1)])
def test_durable_is_full_synchronous(path: Path, durable: bool, synchronous: int) -> None:
    connection = sqlite.connect(path, durable=durable)
    assert connection.pragma("synchronous") == synchronous
    connection.close()


def test_a_transaction_holds_the_write_lock_from_its_start(path: Path) -> None:
    first, second = sqlite.connect(path), sqlite.connect(path)
    second.set_busy_timeout(0)
    with sqlite.transaction(first), pytest.raises(apsw.BusyError), sqlite.transaction(second):
        pytest.fail("two writers at once")
    with sqlite.transaction(second):
        second.execute("CREATE TABLE t (a)")
    first.close()
    second.close()


def test_many_processes_may_create_one_database(path: Path) -> None:
    with SPAWN.Pool(4) as pool:
        assert pool.map(open_and_count, [path] * 8, chunksize=1) == [1] * 8


def test_a_write_is_whole_or_nothing(database: sqlite.Database) -> None:
    with pytest.raises(OwnError):
        insert_and_fail(database)
    assert numbers(database) == [0]
    with database.write() as connection:
        connection.execute("INSERT INTO numbers VALUES (2)")
    assert numbers(database) == [0, 2]


def test_a_writer_holds_its_turn_as_long_as_it_writes(database: sqlite.Database, path: Path) -> None:
    with path.with_name("numbers.db-lock").open("rb") as lock:
        with database.write(), pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_threads_take_turns(database: sqlite.Database) -> None:
    def add(number: int) -> None:
        with database.write() as connection:
            connection.execute("INSERT INTO numbers VALUES (?)", (number,))

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(add, range(1, 60)))
    assert numbers(database) == list(range(60))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (apsw.FullError(), "the disk is full: free space under"),
        (apsw.BusyError(), "stayed locked for 30 s"),
        (apsw.CantOpenError(), "cannot be opened"),
        (apsw.ReadOnlyError(), "cannot be written"),
        (apsw.IOError(), "free space under"),
        (apsw.NoMemError(), "memory ran out"),
        (OSError(28, "no space"), "the disk is full: free space under"),
        (OSError(13, "denied"), "check the owner and mode"),
        (OSError(24, "too many"), "raise the limit on open files"),
        (OSError(5, "input/output error"), "check the disk"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else "",
)
def test_errors_are_unavailable_with_a_hint(path: Path, error: Exception, message: str) -> None:
    with pytest.raises(Unavailable, match=message), sqlite.errors(path):
        raise error


@pytest.mark.parametrize("error", [apsw.CorruptError(), apsw.NotADBError()], ids=lambda each: type(each).__name__)
def test_damage_is_corrupt(path: Path, error: Exception) -> None:
    with pytest.raises(Corrupt, match=r"numbers\.db is damaged"), sqlite.errors(path):
        raise error


@pytest.mark.parametrize("error", [apsw.SQLError(), apsw.ConstraintError(), OwnError()], ids=lambda e: type(e).__name__)
def test_other_errors_pass(path: Path, error: Exception) -> None:
    with pytest.raises(type(error)), sqlite.errors(path):
        raise error


def test_a_writer_that_does_not_end_its_turn_is_waited_for_no_longer_than_a_lock(
    database: sqlite.Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is stopped, or hangs: the others say so, and go on when it does."""
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 1000)
    with path.with_name("numbers.db-lock").open("r+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        for _ in range(2):
            with (
                pytest.raises(Unavailable, match=r"stayed locked for 1 s: check which process has") as raised,
                database.write(),
            ):
                pass
            assert raised.value.dependency == "disk"
    with database.write() as connection:
        connection.execute("INSERT INTO numbers VALUES (1)")
    assert numbers(database) == [0, 1]


def test_waiting_again_and_again_for_one_writer_takes_one_thread_and_one_file(
    database: sqlite.Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 50)
    with path.with_name("numbers.db-lock").open("r+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        files = len(os.listdir("/dev/fd"))
        for _ in range(5):
            with pytest.raises(Unavailable), database.write():
                pass
        assert len(lock_threads()) == 1
        assert len(os.listdir("/dev/fd")) <= files


def test_a_writer_interrupted_while_waiting_delays_no_other(database: sqlite.Database, path: Path) -> None:
    main = threading.main_thread().ident
    assert main is not None
    with path.with_name("numbers.db-lock").open("r+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        threading.Timer(0.2, signal.pthread_kill, (main, signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt), database.write():
            pass
    until(lambda: not lock_threads())
    with path.with_name("numbers.db-lock").open("r+") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with database.write() as connection:
        connection.execute("INSERT INTO numbers VALUES (1)")
    assert numbers(database) == [0, 1]
