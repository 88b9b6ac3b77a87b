"""The table that a user of the peers would make for the file of services/cli/sample.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cassandra.cluster import Cluster, Session

from services.cli.sample import COLUMNS

TYPES = {"slot_num": "int", "ltv": "double", "birth_date": "date"}  # the others are text
TRUNCATE_SECONDS = 120.0


def create(address: tuple[str, int], keyspace: str, table: str) -> None:
    """Create the keyspace and the table."""
    columns = ", ".join(f"{column} {TYPES.get(column, 'text')}" for column in COLUMNS)
    with _connected(address) as session:
        session.execute(
            f"CREATE KEYSPACE {keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 1}}"
        )
        session.execute(f"CREATE TABLE {keyspace}.{table} ({columns}, PRIMARY KEY (crmid))")


def empty(address: tuple[str, int], *tables: str) -> None:
    """Delete all rows of these tables, each as `keyspace.table`."""
    with _connected(address) as session:
        for table in tables:
            session.execute(f"TRUNCATE {table}", timeout=TRUNCATE_SECONDS)


@contextmanager
def _connected(address: tuple[str, int]) -> Iterator[Session]:
    host, port = address
    with Cluster([host], port=port, protocol_version=5) as cluster:
        yield cluster.connect()
