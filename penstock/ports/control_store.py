"""The control store: small versioned records; the authority on every request's state.

A record lives in a table under (tenant, partition, sort). Tables are fixed and listed in `Table`.

Promises:

- `create` and `replace` are linearisable per record (Cassandra: lightweight transactions; SQLite: a transaction):
  of several callers exactly one wins, the others get `Conflict`. There is nothing atomic across records.
- `put` is an unconditional upsert, for records that are written with the same meaning whoever writes them.
  A record is never changed by `put` and by `replace` both.
- What a call acknowledged survives a crash of the process and of the machine.
- `scan` returns a partition's records in the order of `sort` (byte order of its UTF-8).
- What ends in `_each` does the same to several different records of one partition, in as few round trips as can be, not
  as one: after an error it may have been done to some.
- Errors: `Conflict`, `Unavailable`. After `Unavailable` a write may or may not have happened: read before deciding.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec


class Table(StrEnum):
    """partition / sort of each table."""

    CLOCKS = "clocks"  # name / "": the last request id given out
    DATA_KEYS = "data_keys"  # purpose / version: wrapped keys
    DATA_SOURCES = "data_sources"  # "" / name
    ATTRIBUTES = "attributes"  # "" / name
    MAPPINGS = "mappings"  # data source / version
    REQUESTS = "requests"  # "" / request id
    PLANS = "plans"  # "" / request id
    ACTIVE_REQUESTS = "active_requests"  # "" / request id: not ended yet, for those who tidy up
    IDEMPOTENCY_KEYS = "idempotency_keys"  # hash of the key / "": the request it led to
    REPLACEMENTS = "replacements"  # data source / request id: requests in replace mode
    CHUNK_MANIFESTS = "chunk_manifests"  # request id / chunk: counts and reasons
    CHUNK_NODES = "chunk_nodes"  # request id / chunk: the nodes that were written
    CHUNK_FAILURES = "chunk_failures"  # request id / chunk: attempts that failed for a reason of the chunk's own
    NOTIFICATIONS = "notifications"  # request id / channel, status and target
    DUE_NOTIFICATIONS = "due_notifications"  # channel / request id, channel, status and target: not ended yet
    API_KEYS = "api_keys"  # "" / hash of the key; and "revoked_admins" / "": which revocations are decided
    AUDIT = "audit"  # day / time and a random part
    SEGMENTS = "segments"  # "" / name
    PUBLISHERS = "publishers"  # "" / publisher id: services that may offer files


class Record(msgspec.Struct, frozen=True):
    table: Table
    tenant_id: str
    partition: str
    sort: str
    body: bytes  # JSON, except in CHUNK_NODES and DATA_KEYS
    version: int  # counts from 1; 0 for records written by `put`


class ControlStore(Protocol):
    def get(self, table: Table, tenant_id: str, partition: str, sort: str = "") -> Record | None: ...

    def get_each(self, table: Table, tenant_id: str, partition: str, sorts: Sequence[str]) -> list[Record]:
        """Those of the records that are there, in no order."""
        ...

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
        """Up to `limit` records of a partition, beyond `after` in the direction of the scan ("" is the very start)."""
        ...

    def create(self, table: Table, tenant_id: str, partition: str, sort: str, body: bytes) -> Record:
        """A new record with version 1. Raises `Conflict` when there is one already."""
        ...

    def replace(self, record: Record, body: bytes) -> Record:
        """`record` with a new body and version + 1. Raises `Conflict` when it has changed or gone since it was read."""
        ...

    def replace_each(self, changes: Sequence[tuple[Record, bytes]]) -> list[Record | None]:
        """As `replace` of each: what it returns, or None where it raises `Conflict`."""
        ...

    def put(self, table: Table, tenant_id: str, partition: str, sort: str, body: bytes) -> None:
        """Upsert without condition."""
        ...

    def delete(self, table: Table, tenant_id: str, partition: str, sort: str = "") -> None:
        """Remove a record; one that is not there is no error."""
        ...

    def delete_each(self, table: Table, tenant_id: str, partition: str, sorts: Sequence[str]) -> None: ...

    def tenants(self) -> list[str]:
        """Every tenant that has at least one data key."""
        ...

    def close(self) -> None: ...
