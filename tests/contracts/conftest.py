"""More real servers' addresses; Kafka's is in `tests/conftest.py`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing

import pytest

from deploy.stack.addresses import Addresses
from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.cassandra_schema import migrate
from penstock.adapters.cluster.cassandra_session import CassandraSession
from tests.support.servers import Servers


@pytest.fixture(scope="session")
def cassandra_address(real_servers: Servers) -> tuple[str, int]:
    """Shared by all tests of a run: use a keyspace of your own."""
    return real_servers.use("cassandra").addresses.cassandra


@pytest.fixture(scope="session")
def cassandra_settings(cassandra_address: tuple[str, int]) -> Iterator[CassandraSettings]:
    """Of a migrated keyspace, shared by all tests of this process: use tenants of your own."""
    host, port = cassandra_address
    settings = CassandraSettings(contact_points=(host,), port=port, keyspace=f"test_{uuid.uuid4().hex}")
    migrate(settings)
    yield settings
    with closing(CassandraSession(settings)) as session:
        session.define("DROP KEYSPACE {ks}")


@pytest.fixture(scope="session")
def s3_address(real_servers: Servers) -> Addresses:
    """See its `s3_url`, `s3_access_key` and `s3_secret_key`. Shared by all tests of a run: use a bucket of your own."""
    return real_servers.use("s3").addresses
