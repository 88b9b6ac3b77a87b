"""What every control store must do, whichever adapter it is. A subclass gives the fixture `connect`."""

import multiprocessing
import random
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.application.due_work.hints import HOURS, INSTALLATION, KEPT_US, Hints, hour_of
from penstock.application.requests.expiries import DAYS, Expiries, ExpirySweeper
from penstock.domain.dispatching.owners import SHARDS, shard_of_tenant
from penstock.domain.errors import Conflict
from penstock.ports.control_store import ControlStore, Put, Record, Table
from tests.support.manual_clock import ManualClock

SPAWN = multiprocessing.get_context("spawn")
PROCESSES = 3
STEPS = 15
MANY = 70  # records, more than an adapter takes in one go
PLACES = [(table, partition) for table in (Table.SEGMENTS, Table.REPLACEMENTS) for partition in ("", "p")]

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4)

Connect = Callable[[], ControlStore]


def count_up(connect: Connect, tenant: str) -> None:
    """Add 1 to a shared number `STEPS` times, each time by reading and replacing until nobody was in between."""
    with closing(connect()) as store:
        for _ in range(STEPS):
            while True:
                record = store.get(Table.API_KEYS, tenant, "number")
                assert record is not None
                try:
                    store.replace(record, str(int(record.body) + 1).encode())
                    break
                except Conflict:
                    continue


def try_to_create(connect: Connect, tenant: str, body: bytes) -> bool:
    with closing(connect()) as store:
        try:
            store.create(Table.REQUESTS, tenant, "", "r", body)
        except Conflict:
            return False
        return True


def expected_page(sorts: set[str], after: str, newest_first: bool) -> list[str]:
    def is_beyond(sort: str) -> bool:
        return not after or (sort.encode() < after.encode() if newest_first else sort.encode() > after.encode())

    return sorted(filter(is_beyond, sorts), key=str.encode, reverse=newest_first)


class ControlStoreContract:
    @pytest.fixture
    def connect(self) -> Connect:
        """Opens one more handle on the same store; must survive pickling, so that other processes can open it too."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, connect: Connect) -> Iterator[ControlStore]:
        with closing(connect()) as store:
            yield store

    @pytest.fixture
    def tenant(self) -> str:
        return f"tenant-{uuid.uuid4().hex}"

    def test_a_missing_record_is_none(self, store: ControlStore, tenant: str) -> None:
        assert store.get(Table.REQUESTS, tenant, "", "r") is None
        assert store.scan(Table.REQUESTS, tenant, "") == []

    def test_create_gives_version_1_and_is_read_back(self, store: ControlStore, tenant: str) -> None:
        created = store.create(Table.MAPPINGS, tenant, "crm", "0001", b"{}")
        assert created == Record(Table.MAPPINGS, tenant, "crm", "0001", b"{}", 1)
        assert store.get(Table.MAPPINGS, tenant, "crm", "0001") == created

    def test_a_record_may_have_no_sort(self, store: ControlStore, tenant: str) -> None:
        created = store.create(Table.IDENTIFIER_RANKINGS, tenant, "requests", "", b"1")
        assert store.get(Table.IDENTIFIER_RANKINGS, tenant, "requests") == created
        store.delete(Table.IDENTIFIER_RANKINGS, tenant, "requests")
        assert store.get(Table.IDENTIFIER_RANKINGS, tenant, "requests") is None

    @pytest.mark.parametrize("body", [b"", b"\0\xff\0", bytes(range(256)) * 2048], ids=["empty", "binary", "512 KiB"])
    def test_bodies_are_any_bytes(self, store: ControlStore, tenant: str, body: bytes) -> None:
        record = store.create(Table.CHUNK_NODES, tenant, "r", "0", body)
        store.put(Table.CHUNK_NODES, tenant, "r", "1", body)
        store.replace(record, body + b"!")
        assert [each.body for each in store.scan(Table.CHUNK_NODES, tenant, "r")] == [body + b"!", body]

    def test_create_never_overwrites(self, store: ControlStore, tenant: str) -> None:
        created = store.create(Table.REQUESTS, tenant, "", "r", b"first")
        with pytest.raises(Conflict):
            store.create(Table.REQUESTS, tenant, "", "r", b"second")
        assert store.get(Table.REQUESTS, tenant, "", "r") == created

    def test_replace_counts_versions(self, store: ControlStore, tenant: str) -> None:
        record = store.create(Table.REQUESTS, tenant, "", "r", b"a")
        second = store.replace(record, b"b")
        third = store.replace(second, b"c")
        assert (second.version, third.version) == (2, 3)
        assert store.get(Table.REQUESTS, tenant, "", "r") == third

    def test_replace_refuses_a_record_changed_since_it_was_read(self, store: ControlStore, tenant: str) -> None:
        stale = store.create(Table.REQUESTS, tenant, "", "r", b"a")
        fresh = store.replace(stale, b"b")
        with pytest.raises(Conflict):
            store.replace(stale, b"c")
        assert store.get(Table.REQUESTS, tenant, "", "r") == fresh

    def test_replace_refuses_a_deleted_record(self, store: ControlStore, tenant: str) -> None:
        record = store.create(Table.REQUESTS, tenant, "", "r", b"a")
        store.delete(Table.REQUESTS, tenant, "", "r")
        with pytest.raises(Conflict):
            store.replace(record, b"b")
        assert store.get(Table.REQUESTS, tenant, "", "r") is None

    def test_each_of_many_is_replaced_unless_it_changed_since_it_was_read(
        self, store: ControlStore, tenant: str
    ) -> None:
        records = [store.create(Table.REQUESTS, tenant, "", f"{at:03}", b"a") for at in range(MANY)]
        for at in (5, 40):
            store.replace(records[at], b"theirs")
        store.delete(Table.REQUESTS, tenant, "", "007")
        replaced = store.replace_each([(record, b"ours") for record in records])
        assert [at for at, record in enumerate(replaced) if record is None] == [5, 7, 40]
        present = {record.sort: record for record in store.scan(Table.REQUESTS, tenant, "")}
        assert len(present) == MANY - 1
        assert [record for record in replaced if record] == [each for each in present.values() if each.body == b"ours"]
        assert {each.version for each in present.values()} == {2}
        assert [present[sort].body for sort in ("005", "040")] == [b"theirs", b"theirs"]

    def test_each_of_many_that_is_there_is_read(self, store: ControlStore, tenant: str) -> None:
        records = [store.create(Table.PLANS, tenant, "p", f"{at:03}", b"{}") for at in range(3)]
        elsewhere = store.create(Table.PLANS, tenant, "", "000", b"{}")
        found = store.get_each(
            Table.PLANS, tenant, [("p", "002"), ("p", "missing"), ("p", "000"), ("", "000"), ("q", "0")]
        )
        assert sorted(found, key=lambda record: (record.partition, record.sort)) == [elsewhere, records[0], records[2]]

    def test_delete_each_deletes_records_of_put_and_create(self, store: ControlStore, tenant: str) -> None:
        for sort in ("created", "stays"):
            store.create(Table.SEGMENTS, tenant, "", sort, b"{}")
        for sort in ("put", "put too"):
            store.put(Table.SEGMENTS, tenant, "", sort, b"{}")
        for _ in range(2):
            store.delete_each(Table.SEGMENTS, tenant, "", ["put", "created", "missing", "put too"])
            assert [record.sort for record in store.scan(Table.SEGMENTS, tenant, "")] == ["stays"]

    def test_of_no_record_each_is_nothing(self, store: ControlStore, tenant: str) -> None:
        assert store.get_each(Table.PLANS, tenant, []) == []
        assert store.replace_each([]) == []
        store.delete_each(Table.PLANS, tenant, "", [])
        store.put_each(tenant, [])

    def test_put_is_unconditional_and_has_version_0(self, store: ControlStore, tenant: str) -> None:
        for body in (b"a", b"b"):
            store.put(Table.CHUNK_MANIFESTS, tenant, "r", "0", body)
            assert store.get(Table.CHUNK_MANIFESTS, tenant, "r", "0") == Record(
                Table.CHUNK_MANIFESTS, tenant, "r", "0", body, 0
            )

    def test_put_each_puts_into_any_table_and_partition(self, store: ControlStore, tenant: str) -> None:
        puts = [Put(table, part, str(at), b"%d" % at) for at in range(MANY) for table, part in PLACES]
        for _ in range(2):
            store.put_each(tenant, puts)
            for table, part in PLACES:
                found = store.get_each(table, tenant, [(part, str(at)) for at in range(MANY)])
                assert {(each.sort, each.body, each.version) for each in found} == {
                    (str(at), b"%d" % at, 0) for at in range(MANY)
                }

    def test_of_two_ranked_puts_the_larger_rank_wins(self, store: ControlStore) -> None:
        @settings(max_examples=25)
        @given(st.permutations([(1, b"9"), (2, b"a"), (2, b"b"), (2**62, b""), (2**62 - 1, b"z")]), st.integers(1, 5))
        def check(puts: list[tuple[int, bytes]], count: int) -> None:
            tenant = f"tenant-{uuid.uuid4().hex}"
            for rank, body in puts[:count]:
                store.put_ranked(Table.CLOCKS, tenant, "p", "s", rank, body)
            _, body = max(puts[:count])
            assert store.get(Table.CLOCKS, tenant, "p", "s") == Record(Table.CLOCKS, tenant, "p", "s", body, 0)

        check()

    def test_delete_removes_one_record_and_may_be_repeated(self, store: ControlStore, tenant: str) -> None:
        for sort in ("a", "b"):
            store.put(Table.DUE_NOTIFICATIONS, tenant, "", sort, b"")
        store.delete(Table.DUE_NOTIFICATIONS, tenant, "", "a")
        store.delete(Table.DUE_NOTIFICATIONS, tenant, "", "a")
        assert [record.sort for record in store.scan(Table.DUE_NOTIFICATIONS, tenant, "")] == ["b"]
        assert store.create(Table.DUE_NOTIFICATIONS, tenant, "", "a", b"new").version == 1

    def test_delete_unchanged_removes_only_what_was_read(self, store: ControlStore, tenant: str) -> None:
        first = store.create(Table.IDEMPOTENCY_KEYS, tenant, "k", "", b"a")
        second = store.replace(first, b"b")
        with pytest.raises(Conflict):
            store.delete_unchanged(first)
        store.delete_unchanged(second)
        with pytest.raises(Conflict):
            store.delete_unchanged(second)
        again = store.create(Table.IDEMPOTENCY_KEYS, tenant, "k", "", b"c")
        with pytest.raises(Conflict):
            store.delete_unchanged(first)  # of the same version, but another record
        assert store.get(Table.IDEMPOTENCY_KEYS, tenant, "k") == again

    def test_expired_records_are_swept(self, store: ControlStore, tenant: str) -> None:
        clock = ManualClock()
        store.create(Table.DATA_KEYS, tenant, "hash", "1", b"")
        for at in range(MANY):
            Expiries(store).note(Table.IDEMPOTENCY_KEYS, tenant, f"k{at}", b"{}", clock.now_us() + at % 2 * 10**12)
            store.create(Table.IDEMPOTENCY_KEYS, tenant, f"k{at}", "", b"{}")
        clock.jump(2 * 86_400)
        assert ExpirySweeper(store, clock).sweep() == MANY // 2
        left = [at for at in range(MANY) if store.get(Table.IDEMPOTENCY_KEYS, tenant, f"k{at}")]
        assert left == list(range(1, MANY, 2))
        assert len(store.scan(Table.EXPIRIES, tenant, DAYS)) == 1

    def test_tables_tenants_and_partitions_are_apart(self, store: ControlStore, tenant: str) -> None:
        addresses = [
            (table, each, partition)
            for table in (Table.REQUESTS, Table.PLANS)
            for each in (tenant, f"{tenant}-2")
            for partition in ("", "p")
        ]
        for at, address in enumerate(addresses):
            store.create(*address, "same", str(at).encode())
        assert [store.scan(*address)[0].body for address in addresses] == [
            str(at).encode() for at in range(len(addresses))
        ]
        assert all(len(store.scan(*address)) == 1 for address in addresses)

    def test_scan_pages_in_byte_order(self, store: ControlStore) -> None:
        @settings(max_examples=25)
        @given(st.sets(texts, max_size=8), texts, st.integers(1, 5), st.booleans())
        def check(sorts: set[str], after: str, limit: int, newest_first: bool) -> None:
            tenant = f"tenant-{uuid.uuid4().hex}"
            for sort in sorts:
                store.put(Table.SEGMENTS, tenant, "", sort, sort.encode())
            page = store.scan(Table.SEGMENTS, tenant, "", after=after, limit=limit, newest_first=newest_first)
            expected = expected_page(sorts, after, newest_first)[:limit]
            assert [(record.sort, record.body) for record in page] == [(sort, sort.encode()) for sort in expected]

        check()

    @pytest.mark.parametrize("newest_first", [False, True])
    def test_pages_follow_one_another(self, store: ControlStore, tenant: str, newest_first: bool) -> None:
        sorts = [f"{at}" for at in range(7)]
        for sort in sorts:
            store.put(Table.SEGMENTS, tenant, "", sort, b"")
        found: list[str] = []
        for expected_length in (3, 3, 1, 0):
            after = found[-1] if found else ""
            page = store.scan(Table.SEGMENTS, tenant, "", after=after, limit=3, newest_first=newest_first)
            assert len(page) == expected_length
            found += [record.sort for record in page]
        assert found == (sorts[::-1] if newest_first else sorts)

    def test_another_handle_sees_acknowledged_writes(self, store: ControlStore, connect: Connect, tenant: str) -> None:
        record = store.create(Table.REQUESTS, tenant, "", "r", b"a")
        with closing(connect()) as other:
            assert other.get(Table.REQUESTS, tenant, "", "r") == record
            changed = other.replace(record, b"b")
        assert store.get(Table.REQUESTS, tenant, "", "r") == changed

    def test_acknowledged_writes_survive_reopening(self, connect: Connect, tenant: str) -> None:
        with closing(connect()) as store:
            record = store.create(Table.REQUESTS, tenant, "", "r", b"a")
        with closing(connect()) as store:
            assert store.get(Table.REQUESTS, tenant, "", "r") == record

    def test_one_handle_serves_many_threads(self, store: ControlStore, tenant: str) -> None:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda at: store.put(Table.SEGMENTS, tenant, "", f"{at:03}", b""), range(40)))
        assert [record.sort for record in store.scan(Table.SEGMENTS, tenant, "")] == [f"{at:03}" for at in range(40)]

    def test_of_many_threads_one_creates(self, store: ControlStore, tenant: str) -> None:
        def attempt(at: int) -> bool:
            try:
                store.create(Table.IDEMPOTENCY_KEYS, tenant, "hash", "", str(at).encode())
            except Conflict:
                return False
            return True

        with ThreadPoolExecutor(8) as threads:
            won = list(threads.map(attempt, range(24)))
        assert won.count(True) == 1
        record = store.get(Table.IDEMPOTENCY_KEYS, tenant, "hash")
        assert record is not None
        assert int(record.body) == won.index(True)

    def test_of_many_processes_one_creates(self, store: ControlStore, connect: Connect, tenant: str) -> None:
        bodies = [str(at).encode() for at in range(PROCESSES)]
        with SPAWN.Pool(PROCESSES) as pool:
            won = pool.starmap(try_to_create, [(connect, tenant, body) for body in bodies])
        assert won.count(True) == 1
        record = store.get(Table.REQUESTS, tenant, "", "r")
        assert record is not None
        assert record.body == bodies[won.index(True)]

    def test_replace_loses_no_update_between_processes(
        self, store: ControlStore, connect: Connect, tenant: str
    ) -> None:
        store.create(Table.API_KEYS, tenant, "number", "", b"0")
        with SPAWN.Pool(PROCESSES) as pool:
            pool.starmap(count_up, [(connect, tenant)] * PROCESSES)
        record = store.get(Table.API_KEYS, tenant, "number")
        assert record is not None
        assert (int(record.body), record.version) == (PROCESSES * STEPS, PROCESSES * STEPS + 1)

    def test_a_walk_finds_every_record_of_a_table_once(self, store: ControlStore, tenant: str) -> None:
        tenants, sorts = [tenant, f"{tenant}-2"], [f"{number:03}" for number in range(130)]
        for each in tenants:
            store.put_each(each, [Put(Table.SEGMENTS, part, sort, sort.encode()) for part in "ab" for sort in sorts])
        store.put(Table.REQUESTS, tenant, "a", "elsewhere", b"")
        found = [record for record in store.walk(Table.SEGMENTS) if record.tenant_id in tenants]
        assert sorted((each.tenant_id, each.partition, each.sort) for each in found) == [
            (each, part, sort) for each in tenants for part in "ab" for sort in sorts
        ]
        assert all(record.body == record.sort.encode() for record in found)

    def test_the_installation_has_records_and_is_no_tenant(self, store: ControlStore, tenant: str) -> None:
        """Hints of due work, which are deleted by whole hours."""
        clock = ManualClock(random.randrange(10**15, 4 * 10**15))
        hints, hour, shard = Hints(store, clock), hour_of(clock.now_us()), shard_of_tenant(tenant)
        others = [f"{tenant}-{at}" for at in range(2 * SHARDS)]
        for each in (tenant, *others, tenant):
            hints.put(each)
        expected = {each for each in (tenant, *others) if shard_of_tenant(each) == shard}
        assert dict(hints.read(shard, hour)) == dict.fromkeys(expected, clock.now_us())
        assert INSTALLATION not in store.tenants()
        clock.jump(KEPT_US / 1e6 + 3_600)
        assert hints.sweep() >= 1 + len(others)
        assert dict(hints.read(shard, hour)) == {}
        assert hour not in [record.sort for record in store.scan(Table.DUE_WORK, INSTALLATION, HOURS)]

    def test_tenants_are_those_with_data_keys(self, store: ControlStore, tenant: str) -> None:
        store.put(Table.REQUESTS, f"{tenant}-without", "", "r", b"")
        for version in ("1", "2"):
            store.create(Table.DATA_KEYS, tenant, "general", version, b"wrapped")
        store.create(Table.DATA_KEYS, f"{tenant}-2", "hash", "1", b"wrapped")
        ours = [each for each in store.tenants() if each.startswith(tenant)]
        assert sorted(ours) == [tenant, f"{tenant}-2"]
