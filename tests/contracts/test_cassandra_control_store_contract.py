"""The control store in Cassandra keeps the contract."""

from functools import partial

import pytest
from control_store_contract import Connect, ControlStoreContract

from penstock.adapters.cluster.cassandra_control_store import CassandraControlStore
from penstock.adapters.cluster.cassandra_session import CassandraSession, CassandraSettings


def connect_to(settings: CassandraSettings) -> CassandraControlStore:
    return CassandraControlStore(CassandraSession(settings))


class TestCassandraControlStore(ControlStoreContract):
    @pytest.fixture
    def connect(self, cassandra_settings: CassandraSettings) -> Connect:
        return partial(connect_to, cassandra_settings)
