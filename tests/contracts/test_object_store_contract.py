"""The folder keeps the contract of an object store, and what else it must: private files, no leftovers, no escape."""

import multiprocessing
import os
import signal
import stat
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from object_store_contract import PART_BYTES, Connect, ObjectStoreContract, hang_in_mid_put

from penstock.adapters.embedded.object_store import HEAD_BYTES, INCOMING, FolderObjectStore
from penstock.domain.errors import Corrupt, Unavailable

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def store(root: Path) -> FolderObjectStore:
    return FolderObjectStore(root)


class TestFolderObjectStore(ObjectStoreContract):
    @pytest.fixture
    def connect(self, root: Path) -> Connect:
        return partial(FolderObjectStore, root)


def test_files_and_folders_are_private(store: FolderObjectStore, root: Path) -> None:
    store.put("a/b/c", [b"x"])
    modes = {each.relative_to(root).as_posix(): stat.S_IMODE(each.stat().st_mode) for each in root.rglob("*")}
    assert modes == {INCOMING: 0o700, "a": 0o700, "a/b": 0o700, "a/b/c@": 0o600}


@pytest.mark.parametrize("keep_time", [False, True], ids=["cut", "cut, with its old time"])
def test_an_object_that_was_cut_is_noticed(store: FolderObjectStore, root: Path, keep_time: bool) -> None:
    ref = store.put("a", [b"abcdef"])
    status = (root / "a@").stat()
    os.truncate(root / "a@", HEAD_BYTES + 3)
    if keep_time:
        os.utime(root / "a@", ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(Corrupt, match="object a "):
        store.read(ref, 0, 2)


def test_an_object_that_was_altered_in_place_is_noticed(store: FolderObjectStore, root: Path) -> None:
    ref = store.put("a", [b"abcdef"])
    os.utime(root / "a@", ns=(0, 0))  # so that the coming write surely changes the time
    before = store.stat("a")
    assert before != ref
    with (root / "a@").open("r+b") as file:
        file.seek(HEAD_BYTES)
        file.write(b"X")
    for each in (ref, before):
        with pytest.raises(Corrupt):
            store.read(each)


def test_an_object_that_was_replaced_within_one_tick_of_the_clock_is_noticed(
    store: FolderObjectStore, root: Path
) -> None:
    old = store.put("a", [b"old"])
    status = (root / "a@").stat()
    store.put("a", [b"new"])
    os.utime(root / "a@", ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(Corrupt):
        store.read(old)


def test_a_file_that_is_no_object_is_named(store: FolderObjectStore, root: Path) -> None:
    (root / "a@").write_bytes(b"short")
    with pytest.raises(Corrupt, match="object a is damaged"):
        store.stat("a")


def test_links_are_not_followed(store: FolderObjectStore, root: Path, tmp_path: Path) -> None:
    store.put("a", [b"x"])
    (root / "a@").rename(tmp_path / "elsewhere")
    (root / "a@").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unavailable):
        store.stat("a")


def test_opening_sweeps_leftovers_of_dead_writers_only(root: Path) -> None:
    ours, theirs = SPAWN.Pipe(duplex=False)
    writer = SPAWN.Process(target=hang_in_mid_put, args=(partial(FolderObjectStore, root), "a", theirs))
    writer.start()
    assert ours.recv()
    FolderObjectStore(root)
    assert [each.stat().st_size >= PART_BYTES for each in (root / INCOMING).iterdir()] == [True]
    assert writer.pid is not None
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    FolderObjectStore(root)
    assert list((root / INCOMING).iterdir()) == []


def test_folders_that_became_empty_go(store: FolderObjectStore, root: Path) -> None:
    store.put("a/b/1", [b"x"])
    store.put("a/2", [b"x"])
    store.delete("a/b/1")
    assert not (root / "a" / "b").exists()
    store.delete("a/2")
    assert [each.name for each in root.iterdir()] == [INCOMING]


def test_putting_and_deleting_in_one_folder_do_not_trip_each_other(store: FolderObjectStore) -> None:
    def put_and_delete(at: int) -> bytes:
        content = store.read(store.put(f"deep/folder/{at}", [b"x"]))
        store.delete(f"deep/folder/{at}")
        return content

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(put_and_delete, range(80))) == [b"x"] * 80
    assert list(store.list("")) == []


@pytest.mark.parametrize("prefix", ["@", "a b", "a\0"])
def test_prefixes_that_begin_no_key(store: FolderObjectStore, prefix: str) -> None:
    with pytest.raises(ValueError):
        store.list(prefix)
