"""The table that a user of the peers would make for the file of services/cli/sample.py."""

from __future__ import annotations

from cassandra.cluster import Cluster

from services.cli.sample import COLUMNS

TYPES = {"slot_num": "int", "ltv": "double", "birth_date": "date"}  # the others are text
TRUNCATE_SECONDS = 120.0


def make_empty(address: tuple[str, int], keyspace: str, table: str) -> None:
    """Keyspace and table are made when they are missing; what the table held before is gone."""
    columns = ", ".join(f"{column} {TYPES.get(column, 'text')}" for column in COLUMNS)
    host, port = address
    with Cluster([host], port=port, protocol_version=5) as cluster:
        session = cluster.connect()
        session.execute(
            f"CREATE KEYSPACE IF NOT EXISTS {keyspace}"
            " WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}"
        )
        session.execute(f"CREATE TABLE IF NOT EXISTS {keyspace}.{table} ({columns}, PRIMARY KEY (crmid))")
        session.execute(f"TRUNCATE {keyspace}.{table}", timeout=TRUNCATE_SECONDS)
