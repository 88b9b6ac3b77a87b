"""The control store in SQLite: one table of records, one transaction per call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import msgspec

from penstock.adapters.embedded.sqlite import Database
from penstock.domain.errors import Conflict
from penstock.ports.control_store import ControlStore, Place, Put, Record, Table

SCHEMA = """
CREATE TABLE records (
    tbl TEXT, tenant TEXT, partition TEXT, sort TEXT, body BLOB NOT NULL, version INTEGER NOT NULL,
    rank INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tbl, tenant, partition, sort)
) WITHOUT ROWID, STRICT;
"""
GET = "SELECT body, version FROM records WHERE tbl = ? AND tenant = ? AND partition = ? AND sort = ?"
GET_OF_PARTITION = """
    SELECT sort, body, version FROM records
    WHERE tbl = ? AND tenant = ? AND partition = ? AND sort IN (SELECT value FROM json_each(?))
"""
SCAN = "SELECT sort, body, version FROM records WHERE tbl = ? AND tenant = ? AND partition = ?"
OLDEST_FIRST = SCAN + " AND sort > ? ORDER BY sort LIMIT ?"
NEWEST_FIRST = SCAN + " ORDER BY sort DESC LIMIT ?"
NEWEST_FIRST_AFTER = SCAN + " AND sort < ? ORDER BY sort DESC LIMIT ?"
FIRST_AFTER_NOTHING = SCAN + " ORDER BY sort LIMIT ?"
CREATE = "INSERT INTO records VALUES (?, ?, ?, ?, ?, 1, 0) ON CONFLICT DO NOTHING RETURNING version"
REPLACE = """
    UPDATE records SET body = ?, version = version + 1
    WHERE tbl = ? AND tenant = ? AND partition = ? AND sort = ? AND version = ?
    RETURNING version
"""
PUT = "INSERT INTO records VALUES (?, ?, ?, ?, ?, 0, 0) ON CONFLICT DO UPDATE SET body = excluded.body, version = 0"
PUT_RANKED = """
    INSERT INTO records VALUES (?, ?, ?, ?, ?, 0, ?)
    ON CONFLICT DO UPDATE SET body = excluded.body, rank = excluded.rank
    WHERE (excluded.rank, excluded.body) > (rank, body)
"""
DELETE_UNCHANGED = """
    DELETE FROM records WHERE tbl = ? AND tenant = ? AND partition = ? AND sort = ? AND version = ? AND body = ?
    RETURNING version
"""
DELETE = "DELETE FROM records WHERE tbl = ? AND tenant = ? AND partition = ? AND sort = ?"
WALK = """
    SELECT tenant, partition, sort, body, version FROM records
    WHERE tbl = ? AND (tenant, partition, sort) > (?, ?, ?) ORDER BY tenant, partition, sort LIMIT ?
"""
TENANTS = "SELECT DISTINCT tenant FROM records WHERE tbl = ? ORDER BY tenant"

WALKED_ROWS = 100  # in one read; chunk_nodes has records of 300 kB


class EmbeddedControlStore(ControlStore):
    def __init__(self, path: Path) -> None:
        """The store in the database at `path`, created if missing. Raises `Unavailable`, `Corrupt`."""
        self._database = Database(path, SCHEMA)

    def get(self, table: Table, tenant_id: str, partition: str, sort: str = "") -> Record | None:
        with self._database.read() as connection:
            row: Any = connection.execute(GET, (table.value, tenant_id, partition, sort)).fetchone()
        return None if row is None else Record(table, tenant_id, partition, sort, *row)

    def get_each(self, table: Table, tenant_id: str, places: Sequence[Place]) -> list[Record]:
        sorts: dict[str, list[str]] = {}
        for partition, sort in places:
            sorts.setdefault(partition, []).append(sort)
        with self._database.read() as connection:
            rows: list[Any] = [
                (partition, *row)
                for partition, requested in sorts.items()
                for row in connection.execute(
                    GET_OF_PARTITION, (table.value, tenant_id, partition, msgspec.json.encode(requested).decode())
                )
            ]
        return [Record(table, tenant_id, *row) for row in rows]

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
            raise Conflict(f"the record to create in {table} already exists")
        return Record(table, tenant_id, partition, sort, body, 1)

    def replace(self, record: Record, body: bytes) -> Record:
        [after] = self.replace_each([(record, body)])
        if after is None:
            raise Conflict(f"a record in {record.table} was changed or deleted since it was read")
        return after

    def replace_each(self, changes: Sequence[tuple[Record, bytes]]) -> list[Record | None]:
        with self._database.write() as connection:
            return [_replace(connection, record, body) for record, body in changes]

    def put(self, table: Table, tenant_id: str, partition: str, sort: str, body: bytes) -> None:
        self.put_each(tenant_id, [Put(table, partition, sort, body)])

    def put_each(self, tenant_id: str, puts: Sequence[Put]) -> None:
        with self._database.write() as connection:
            connection.executemany(PUT, [(each.table.value, tenant_id, *each[1:]) for each in puts])

    def put_ranked(self, table: Table, tenant_id: str, partition: str, sort: str, rank: int, body: bytes) -> None:
        with self._database.write() as connection:
            connection.execute(PUT_RANKED, (table.value, tenant_id, partition, sort, body, rank))

    def delete_unchanged(self, record: Record) -> None:
        with self._database.write(erase=True) as connection:
            found = connection.execute(DELETE_UNCHANGED, (*_address(record), record.version, record.body)).fetchone()
        if found is None:
            raise Conflict(f"a record in {record.table} was changed or deleted since it was read")

    def delete(self, table: Table, tenant_id: str, partition: str, sort: str = "") -> None:
        self.delete_each(table, tenant_id, partition, [sort])

    def delete_each(self, table: Table, tenant_id: str, partition: str, sorts: Sequence[str]) -> None:
        with self._database.write(erase=True) as connection:
            connection.executemany(DELETE, [(table.value, tenant_id, partition, sort) for sort in sorts])

    def walk(self, table: Table) -> Iterator[Record]:
        after = ("", "", "")
        while True:
            with self._database.read() as connection:
                rows: list[Any] = connection.execute(WALK, (table.value, *after, WALKED_ROWS)).fetchall()
            yield from (Record(table, *row) for row in rows)
            if len(rows) < WALKED_ROWS:
                return
            after = rows[-1][:3]

    def tenants(self) -> list[str]:
        with self._database.read() as connection:
            return [tenant for (tenant,) in connection.execute(TENANTS, (Table.DATA_KEYS.value,))]

    def close(self) -> None:
        self._database.close()


def _replace(connection: apsw.Connection, record: Record, body: bytes) -> Record | None:
    row = connection.execute(REPLACE, (body, *_address(record), record.version)).fetchone()
    return None if row is None else msgspec.structs.replace(record, body=body, version=row[0])


def _address(record: Record) -> tuple[str, str, str, str]:
    return record.table.value, record.tenant_id, record.partition, record.sort


def _scan(after: str, newest_first: bool) -> tuple[str, tuple[Any, ...]]:
    """The statement of a scan and its bound; `after=""` includes a record whose sort is ""."""
    if newest_first:
        return (NEWEST_FIRST_AFTER, (after,)) if after else (NEWEST_FIRST, ())
    return (OLDEST_FIRST, (after,)) if after else (FIRST_AFTER_NOTHING, ())
