"""What every object store must do, whichever adapter it is. A subclass gives the fixture `connect`."""

import multiprocessing
import os
import signal
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from multiprocessing.connection import Connection

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.domain.errors import Corrupt, NotFound
from penstock.ports.object_store import ObjectRef, ObjectStore

SPAWN = multiprocessing.get_context("spawn")
PART_BYTES = 1 << 20

Connect = Callable[[], ObjectStore]

BAD_KEYS = [
    "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/..", "a/../b", "a/./b", "a\\b", "a b", "a\n", "a\0", "ä", "a:b",
    "@incoming/a", "a@", "%2e%2e/a", "~/a" * 400, "a/" * 600 + "a",
]  # fmt: skip


class SourceError(Exception):
    """What the source of a put may raise."""


def parts_then_failure() -> Iterator[bytes]:
    yield b"x" * PART_BYTES
    raise SourceError


def hang_in_mid_put(connect: Connect, key: str, begun: Connection) -> None:
    """Hand over more than any buffer holds, say so, and never finish."""

    def parts() -> Iterator[bytes]:
        for _ in range(12):
            yield b"x" * PART_BYTES
        begun.send(True)
        signal.pause()

    with closing(connect()) as store:
        store.put(key, parts())


def keys_of(store: ObjectStore, prefix: str) -> list[str]:
    return [entry.ref.key for entry in store.list(prefix)]


class ObjectStoreContract:
    @pytest.fixture
    def connect(self) -> Connect:
        """Opens one more handle on the same store; must survive pickling, so that other processes can open it too."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, connect: Connect) -> Iterator[ObjectStore]:
        with closing(connect()) as store:
            yield store

    @pytest.fixture
    def folder(self) -> str:
        return f"test-{uuid.uuid4().hex}"

    @pytest.mark.parametrize("parts", [[], [b""], [b"a"], [b"ab", b"", b"c"]], ids=str)
    def test_an_object_is_read_as_it_was_put(self, store: ObjectStore, folder: str, parts: list[bytes]) -> None:
        content = b"".join(parts)
        ref = store.put(f"{folder}/a", parts)
        assert (ref.key, ref.size) == (f"{folder}/a", len(content))
        assert store.stat(ref.key) == ref
        assert store.read(ref) == content

    def test_large_objects_come_in_parts(self, store: ObjectStore, folder: str) -> None:
        ref = store.put(f"{folder}/large", (bytes([at]) * PART_BYTES for at in range(12)))
        assert ref.size == 12 * PART_BYTES
        assert store.read(ref, 5 * PART_BYTES - 2, 4) == b"\4\4\5\5"

    def test_any_range_is_exact(self, store: ObjectStore, folder: str) -> None:
        content = bytes(range(100))
        ref = store.put(f"{folder}/a", [content])

        @settings(max_examples=40)
        @given(st.integers(0, 100), st.integers(0, 100) | st.none())
        def check(start: int, length: int | None) -> None:
            if length is None or start + length <= len(content):
                assert store.read(ref, start, length) == content[start:][:length]
            else:
                with pytest.raises(Corrupt):
                    store.read(ref, start, length)

        check()

    @pytest.mark.parametrize("expected", [(-1, 2), (0, -1), (4, None)], ids=str)
    def test_ranges_that_are_none(self, store: ObjectStore, folder: str, expected: tuple[int, int | None]) -> None:
        ref = store.put(f"{folder}/a", [b"abc"])
        with pytest.raises(ValueError):
            store.read(ref, *expected)

    def test_a_missing_object_is_not_found(self, store: ObjectStore, folder: str) -> None:
        store.put(f"{folder}/a", [b"x"])
        for key in (f"{folder}/b", f"{folder}/a/b", folder):
            with pytest.raises(NotFound):
                store.stat(key)
            with pytest.raises(NotFound):
                store.read(ObjectRef(key, "version", 1))

    def test_a_version_names_exact_bytes(self, store: ObjectStore, folder: str) -> None:
        old = store.put(f"{folder}/a", [b"old"])
        new = store.put(f"{folder}/a", [b"new"])
        assert old.version != new.version
        assert store.stat(new.key) == new
        assert store.read(new) == b"new"
        with pytest.raises(Corrupt):
            store.read(old)

    def test_a_wrong_version_is_refused(self, store: ObjectStore, folder: str) -> None:
        ref = store.put(f"{folder}/a", [b"abc"])
        with pytest.raises(Corrupt):
            store.read(msgspec.structs.replace(ref, version="another"), 0, 1)

    def test_deleting_removes_one_object_and_may_be_repeated(self, store: ObjectStore, folder: str) -> None:
        gone, kept = store.put(f"{folder}/a/1", [b"1"]), store.put(f"{folder}/a/2", [b"2"])
        store.delete(gone.key)
        store.delete(gone.key)
        store.delete(f"{folder}/never/was")
        with pytest.raises(NotFound):
            store.read(gone)
        assert keys_of(store, f"{folder}/") == [kept.key]
        store.delete(kept.key)
        assert store.read(store.put(kept.key, [b"again"])) == b"again"

    def test_a_key_may_begin_with_another_key(self, store: ObjectStore, folder: str) -> None:
        refs = [store.put(f"{folder}/{key}", [key.encode()]) for key in ("a", "a/b", "a/b/c", "a.b")]
        assert [store.read(ref) for ref in refs] == [b"a", b"a/b", b"a/b/c", b"a.b"]
        store.delete(f"{folder}/a/b")
        assert keys_of(store, folder) == [f"{folder}/{key}" for key in ("a", "a.b", "a/b/c")]

    def test_a_listing_is_all_of_a_prefix_in_key_order(self, store: ObjectStore) -> None:
        segments = st.text("aB0.-_", min_size=1, max_size=2).filter(lambda each: each not in (".", ".."))
        keys = st.lists(segments, min_size=1, max_size=3).map("/".join)

        starts = st.none() | st.text("aB0./", max_size=4)

        @settings(max_examples=30)
        @given(st.sets(keys, max_size=6), st.text("aB0./", max_size=2), starts)
        def check(names: set[str], prefix: str, start: str | None) -> None:
            folder = f"test-{uuid.uuid4().hex}"
            after = "" if start is None else f"{folder}/{start}"
            refs = [store.put(f"{folder}/{name}", [name.encode()]) for name in sorted(names)]
            entries = list(store.list(f"{folder}/{prefix}", after))
            assert [each.ref for each in entries] == [
                ref for ref in refs if ref.key.startswith(f"{folder}/{prefix}") and ref.key > after
            ]
            assert all(each.modified_us > 0 for each in entries)

        check()

    def test_a_listing_begins_behind_any_key(self, store: ObjectStore, folder: str) -> None:
        keys = [store.put(f"{folder}/{name}", [b"x"]).key for name in ("a", "a-rows", "a/b", "a0", "b")]
        for at, key in enumerate(keys):
            assert [entry.ref.key for entry in store.list(f"{folder}/", key)] == keys[at + 1 :]
        assert list(store.list(f"{folder}/", f"{folder}0")) == []
        with pytest.raises(ValueError):
            store.list(f"{folder}/", "not a key")

    def test_a_listing_lives_with_deletes(self, store: ObjectStore, folder: str) -> None:
        for name in "abc":
            store.put(f"{folder}/{name}", [b"x"])
        for entry in store.list(folder):
            store.delete(entry.ref.key)
        assert keys_of(store, folder) == []

    def test_a_listing_lives_with_deletes_ahead_of_it(self, store: ObjectStore, folder: str) -> None:
        keys = [store.put(f"{folder}/{name}", [b"x"]).key for name in "abc"]
        listing = store.list(folder)
        assert next(listing).ref.key == keys[0]
        for key in keys:
            store.delete(key)
        assert {entry.ref.key for entry in listing} <= set(keys[1:])

    @pytest.mark.parametrize("key", BAD_KEYS)
    def test_keys_that_are_none(self, store: ObjectStore, key: str) -> None:
        with pytest.raises(ValueError):
            store.put(key, [b"x"])
        with pytest.raises(ValueError):
            store.stat(key)
        with pytest.raises(ValueError):
            store.delete(key)
        with pytest.raises(ValueError):
            store.read(ObjectRef(key, "version", 1))

    def test_a_failing_source_leaves_the_previous_object(self, store: ObjectStore, folder: str) -> None:
        before = store.put(f"{folder}/a", [b"before"])
        for key in ("a", "b"):
            with pytest.raises(SourceError):
                store.put(f"{folder}/{key}", parts_then_failure())
        assert [entry.ref for entry in store.list(folder)] == [before]
        assert store.read(before) == b"before"

    def test_a_writer_that_is_killed_leaves_nothing_to_see(
        self, store: ObjectStore, connect: Connect, folder: str
    ) -> None:
        before = store.put(f"{folder}/old", [b"before"])
        for name in ("old", "new"):
            ours, theirs = SPAWN.Pipe(duplex=False)
            writer = SPAWN.Process(target=hang_in_mid_put, args=(connect, f"{folder}/{name}", theirs))
            writer.start()
            assert ours.recv()
            assert [entry.ref for entry in store.list(folder)] == [before]
            assert writer.pid is not None
            os.kill(writer.pid, signal.SIGKILL)
            writer.join()
        with closing(connect()) as reopened:
            assert [entry.ref for entry in reopened.list(folder)] == [before]
            assert reopened.read(before) == b"before"

    def test_readers_of_an_object_that_is_being_replaced_see_one_or_the_other(
        self, store: ObjectStore, folder: str
    ) -> None:
        key = f"{folder}/a"
        contents = [bytes([at]) * 5000 for at in range(20)]
        store.put(key, contents[:1])

        def read_once(_: int) -> bytes | None:
            try:
                return store.read(store.stat(key))
            except Corrupt:  # replaced between the two calls
                return None

        with ThreadPoolExecutor(4) as threads:
            readings = threads.map(read_once, range(60))
            for content in contents[1:]:
                store.put(key, [content])
        assert {reading for reading in readings if reading is not None} <= set(contents)
        assert store.read(store.stat(key)) == contents[-1]

    def test_another_handle_sees_put_objects(self, store: ObjectStore, connect: Connect, folder: str) -> None:
        with closing(connect()) as other:
            ref = other.put(f"{folder}/a", [b"abc"])
        assert store.stat(ref.key) == ref
        assert store.read(ref, 1, 2) == b"bc"
