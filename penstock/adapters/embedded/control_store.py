"""The control store in SQLite: one table of records, one transaction a call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from penstock.adapters.embedded.sqlite import Database
from penstock.domain.errors import Conflict
from penstock.ports.control_store import ControlStore, Record, Table

SCHEMA = """
CREATE TABLE records (
    tbl TEXT, tenant TEXT, partition TEXT, sort TEXT, body BLOB NOT NULL, version INTEGER NOT NULL,
    PRIMARY KEY (tbl, tenant, partition, sort)
) WITHOUT ROWID, STRICT;
"""
GET = "SELECT body, version FROM records WHERE tbl = ? AND tenant = ? AND partition = ? AND sort = ?"
SCAN = "SELECT sort, body, version FROM records WHERE tbl = ? AND tenant = ? AND partition = ?"
OLDEST_FIRST = SCAN + " AND sort > ? ORDER BY sort LIMIT ?"
NEWEST_FIRST = SCAN + " ORDER BY sort DESC LIMIT ?"
NEWEST_FIRST_AFTER = SCAN + " AND sort < ? ORDER BY sort DESC LIMIT ?"
FIRST_AFTER_NOTHING = SCAN + " ORDER BY sort LIMIT ?"
CREATE = "INSERT INTO records VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING RETURNING version"
REPLACE = """
    UPDATE records SET body = ?, version = version + 1
    WHERE tbl = ? AND tenant = ? AND partition = ? AND sort = ? AND version = ?
    RETURNING version
"""
PUT = "INSERT INTO records VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT DO UPDATE SET body = excluded.body, version = 0"
DELETE = "DELETE FROM records WHERE tbl = ? AND tenant = ? AND partition = ? AND sort = ?"
TENANTS = "SELECT DISTINCT tenant FROM records WHERE tbl = ? ORDER BY tenant"


class EmbeddedControlStore(ControlStore):
    def __init__(self, path: Path) -> None:
        """The store in the database at `path`, which is made when it is missing. Raises `Unavailable`, `Corrupt`."""
        self._database = Database(path, SCHEMA)

    def get(self, table: Table, tenant_id: str, partition: str, sort: str = "") -> Record | None:
        with self._database.read() as connection:
            row: Any = connection.execute(GET, (table.value, tenant_id, partition, sort)).fetchone()
        return None if row is None else Record(table, tenant_id, partition, sort, *row)

    def scan(
        self,
        table: Table,
        tenant_id: str,
        partition: str,
        *,
        after: str = "",
        limit: int = 1000,
        newest_first: bool = False,
    ) -> list[Record]:
        statement, bounds = _scan(after, newest_first)
        with self._database.read() as connection:
            rows: list[Any] = connection.execute(
                statement, (table.value, tenant_id, partition, *bounds, limit)
            ).fetchall()
        return [Record(table, tenant_id, partition, *row) for row in rows]

    def create(self, table: Table, tenant_id: str, partition: str, sort: str, body: bytes) -> Record:
        with self._database.write() as connection:
            created = connection.execute(CREATE, (table.value, tenant_id, partition, sort, body)).fetchone()
        if created is None:
            raise Conflict(f"there is a record in {table} already where one was to be created")
        return Record(table, tenant_id, partition, sort, body, 1)

    def replace(self, record: Record, body: bytes) -> Record:
        with self._database.write() as connection:
            row = connection.execute(REPLACE, (body, *_address(record), record.version)).fetchone()
        if row is None:
            raise Conflict(f"a record in {record.table} has changed or gone since it was read")
        return msgspec.structs.replace(record, body=body, version=row[0])

    def put(self, table: Table, tenant_id: str, partition: str, sort: str, body: bytes) -> None:
        with self._database.write() as connection:
            connection.execute(PUT, (table.value, tenant_id, partition, sort, body))

    def delete(self, table: Table, tenant_id: str, partition: str, sort: str = "") -> None:
        with self._database.write(erase=True) as connection:
            connection.execute(DELETE, (table.value, tenant_id, partition, sort))

    def tenants(self) -> list[str]:
        with self._database.read() as connection:
            return [tenant for (tenant,) in connection.execute(TENANTS, (Table.DATA_KEYS.value,))]

    def close(self) -> None:
        self._database.close()


def _address(record: Record) -> tuple[str, str, str, str]:
    return record.table.value, record.tenant_id, record.partition, record.sort


def _scan(after: str, newest_first: bool) -> tuple[str, tuple[Any, ...]]:
    """The statement of a scan and its bound; "" as the very start also admits a record whose sort is ""."""
    if newest_first:
        return (NEWEST_FIRST_AFTER, (after,)) if after else (NEWEST_FIRST, ())
    return (OLDEST_FIRST, (after,)) if after else (FIRST_AFTER_NOTHING, ())
