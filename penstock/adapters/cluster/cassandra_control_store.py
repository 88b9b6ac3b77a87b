"""The control store in Cassandra: one table per `Table`, with lightweight transactions for compare-and-set.

`create` and `replace` are lightweight transactions, with timestamps from the servers; `put` is a plain write with a
timestamp from this process's clock. The two must not be mixed in one record. The port rules that out except for
`delete`, which reads how the record was written (`version`) and deletes it in the same way. A `put` record is deleted
with the timestamp of its write, where the delete wins, so no clock can keep a record alive or hide a later one.
`put_ranked` is a plain write whose timestamp is the rank: Cassandra keeps the larger one, then the larger value.

Reads use a quorum, which has every acknowledged change. A transaction that was interrupted is finished or undone by the
next transaction on the record, not by a read; any action based on a read is such a transaction.

Transactions on one partition contend, so those of one process take turns (`cassandra_turns`), and several changes of
one partition are one transaction, an atomic batch.

When the response to a transaction is lost, a read finds its outcome: each change stores the id of its call.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from penstock.adapters.cluster.cassandra_bulk_executor import pauses
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.adapters.cluster.cassandra_turns import MAX_CHANGES, Target, Turns
from penstock.domain.errors import Conflict, Unavailable
from penstock.ports.control_store import ControlStore, Place, Put, Record, Table

BINARY = frozenset({Table.CHUNK_NODES, Table.DATA_KEYS})  # the other tables have JSON as text
PAGE_ROWS = 100  # per fetch; chunk_nodes has records of 300 kB

SCAN = "SELECT sort, body, version FROM {ks}.%s WHERE tenant_id = ? AND partition = ?"
GET_EACH = "SELECT partition, sort, body, version FROM {ks}.%s WHERE tenant_id = ? AND partition = ? AND sort IN ?"
WALK = "SELECT tenant_id, partition, sort, body, version FROM {ks}.%s"
FROM_START, AFTER = SCAN + " LIMIT ?", SCAN + " AND sort > ? LIMIT ?"
FROM_END, BEFORE = SCAN + " ORDER BY sort DESC LIMIT ?", SCAN + " AND sort < ? ORDER BY sort DESC LIMIT ?"
PUT = "INSERT INTO {ks}.%s (tenant_id, partition, sort, body, version) VALUES (?, ?, ?, ?, 0)"
PUT_RANKED = PUT + " USING TIMESTAMP ?"
CREATE = """
    INSERT INTO {ks}.%s (attempt, body, version, tenant_id, partition, sort) VALUES (?, ?, ?, ?, ?, ?) IF NOT EXISTS
"""
REPLACE = """
    UPDATE {ks}.%s SET attempt = ?, body = ?, version = ? WHERE tenant_id = ? AND partition = ? AND sort = ?
    IF version = ?
"""
OUTCOME = "SELECT version, attempt FROM {ks}.%s WHERE tenant_id = ? AND partition = ? AND sort = ?"
WRITTEN = "SELECT sort, version, WRITETIME(version) FROM {ks}.%s WHERE tenant_id = ? AND partition = ? AND sort IN ?"
DELETE_PUT = "DELETE FROM {ks}.%s USING TIMESTAMP ? WHERE tenant_id = ? AND partition = ? AND sort = ?"
DELETE_UNCHANGED = """
    DELETE FROM {ks}.%s WHERE tenant_id = ? AND partition = ? AND sort = ? IF version = ? AND body = ?
"""
DELETE_CREATED = "DELETE FROM {ks}.%s WHERE tenant_id = ? AND partition = ? AND sort = ? IF EXISTS"
ADD_TENANT = "INSERT INTO {ks}.tenants (kind, tenant_id) VALUES ('all', ?)"
TENANTS = "SELECT tenant_id FROM {ks}.tenants WHERE kind = 'all'"

T = TypeVar("T")


class CassandraControlStore(ControlStore):
    def __init__(self, session: CassandraSession) -> None:
        """The store in the session's keyspace, which `migrate` created."""
        self._session = session
        self._turns = Turns(session.decide_all)

    def get(self, table: Table, tenant_id: str, partition: str, sort: str = "") -> Record | None:
        return next(iter(self.get_each(table, tenant_id, [(partition, sort)])), None)

    def get_each(self, table: Table, tenant_id: str, places: Sequence[Place]) -> list[Record]:
        sorts: dict[str, list[str]] = {}
        for partition, sort in places:
            sorts.setdefault(partition, []).append(sort)
        reads = [(tenant_id, partition, part) for partition, each in sorts.items() for part in _parts(each)]
        rows = self._session.read_each(GET_EACH % table, reads) if reads else []
        return [_record(table, tenant_id, partition, row) for partition, *row in rows]

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
        if table is Table.DATA_KEYS:  # first, because a tenant with a key must be listed
            self._session.write(ADD_TENANT, tenant_id)
        record = Record(table, tenant_id, partition, sort, body, 1)
        if not self._won(CREATE, [record]):
            raise Conflict(f"the record to create in {table} already exists")
        return record

    def replace(self, record: Record, body: bytes) -> Record:
        [after] = self.replace_each([(record, body)])
        if after is None:
            raise Conflict(f"a record in {record.table} was changed or deleted since it was read")
        return after

    def replace_each(self, changes: Sequence[tuple[Record, bytes]]) -> list[Record | None]:
        after = [_next(record, body) for record, body in changes]
        return [each for part in _parts(after) for each in self._replaced(part)]

    def _replaced(self, after: Sequence[Record]) -> Sequence[Record | None]:
        """Replace in one transaction; if a changed record made that fail, one by one."""
        if self._won(REPLACE, after):
            return after
        if len(after) == 1:
            return [None]
        return [each for record in after for each in self._replaced([record])]

    def put(self, table: Table, tenant_id: str, partition: str, sort: str, body: bytes) -> None:
        self.put_each(tenant_id, [Put(table, partition, sort, body)])

    def put_each(self, tenant_id: str, puts: Sequence[Put]) -> None:
        self._session.write_each(
            [
                (PUT % each.table, (tenant_id, each.partition, each.sort, _stored(each.table, each.body)))
                for each in puts
            ]
        )

    def put_ranked(self, table: Table, tenant_id: str, partition: str, sort: str, rank: int, body: bytes) -> None:
        self._session.write(PUT_RANKED % table, tenant_id, partition, sort, _stored(table, body), rank)

    def delete_unchanged(self, record: Record) -> None:
        address, body = (record.tenant_id, record.partition, record.sort), _stored(record.table, record.body)
        with self._turns.turn(_target(record)):
            deleted = self._session.decide(DELETE_UNCHANGED % record.table, *address, record.version, body)
        if not deleted:
            raise Conflict(f"a record in {record.table} was changed or deleted since it was read")

    def delete(self, table: Table, tenant_id: str, partition: str, sort: str = "") -> None:
        self.delete_each(table, tenant_id, partition, [sort])

    def delete_each(self, table: Table, tenant_id: str, partition: str, sorts: Sequence[str]) -> None:
        rows = self._session.read(WRITTEN % table, tenant_id, partition, sorts)
        put = [(written_us, tenant_id, partition, sort) for sort, version, written_us in rows if not version]
        for part in _parts(put):
            self._session.write_all(DELETE_PUT % table, part)
        for sort, version, _ in rows:
            if version:
                self._session.decide(DELETE_CREATED % table, tenant_id, partition, sort)

    def walk(self, table: Table) -> Iterator[Record]:
        for tenant_id, partition, *row in self._session.read_pages(WALK % table, page_rows=PAGE_ROWS):
            yield _record(table, tenant_id, partition, row)

    def tenants(self) -> list[str]:
        return [tenant_id for (tenant_id,) in self._session.read(TENANTS)]

    def _won(self, statement: str, after: Sequence[Record]) -> bool:
        """Whether this call changed all these records of one partition to `after`; otherwise it changed none.

        Raises `Unavailable` when the servers stay unavailable, or when others have changed the record again since.
        """
        attempt, in_doubt = uuid.uuid4(), False
        values, sorts = [_values(statement, attempt, each) for each in after], [each.sort for each in after]
        first = after[0]  # its outcome is that of all
        deadline = time.monotonic() + self._session.settings.timeout_seconds
        for pause in pauses():
            refused = False
            try:
                won = self._turns.decide(_target(first), statement % first.table, sorts, values)
                if won or not in_doubt:
                    return won
                refused = True
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
                in_doubt = True
            version, winner = self._outcome(first)
            if winner == attempt:
                return True
            if version == first.version or (
                refused and version == first.version - 1
            ):  # one of the other records has changed
                return False
            if version != first.version - 1:
                raise Unavailable(f"a record in {first.table} was changed more than once: read it again")
            time.sleep(pause)
        raise AssertionError("pauses do not end")

    def _outcome(self, record: Record) -> tuple[int, uuid.UUID | None]:
        """The stored version of `record` (0 when it does not exist) and the attempt that wrote it."""
        rows = self._session.read_serial(OUTCOME % record.table, record.tenant_id, record.partition, record.sort)
        return (rows[0][0], rows[0][1]) if rows else (0, None)

    def close(self) -> None:
        """Close the session, also for others that share it."""
        self._session.close()


def _scan(after: str, newest_first: bool) -> tuple[str, tuple[str, ...]]:
    """The statement of a scan and its bound; `after=""` includes a record whose sort is ""."""
    if newest_first:
        return (BEFORE, (after,)) if after else (FROM_END, ())
    return (AFTER, (after,)) if after else (FROM_START, ())


def _target(record: Record) -> Target:
    return Target(record.table, record.tenant_id, record.partition)


def _parts(items: Sequence[T]) -> list[Sequence[T]]:
    """Split into parts that are small enough for one statement."""
    return [items[start : start + MAX_CHANGES] for start in range(0, len(items), MAX_CHANGES)]


def _next(record: Record, body: bytes) -> Record:
    return msgspec.structs.replace(record, body=body, version=record.version + 1)


def _values(statement: str, attempt: uuid.UUID, after: Record) -> tuple[Any, ...]:
    """The values of `statement` (CREATE or REPLACE) that write `after`."""
    change = (attempt, _stored(after.table, after.body), after.version, after.tenant_id, after.partition, after.sort)
    return (*change, after.version - 1) if statement is REPLACE else change


def _stored(table: Table, body: bytes) -> bytes | str:
    return body if table in BINARY else body.decode()


def _record(table: Table, tenant_id: str, partition: str, row: Sequence[Any]) -> Record:
    sort, body, version = row
    return Record(table, tenant_id, partition, sort, body if table in BINARY else body.encode(), version)
