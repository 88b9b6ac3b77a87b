"""The control store in Cassandra: a table each, lightweight transactions where one of several callers must win.

`create` and `replace` are lightweight transactions, whose order the servers decide; `put` is a plain write with the
clock of this process. The two kinds of time must not meet in one record, which the port rules out, except in `delete`:
it looks at what is there (`version` tells who wrote it) and goes the same way. What was put is deleted at the very time
of that write, where a delete wins, so that no process's clock can keep a record alive or hide a later one for long.

Reads ask a quorum, which has every acknowledged change. A transaction that broke off halfway is finished or undone by
the next transaction on that record, not by a read; whoever acts on what was read does so by such a transaction.

Transactions on one partition are in each other's way: the servers have all but one of them wait for up to 100 ms and
try again. So those of one process take turns.

When the answer to a transaction is lost, it is found out: each change leaves the id of its call in the record.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from penstock.adapters.cluster.cassandra_flow import pauses
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.domain.errors import Conflict, Unavailable
from penstock.ports.control_store import ControlStore, Record, Table

BINARY = frozenset({Table.CHUNK_NODES, Table.DATA_KEYS})  # the others hold JSON, as text
TURNS = 256  # locks; two partitions that share one only wait without need
LONGEST_TURN_SECONDS = 1.0  # many times a transaction's; then the servers hang, and it is no use to wait here
PAGE_ROWS = 100  # fetched at a time: chunk_nodes has records of 300 kB

GET = "SELECT body, version FROM {ks}.%s WHERE tenant_id = ? AND partition = ? AND sort = ?"
SCAN = "SELECT sort, body, version FROM {ks}.%s WHERE tenant_id = ? AND partition = ?"
FROM_START, AFTER = SCAN + " LIMIT ?", SCAN + " AND sort > ? LIMIT ?"
FROM_END, BEFORE = SCAN + " ORDER BY sort DESC LIMIT ?", SCAN + " AND sort < ? ORDER BY sort DESC LIMIT ?"
PUT = "INSERT INTO {ks}.%s (tenant_id, partition, sort, body, version) VALUES (?, ?, ?, ?, 0)"
CREATE = """
    INSERT INTO {ks}.%s (attempt, body, version, tenant_id, partition, sort) VALUES (?, ?, ?, ?, ?, ?) IF NOT EXISTS
"""
REPLACE = """
    UPDATE {ks}.%s SET attempt = ?, body = ?, version = ? WHERE tenant_id = ? AND partition = ? AND sort = ?
    IF version = ?
"""
SETTLED = "SELECT version, attempt FROM {ks}.%s WHERE tenant_id = ? AND partition = ? AND sort = ?"
WRITTEN = "SELECT version, WRITETIME(version) FROM {ks}.%s WHERE tenant_id = ? AND partition = ? AND sort = ?"
DELETE_PUT = "DELETE FROM {ks}.%s USING TIMESTAMP ? WHERE tenant_id = ? AND partition = ? AND sort = ?"
DELETE_CREATED = "DELETE FROM {ks}.%s WHERE tenant_id = ? AND partition = ? AND sort = ? IF EXISTS"
ADD_TENANT = "INSERT INTO {ks}.tenants (kind, tenant_id) VALUES ('all', ?)"
TENANTS = "SELECT tenant_id FROM {ks}.tenants WHERE kind = 'all'"


class CassandraControlStore(ControlStore):
    def __init__(self, session: CassandraSession) -> None:
        """The store in the session's keyspace, which `migrate` has made."""
        self._session = session
        self._turns = [threading.Lock() for _ in range(TURNS)]

    def get(self, table: Table, tenant_id: str, partition: str, sort: str = "") -> Record | None:
        rows = self._session.read(GET % table, tenant_id, partition, sort)
        return _record(table, tenant_id, partition, (sort, *rows[0])) if rows else None

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
        rows = self._session.read(statement % table, tenant_id, partition, *bounds, limit, page_rows=PAGE_ROWS)
        return [_record(table, tenant_id, partition, row) for row in rows]

    def create(self, table: Table, tenant_id: str, partition: str, sort: str, body: bytes) -> Record:
        if table is Table.DATA_KEYS:  # first, since a tenant with a key that is not listed would be overlooked
            self._session.write(ADD_TENANT, tenant_id)
        record = Record(table, tenant_id, partition, sort, body, 1)
        if not self._won(CREATE, record):
            raise Conflict(f"there is a record in {table} already where one was to be created")
        return record

    def replace(self, record: Record, body: bytes) -> Record:
        after = msgspec.structs.replace(record, body=body, version=record.version + 1)
        if not self._won(REPLACE, after, record.version):
            raise Conflict(f"a record in {record.table} has changed or gone since it was read")
        return after

    def put(self, table: Table, tenant_id: str, partition: str, sort: str, body: bytes) -> None:
        self._session.write(PUT % table, tenant_id, partition, sort, _stored(table, body))

    def delete(self, table: Table, tenant_id: str, partition: str, sort: str = "") -> None:
        rows = self._session.read(WRITTEN % table, tenant_id, partition, sort)
        if not rows:
            return
        version, written_us = rows[0]
        if version:
            self._session.decide(DELETE_CREATED % table, tenant_id, partition, sort)
        else:
            self._session.write(DELETE_PUT % table, written_us, tenant_id, partition, sort)

    def tenants(self) -> list[str]:
        return [tenant_id for (tenant_id,) in self._session.read(TENANTS)]

    def _won(self, statement: str, after: Record, *condition: int) -> bool:
        """Whether this call is the one that made the record what `after` says.

        Raises `Unavailable` when the servers stay away, or when others have gone on from there meanwhile.
        """
        attempt, in_doubt = uuid.uuid4(), False
        place = (after.tenant_id, after.partition, after.sort)
        values = (attempt, _stored(after.table, after.body), after.version, *place, *condition)
        hope = time.monotonic() + self._session.settings.patience_seconds
        for pause in pauses():
            try:
                with self._turn(after):
                    won = self._session.decide(statement % after.table, *values)
                if won:
                    return True
                if not in_doubt:
                    return False
            except Unavailable:
                if time.monotonic() > hope:
                    raise
                in_doubt = True
            version, winner = self._settled(after.table, *place)
            if winner == attempt:
                return True
            if version == after.version:
                return False
            if version != after.version - 1:
                raise Unavailable(f"a record in {after.table} was changed, and more than once: read it again")
            time.sleep(pause)
        raise AssertionError("pauses do not end")

    @contextmanager
    def _turn(self, record: Record) -> Iterator[None]:
        """Alone among this process's transactions on the record's partition, unless one of them takes very long."""
        turn = self._turns[hash((record.table, record.tenant_id, record.partition)) % TURNS]
        alone = turn.acquire(timeout=LONGEST_TURN_SECONDS)
        try:
            yield
        finally:
            if alone:
                turn.release()

    def _settled(self, table: Table, *place: str) -> tuple[int, uuid.UUID | None]:
        """The version of a record and the attempt that made it; 0 when there is none."""
        rows = self._session.read_settled(SETTLED % table, *place)
        return (rows[0][0], rows[0][1]) if rows else (0, None)

    def close(self) -> None:
        """Close the session, also for others that share it."""
        self._session.close()


def _scan(after: str, newest_first: bool) -> tuple[str, tuple[str, ...]]:
    """The statement of a scan and its bound; "" as the very start also admits a record whose sort is ""."""
    if newest_first:
        return (BEFORE, (after,)) if after else (FROM_END, ())
    return (AFTER, (after,)) if after else (FROM_START, ())


def _stored(table: Table, body: bytes) -> bytes | str:
    return body if table in BINARY else body.decode()


def _record(table: Table, tenant_id: str, partition: str, row: tuple[Any, ...]) -> Record:
    sort, body, version = row
    return Record(table, tenant_id, partition, sort, body if table in BINARY else body.encode(), version)
