"""What the Cassandra of `make stack` has acknowledged is there after SIGKILL, value by value."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from deploy.stack.addresses import Ports
from deploy.stack.cassandra import Cassandra
from deploy.stack.lease import Lease
from deploy.stack.stack import Stack
from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.cassandra_session import CassandraSession
from tests.support.servers import Servers, kill

pytestmark = pytest.mark.server_faults

WRITES = 2_000  # one after another, so that some are acknowledged in the last 100 ms: periodic syncing loses those
KEYSPACE = "CREATE KEYSPACE {ks} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}"
TABLE = "CREATE TABLE {ks}.kept (key int PRIMARY KEY, value int)"
WRITE = "INSERT INTO {ks}.kept (key, value) VALUES (?, ?)"


def test_every_acknowledged_write_outlives_its_node(tmp_path: Path) -> None:
    with Lease(Stack(tmp_path, [Cassandra()], Ports.free())) as lease:
        stack = Servers(lease).use("cassandra")
        host, port = stack.addresses.cassandra
        settings = CassandraSettings(contact_points=(host,), port=port, keyspace="acknowledged")
        with closing(CassandraSession(settings)) as session:
            session.define(KEYSPACE)
            session.define(TABLE)
            for number in range(WRITES):
                session.write(WRITE, number, number * 7)
            kill(stack, "cassandra")
        stack.up("cassandra", lent=True)
        with closing(CassandraSession(settings)) as session:
            kept = dict(session.read("SELECT key, value FROM {ks}.kept"))
    assert kept == {number: number * 7 for number in range(WRITES)}
