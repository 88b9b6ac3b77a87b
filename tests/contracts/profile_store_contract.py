"""What every profile store must do, whichever adapter it is. A subclass gives the fixture `connect`."""

import multiprocessing
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.domain.profiles.epochs import Partition
from penstock.domain.profiles.fragments import StoredFragment
from penstock.ports.profile_store import ProfileStore

SPAWN = multiprocessing.get_context("spawn")
BITS = 12
EPOCH = 2969
PROCESSES = 2
BEYOND = b"\xff" * 64  # above every key of these tests

Connect = Callable[[], ProfileStore]


def key(bucket: int, rest: str = "", bits: int = BITS) -> bytes:
    """A key of 16 bytes and more whose `bits` leading bits are `bucket`."""
    return (bucket << (128 - bits)).to_bytes(16, "big") + rest.encode()


def fragment(bucket: int, rest: str, cell: bytes = b"cell") -> StoredFragment:
    return StoredFragment(key(bucket, rest), cell)


def place(bucket: int, epoch: int = EPOCH) -> Partition:
    return Partition(epoch, bucket)


def bucket_of(fragment_key: bytes, bits: int) -> int:
    return int.from_bytes(fragment_key[:16], "big") >> (128 - bits)


class Write(NamedTuple):
    fragments: list[StoredFragment]
    bits: int
    timestamp_us: int

    def apply(self, store: ProfileStore, tenant: str) -> None:
        store.write(tenant, EPOCH, self.fragments, bits=self.bits, timestamp_us=self.timestamp_us)


class Delete(NamedTuple):
    bucket: int
    start: bytes
    end: bytes
    timestamp_us: int

    def apply(self, store: ProfileStore, tenant: str) -> None:
        store.delete(tenant, place(self.bucket), self.start, self.end, timestamp_us=self.timestamp_us)

    def covers(self, bucket: int, fragment_key: bytes) -> bool:
        return bucket == self.bucket and self.start <= fragment_key < self.end


def expected(operations: Sequence[Write | Delete], bucket: int) -> list[StoredFragment]:
    """The live fragments of `bucket` by the words of the port: the order of `operations` plays no part."""
    winners: dict[bytes, tuple[int, bytes]] = {}
    deletes = [each for each in operations if isinstance(each, Delete)]
    for write in (each for each in operations if isinstance(each, Write)):
        for fragment_key, cell in write.fragments:
            if bucket_of(fragment_key, write.bits) == bucket:
                winners[fragment_key] = max(winners.get(fragment_key, (0, b"")), (write.timestamp_us, cell))
    return [
        StoredFragment(fragment_key, cell)
        for fragment_key, (timestamp_us, cell) in sorted(winners.items())
        if not any(each.covers(bucket, fragment_key) and each.timestamp_us >= timestamp_us for each in deletes)
    ]


# Few keys, times and cells, so that operations meet; the last bucket and bucket 0 exist whatever the number of bits.
KEYS = [key(bucket, rest, bits=4) for bucket in (0, 1, 15) for rest in ("", "a", "b")]
BUCKETS = range(16)
timestamps = st.integers(1, 4)
writes = st.builds(
    Write,
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from([b"", b"a", b"b\x00", b"\xff"]), min_size=1, max_size=5).map(
        lambda cells: [StoredFragment(*item) for item in sorted(cells.items())]
    ),
    st.sampled_from([0, 3, 4]),
    timestamps,
)
bounds = st.sampled_from([b"", *KEYS, BEYOND])
deletes = st.builds(Delete, st.sampled_from([0, 1, 7, 15]), bounds, bounds, timestamps)


def write_rounds(connect: Connect, tenant: str, writer: int, rounds: int, size: int) -> None:
    with closing(connect()) as store:
        for number in range(rounds):
            fragments = [fragment(at, f"{writer}-{number}") for at in range(size)]
            store.write(tenant, EPOCH, fragments, bits=BITS, timestamp_us=1)


class ProfileStoreContract:
    @pytest.fixture
    def connect(self) -> Connect:
        """Opens one more handle on the same store; must survive pickling, so that other processes can open it too."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, connect: Connect) -> Iterator[ProfileStore]:
        with closing(connect()) as store:
            yield store

    @pytest.fixture
    def tenant(self) -> str:
        return f"tenant-{uuid.uuid4().hex}"

    def test_a_missing_node_has_no_fragments(self, store: ProfileStore, tenant: str) -> None:
        assert store.read(tenant, [place(5)], b"", BEYOND) == []
        assert list(store.scan(tenant, place(5))) == []

    def test_nothing_may_be_written(self, store: ProfileStore, tenant: str) -> None:
        store.write(tenant, EPOCH, [], bits=BITS, timestamp_us=1)
        assert list(store.scan(tenant, place(0))) == []

    def test_a_read_is_a_range_of_one_bucket_in_key_order(self, store: ProfileStore, tenant: str) -> None:
        fragments = [fragment(5, rest, rest.encode()) for rest in "abcd"]
        store.write(tenant, EPOCH, [fragment(4, "z"), *fragments, fragment(6, "a")], bits=BITS, timestamp_us=1)
        assert store.read(tenant, [place(5)], key(5, "b"), key(5, "d")) == fragments[1:3]
        assert store.read(tenant, [place(5)], b"", BEYOND) == fragments
        assert store.read(tenant, [place(5)], key(5, "d"), key(5, "b")) == []
        assert list(store.scan(tenant, place(5))) == fragments

    @pytest.mark.parametrize("bits", [0, 1, 8, 12, 20])
    def test_the_first_and_the_last_bucket(self, store: ProfileStore, tenant: str, bits: int) -> None:
        first, last = StoredFragment(bytes(16), b"first"), StoredFragment(b"\xff" * 20, b"last")
        store.write(tenant, EPOCH, [first, last], bits=bits, timestamp_us=1)
        assert list(store.scan(tenant, place(0))) == [first, last] if bits == 0 else [first]
        assert list(store.scan(tenant, place(2**bits - 1)))[-1] == last
        assert list(store.scan(tenant, place(2**bits))) == []

    def test_cells_are_any_bytes(self, store: ProfileStore, tenant: str) -> None:
        fragments = [
            StoredFragment(key(1, str(at)), cell) for at, cell in enumerate([b"", b"\0\xff", bytes(range(256)) * 64])
        ]
        store.write(tenant, EPOCH, fragments, bits=BITS, timestamp_us=1)
        assert store.read(tenant, [place(1)], b"", BEYOND) == fragments

    def test_tenants_are_apart(self, store: ProfileStore, tenant: str) -> None:
        ours, theirs = fragment(5, "a", b"ours"), fragment(5, "a", b"theirs")
        store.write(tenant, EPOCH, [ours], bits=BITS, timestamp_us=1)
        store.write(f"{tenant}-2", EPOCH, [theirs], bits=BITS, timestamp_us=2)
        store.delete(f"{tenant}-3", place(5), b"", BEYOND, timestamp_us=3)
        assert store.read(tenant, [place(5)], b"", BEYOND) == [ours]
        store.delete(tenant, place(5), b"", BEYOND, timestamp_us=3)
        assert list(store.scan(tenant, place(5))) == []
        assert list(store.scan(f"{tenant}-2", place(5))) == [theirs]

    def test_epochs_are_apart(self, store: ProfileStore, tenant: str) -> None:
        """Also with other numbers of bits."""
        older, newer = fragment(5, "a", b"older"), fragment(5, "b", b"newer")
        store.write(tenant, 1, [older], bits=BITS, timestamp_us=1)
        store.write(tenant, 2, [newer], bits=4, timestamp_us=1)
        both = [place(5, 1), place(0, 2)]
        assert sorted(store.read(tenant, both, b"", BEYOND)) == [older, newer]
        assert store.read(tenant, both, b"", newer.key) == [older]
        assert store.read(tenant, [place(5, 2)], b"", BEYOND) == store.read(tenant, [], b"", BEYOND) == []
        assert list(store.scan(tenant, place(0, 2))) == [newer]
        store.delete(tenant, place(5, 1), b"", BEYOND, timestamp_us=1)
        store.write(tenant, 1, [older], bits=BITS, timestamp_us=1)
        assert store.read(tenant, both, b"", BEYOND) == [newer]

    def test_many_partitions_are_read_at_once(self, store: ProfileStore, tenant: str) -> None:
        for epoch in range(1, 200):
            store.write(tenant, epoch, [fragment(3, f"{epoch:03}")], bits=BITS, timestamp_us=1)
        read = store.read(tenant, [place(3, epoch) for epoch in range(1, 200)], b"", BEYOND)
        assert sorted(each.key for each in read) == [key(3, f"{epoch:03}") for epoch in range(1, 200)]

    @pytest.mark.parametrize("order", [(1, 2), (2, 1), (1, 2, 1)], ids=str)
    def test_the_larger_timestamp_wins(self, store: ProfileStore, tenant: str, order: tuple[int, ...]) -> None:
        cells = {1: b"z, older", 2: b"a, newer"}
        for timestamp_us in order:
            store.write(tenant, EPOCH, [fragment(1, "k", cells[timestamp_us])], bits=BITS, timestamp_us=timestamp_us)
        assert store.read(tenant, [place(1)], b"", BEYOND) == [fragment(1, "k", cells[2])]

    def test_at_equal_timestamps_the_larger_cell_wins(self, store: ProfileStore, tenant: str) -> None:
        for cell in (b"b", b"ba", b"a"):
            store.write(tenant, EPOCH, [fragment(1, "k", cell)], bits=BITS, timestamp_us=7)
        assert store.read(tenant, [place(1)], b"", BEYOND) == [fragment(1, "k", b"ba")]

    def test_a_delete_hides_older_cells_now_and_later(self, store: ProfileStore, tenant: str) -> None:
        store.write(tenant, EPOCH, [fragment(1, "before")], bits=BITS, timestamp_us=5)
        store.write(tenant, EPOCH, [fragment(1, "newer")], bits=BITS, timestamp_us=6)
        store.delete(tenant, place(1), key(1), key(2), timestamp_us=5)
        store.write(tenant, EPOCH, [fragment(1, "late, equal")], bits=BITS, timestamp_us=5)
        store.write(tenant, EPOCH, [fragment(1, "late, older")], bits=BITS, timestamp_us=4)
        store.write(tenant, EPOCH, [fragment(1, "later, newer")], bits=BITS, timestamp_us=7)
        live = [fragment(1, "later, newer"), fragment(1, "newer")]
        assert store.read(tenant, [place(1)], b"", BEYOND) == live
        assert list(store.scan(tenant, place(1))) == live

    def test_an_older_delete_does_not_lift_a_newer_one(self, store: ProfileStore, tenant: str) -> None:
        for timestamp_us in (5, 3):
            store.delete(tenant, place(1), key(1), key(2), timestamp_us=timestamp_us)
        store.write(tenant, EPOCH, [fragment(1, "late")], bits=BITS, timestamp_us=4)
        assert store.read(tenant, [place(1)], b"", BEYOND) == []

    def test_any_order_and_duplication_reads_the_same(self, store: ProfileStore) -> None:
        @settings(max_examples=60)
        @given(operations=st.lists(writes | deletes, min_size=1, max_size=8), data=st.data(), start=bounds, end=bounds)
        def check(operations: list[Write | Delete], data: st.DataObject, start: bytes, end: bytes) -> None:
            tenant = f"tenant-{uuid.uuid4().hex}"
            again = data.draw(st.lists(st.sampled_from(operations), max_size=3))
            for operation in data.draw(st.permutations(operations + again)):
                operation.apply(store, tenant)
            for bucket in BUCKETS:
                live = expected(operations, bucket)
                assert list(store.scan(tenant, place(bucket))) == live
                assert store.read(tenant, [place(bucket)], start, end) == [
                    each for each in live if start <= each.key < end
                ]

        check()

    def test_a_scan_is_complete_and_lazy(self, store: ProfileStore, tenant: str) -> None:
        pairs = [f"{at:05}{end}" for at in range(600) for end in ("", "\0")]  # so that the next key is the least beyond
        fragments = [fragment(3, rest) for rest in (["0", *pairs])]
        for part in (fragments[::2], fragments[1::2]):
            store.write(tenant, EPOCH, part, bits=BITS, timestamp_us=1)
        scan = store.scan(tenant, place(3))
        begun = [next(scan) for _ in range(10)]
        store.write(
            tenant, EPOCH, [fragment(4, "meanwhile")], bits=BITS, timestamp_us=1
        )  # a scan stands in nobody's way
        assert begun + list(scan) == fragments

    def test_another_handle_sees_written_cells(self, store: ProfileStore, connect: Connect, tenant: str) -> None:
        with closing(connect()) as other:
            assert store.read(tenant, [place(1)], b"", BEYOND) == []
            other.write(tenant, EPOCH, [fragment(1, "k")], bits=BITS, timestamp_us=1)
            assert store.read(tenant, [place(1)], b"", BEYOND) == [fragment(1, "k")]
            other.delete(tenant, place(1), b"", BEYOND, timestamp_us=1)
            assert store.read(tenant, [place(1)], b"", BEYOND) == []

    def test_written_cells_survive_reopening(self, connect: Connect, tenant: str) -> None:
        with closing(connect()) as store:
            store.write(tenant, EPOCH, [fragment(1, "k")], bits=BITS, timestamp_us=2)
            store.delete(tenant, place(2), b"", BEYOND, timestamp_us=2)
        with closing(connect()) as store:
            store.write(tenant, EPOCH, [fragment(2, "late")], bits=BITS, timestamp_us=1)
            assert store.read(tenant, [place(1)], b"", BEYOND) == [fragment(1, "k")]
            assert store.read(tenant, [place(2)], b"", BEYOND) == []

    def test_threads_write_and_read_through_one_handle(self, store: ProfileStore, tenant: str) -> None:
        def write_then_read(at: int) -> list[StoredFragment]:
            store.write(tenant, EPOCH, [fragment(at, "k")], bits=BITS, timestamp_us=1)
            return store.read(tenant, [place(at)], b"", BEYOND)

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(write_then_read, range(40))) == [[fragment(at, "k")] for at in range(40)]

    def test_processes_write_side_by_side(self, store: ProfileStore, connect: Connect, tenant: str) -> None:
        rounds, size = 8, 300
        with SPAWN.Pool(PROCESSES) as pool:
            pool.starmap(write_rounds, [(connect, tenant, writer, rounds, size) for writer in range(PROCESSES)])
        everyone = sorted(f"{writer}-{number}" for writer in range(PROCESSES) for number in range(rounds))
        for bucket in (0, 1, size - 1):
            assert store.read(tenant, [place(bucket)], b"", BEYOND) == [fragment(bucket, rest) for rest in everyone]
