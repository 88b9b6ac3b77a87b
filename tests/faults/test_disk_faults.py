"""Full disks, and SIGKILL within a write: an error says what to fix, and what was acknowledged stays.

The kernel's limit on file sizes makes the n-th write fail, also in its middle, without a disk of that size. A small
tmpfs makes a disk that is really full, where this user may mount one.
"""

import multiprocessing
import os
import resource
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import apsw
import pytest

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.adapters.embedded.object_store import INCOMING, FolderObjectStore
from penstock.adapters.embedded.profile_store import EmbeddedProfileStore
from penstock.domain.errors import Unavailable
from penstock.domain.profiles.epochs import Partition
from penstock.domain.profiles.fragments import StoredFragment
from penstock.ports.control_store import Table

SPAWN = multiprocessing.get_context("spawn")
TENANT = "t"
BEYOND = b"\xff" * 64
ITEM_BYTES = 3000
WRITES = 400  # more than any limit below allows
DISK_BYTES = 2 << 20


class ControlRecords:
    """Writes records; an item is one record."""

    def __init__(self, folder: Path) -> None:
        self.store = EmbeddedControlStore(folder / "control.db")

    def write(self, item: int) -> None:
        self.store.create(Table.REQUESTS, TENANT, "", f"{item:06}", os.urandom(ITEM_BYTES))

    def items(self) -> set[int]:
        return {int(record.sort) for record in self.store.scan(Table.REQUESTS, TENANT, "", limit=WRITES)}


class Fragments:
    """Writes batches of 20 fragments from all over the key space; an item is there when its whole batch is."""

    def __init__(self, folder: Path) -> None:
        self.store = EmbeddedProfileStore(folder / "profiles.db")

    def write(self, item: int) -> None:
        self.store.write(TENANT, 1, batch(item), bits=0, timestamp_us=1)

    def items(self) -> set[int]:
        keys = {fragment.key for fragment in self.store.scan(TENANT, Partition(1, 0))}
        found = {int(key[1:]) for key in keys}
        assert keys == {fragment.key for item in found for fragment in batch(item)}, "a batch was written in part"
        return found


class Objects:
    """Writes objects; an item is one object."""

    def __init__(self, folder: Path) -> None:
        self.store = FolderObjectStore(folder / "objects")

    def write(self, item: int) -> None:
        self.store.put(f"objects/{item:06}", [os.urandom(ITEM_BYTES * (1 + item % 100))])

    def items(self) -> set[int]:
        entries = list(self.store.list("objects/"))
        assert [len(self.store.read(entry.ref)) for entry in entries] == [entry.ref.size for entry in entries]
        return {int(entry.ref.key.removeprefix("objects/")) for entry in entries}


Kind = type[ControlRecords] | type[Fragments] | type[Objects]
KINDS: list[Kind] = [ControlRecords, Fragments, Objects]


def batch(item: int) -> list[StoredFragment]:
    return [StoredFragment(bytes([13 * at]) + b"%06d" % item, os.urandom(ITEM_BYTES // 20)) for at in range(20)]


def write_until_full(kind: ControlRecords | Fragments | Objects) -> tuple[set[int], str]:
    """The items that were acknowledged, and what the first error said."""
    acknowledged: set[int] = set()
    for item in range(WRITES):
        try:
            kind.write(item)
        except Unavailable as error:
            return acknowledged, str(error)
        acknowledged.add(item)
    raise AssertionError("the disk never became full")


def run_against_a_limit(make: Kind, folder: Path, limit: int, report: Connection) -> None:
    """Fill files up to `limit` bytes, lift the limit, and write on; returns what was acknowledged."""
    kind = make(folder)
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, unlimited[1]))
    acknowledged, message = write_until_full(kind)
    with suppress(Unavailable):  # once more on the full disk: an error again, and no harm
        kind.write(WRITES)
        acknowledged.add(WRITES)
    seen_while_full = kind.items()
    resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    kind.write(WRITES + 1)
    report.send((acknowledged, message, seen_while_full, kind.items()))


def told_by(target: Callable[..., None], *args: Any) -> Any:
    """What a process that runs `target` sends before it ends well."""
    ours, theirs = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=target, args=(*args, theirs))
    process.start()
    theirs.close()
    reported = ours.recv()
    process.join()
    assert process.exitcode == 0
    return reported


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("limit", [100_000, 131_072, 150_001, 200_003])
def test_a_limit_that_is_reached_loses_nothing(make: Kind, limit: int, tmp_path: Path) -> None:
    acknowledged, message, seen_while_full, seen_after = told_by(run_against_a_limit, make, tmp_path, limit)
    assert acknowledged, "the limit was reached before anything was written"
    assert "free space" in message
    assert seen_while_full == acknowledged
    assert seen_after == acknowledged | {WRITES + 1}
    reopened = make(tmp_path)
    assert reopened.items() == seen_after
    reopened.store.close()


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a disk that is really full needs the right to mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("make", KINDS)
def test_a_full_disk_loses_nothing(make: Kind, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as folder:
        ballast = folder / "ballast"
        ballast.write_bytes(bytes(DISK_BYTES // 2))
        kind = make(folder)
        with closing(kind.store):
            acknowledged, message = write_until_full(kind)
            assert acknowledged, "the disk was full before anything was written"
            assert message.startswith("the disk is full: free space under ")
            assert kind.items() == acknowledged
            ballast.unlink()
            kind.write(WRITES)
        reopened = make(folder)
        with closing(reopened.store):
            assert reopened.items() == acknowledged | {WRITES}


def test_a_put_on_a_full_disk_leaves_no_draft(tmp_path: Path) -> None:
    told_by(run_against_a_limit, Objects, tmp_path, 100_000)
    assert list((tmp_path / "objects" / INCOMING).iterdir()) == []


class HangingBatch(Sequence[StoredFragment]):
    """A batch whose writer stops for good when it comes to the last fragment, deep within its transaction."""

    def __init__(self, fragments: list[StoredFragment], reached: Connection) -> None:
        self._fragments = fragments
        self._reached = reached

    def __len__(self) -> int:
        return len(self._fragments)

    def __getitem__(self, at: Any) -> Any:
        if at == len(self._fragments) - 1:
            self._reached.send(True)
            signal.pause()
        return self._fragments[at]


def hang_in_mid_write(path: Path, reached: Connection) -> None:
    """Write one batch, and hang in a second one that is larger than SQLite's cache, so that part of it is on disk."""
    store = EmbeddedProfileStore(path)
    store.write(TENANT, 1, batch(1), bits=0, timestamp_us=1)
    torn = [StoredFragment(b"torn" + at.to_bytes(4, "big"), os.urandom(50_000)) for at in range(400)]
    store.write(TENANT, 1, HangingBatch(torn, reached), bits=0, timestamp_us=1)


def wait_for_a_turn(path: Path) -> None:
    """Write while another writer may hold the lock."""
    with closing(EmbeddedProfileStore(path)) as store:
        store.write(TENANT, 1, batch(2), bits=0, timestamp_us=1)


def test_sigkill_in_mid_write_leaves_a_whole_store_and_a_free_lock(tmp_path: Path) -> None:
    path = tmp_path / "profiles.db"
    ours, theirs = SPAWN.Pipe(duplex=False)
    writer = SPAWN.Process(target=hang_in_mid_write, args=(path, theirs))
    writer.start()
    assert ours.recv()
    assert path.with_name("profiles.db-wal").stat().st_size > 5_000_000, "the torn batch has not reached the disk"
    heir = SPAWN.Process(target=partial(wait_for_a_turn, path))
    heir.start()
    assert writer.pid is not None
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    heir.join()
    assert heir.exitcode == 0
    fragments = Fragments(tmp_path)
    with closing(fragments.store):
        assert fragments.items() == {1, 2}
    with closing(apsw.Connection(os.fspath(path))) as connection:
        assert connection.pragma("integrity_check") == "ok"
