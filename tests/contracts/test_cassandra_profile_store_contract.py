"""The profile store in Cassandra keeps the contract, with batches as the servers take them and with tiny ones."""

import gc
import random
from contextlib import closing
from functools import partial

import msgspec
import pytest
from cassandra.query import BoundStatement
from profile_store_contract import BITS, EPOCH, Connect, ProfileStoreContract

from penstock.adapters.cluster.cassandra_batches import Batch
from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.cassandra_profile_store import READ, CassandraProfileStore
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.domain.errors import Unavailable
from penstock.domain.profiles.fragments import StoredFragment
from tests.support.waiting import until


def connect_to(settings: CassandraSettings) -> CassandraProfileStore:
    return CassandraProfileStore(CassandraSession(settings))


class TestCassandraProfileStore(ProfileStoreContract):
    @pytest.fixture
    def connect(self, cassandra_settings: CassandraSettings) -> Connect:
        return partial(connect_to, cassandra_settings)


class TestCassandraProfileStoreOfTinyBatches(ProfileStoreContract):
    @pytest.fixture
    def connect(self, cassandra_settings: CassandraSettings) -> Connect:
        small = msgspec.structs.replace(cassandra_settings, batch_bytes=300, batch_partitions=2, batches_in_flight=2)
        return partial(connect_to, small)


def test_a_batch_goes_to_a_node_that_keeps_it(cassandra_settings: CassandraSettings) -> None:
    with closing(connect_to(cassandra_settings)) as store:
        batch = Batch([0, 7], [StoredFragment(bytes(16), b"a"), StoredFragment(b"\xff" * 16, b"b")])
        statement = store._bound(batch, b"tenant", EPOCH, bytes(8))
        session = store._session
        read = session.prepare(READ, idempotent=True).bind(("tenant", EPOCH, 0, b"", b""))
        assert statement.routing_key == read.routing_key  # which the driver works out by itself
        assert statement.keyspace == cassandra_settings.keyspace
        assert statement.is_idempotent
        assert "values=()" in str(statement)
        everyone = frozenset(host.host_id for host in session.cluster.metadata.all_hosts())
        assert store._look_up_replicas(b"tenant", EPOCH, 7) == everyone


def test_batches_stay_below_the_warning_threshold(cassandra_settings: CassandraSettings) -> None:
    with closing(connect_to(cassandra_settings)) as store:
        rows = store._session.read("SELECT name, value FROM system_views.settings")
    thresholds = dict(rows)
    assert f"{store._limits.bytes // 1024}KiB" == thresholds["batch_size_warn_threshold"]
    assert str(store._limits.partitions) == thresholds["unlogged_batch_across_partitions_warn_threshold"]


def test_the_servers_do_not_warn_of_full_batches(
    cassandra_settings: CassandraSettings, caplog: pytest.LogCaptureFixture
) -> None:
    fragments = sorted(StoredFragment(random.randbytes(44), random.randbytes(330)) for _ in range(3000))
    with closing(connect_to(cassandra_settings)) as store:
        store.write("tenant-of-warnings", EPOCH, fragments, bits=12, timestamp_us=1)
    assert [record for record in caplog.records if "warning" in record.getMessage()] == []


def test_written_data_is_released(cassandra_settings: CassandraSettings) -> None:
    """The driver's timers would keep it until they went off."""
    slow = msgspec.structs.replace(cassandra_settings, request_timeout_seconds=600)
    fragments = sorted(StoredFragment(random.randbytes(44), random.randbytes(330)) for _ in range(3000))
    with closing(connect_to(slow)) as store:
        store.write("tenant", EPOCH, fragments, bits=12, timestamp_us=1)
        until(lambda: not any(isinstance(each, BoundStatement) for each in gc.get_objects()))


def test_closing_one_store_of_a_session_twice_is_no_error(cassandra_settings: CassandraSettings) -> None:
    store = connect_to(msgspec.structs.replace(cassandra_settings, timeout_seconds=0.5))
    store.close()
    store.close()
    with pytest.raises(Unavailable):
        store.write("tenant", EPOCH, [StoredFragment(bytes(16), b"")], bits=BITS, timestamp_us=1)
