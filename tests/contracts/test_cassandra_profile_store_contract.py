"""The profile store in Cassandra keeps the contract, with batches as the servers take them and with tiny ones."""

from functools import partial

import msgspec
import pytest
from profile_store_contract import Connect, ProfileStoreContract

from penstock.adapters.cluster.cassandra_profile_store import CassandraProfileStore
from penstock.adapters.cluster.cassandra_session import CassandraSession, CassandraSettings


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
