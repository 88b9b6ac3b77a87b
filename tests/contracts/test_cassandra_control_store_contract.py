"""The control store in Cassandra keeps the contract."""

import time
import uuid
from contextlib import closing
from functools import partial

import pytest
from control_store_contract import Connect, ControlStoreContract

from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.cassandra_control_store import PUT, CassandraControlStore
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.ports.control_store import Table


def connect_to(settings: CassandraSettings) -> CassandraControlStore:
    return CassandraControlStore(CassandraSession(settings))


class TestCassandraControlStore(ControlStoreContract):
    @pytest.fixture
    def connect(self, cassandra_settings: CassandraSettings) -> Connect:
        return partial(connect_to, cassandra_settings)


def test_json_can_be_read_by_people(cassandra_settings: CassandraSettings) -> None:
    tenant = f"tenant-{uuid.uuid4().hex}"
    with closing(connect_to(cassandra_settings)) as store:
        store.create(Table.REQUESTS, tenant, "", "r", b'{"name":"\xc3\xa9"}')
        rows = store._session.read("SELECT body FROM {ks}.requests WHERE tenant_id = ? AND partition = ''", tenant)
    assert rows == [('{"name":"é"}',)]


def test_a_clock_that_is_ahead_keeps_no_mark_alive(cassandra_settings: CassandraSettings) -> None:
    tenant, in_an_hour = f"tenant-{uuid.uuid4().hex}", int((time.time() + 3600) * 1e6)
    ahead = PUT.strip() + " USING TIMESTAMP ?"
    with closing(connect_to(cassandra_settings)) as store:
        store._session.write(ahead % Table.ACTIVE_REQUESTS, tenant, "", "r", "{}", in_an_hour)
        assert store.get(Table.ACTIVE_REQUESTS, tenant, "", "r") is not None
        store.delete(Table.ACTIVE_REQUESTS, tenant, "", "r")
        assert store.get(Table.ACTIVE_REQUESTS, tenant, "", "r") is None
