"""The control store: small versioned records; the authoritative state of every request.

A record is stored in a table under (tenant, partition, sort). `Table` lists all tables. The tenant "" stands for the
installation.

Promises:

- `create` and `replace` are linearisable per record (Cassandra: lightweight transactions; SQLite: a transaction):
  exactly one of several callers succeeds, the others get `Conflict`. Nothing is atomic across records.
- `put` is an unconditional upsert, for records with equivalent content from every writer.
  A record is never changed by both `put` and `replace`.
- `put_ranked` is an upsert that the larger rank wins, however late the other one arrives. The tables in `RANKED` take
  no other write, and none of their records is ever deleted.
- What a call acknowledged survives a crash of the process and of the machine.
- `scan` returns a partition's records in the order of `sort` (byte order of its UTF-8).
- A method with the suffix `_each` does the same for several distinct records, in as few round trips as possible. It is
  not atomic: after an error it may have been done for some.
- Errors: `Conflict`, `Unavailable`. After `Unavailable` a write may or may not have happened: read before deciding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

import msgspec


class Table(StrEnum):
    """partition / sort of each table."""

    CLOCKS = "clocks"  # name / "": the time of the last request id
    DATA_KEYS = "data_keys"  # purpose / version: wrapped keys
    KEY_CHECKS = "key_checks"  # purpose / "": the newest version, and a value that only it gives; "destroyed" / ""
    DATA_SOURCES = "data_sources"  # "" / name
    ATTRIBUTES = "attributes"  # "" / name
    ATTRIBUTE_USES = "attribute_uses"  # "" / data source: the attributes that its mappings have ever fed
    IDENTIFIER_RANKINGS = "identifier_rankings"  # "" / "": the order of the tenant's identifiers
    MAPPINGS = "mappings"  # data source / version
    PENDING_MAPPINGS = "pending_mappings"  # data source / version and request id: current once the request completes
    REQUESTS = "requests"  # month and shard of its id / request id
    REQUEST_CHECKS = "request_checks"  # month and shard / request id: that it replaces, or was undone
    REQUEST_LISTS = "request_lists"  # month and list / request id: the history; "months" / month
    PLANS = "plans"  # hash of the content / ""
    ACTIVE_REQUESTS = "active_requests"  # ten minutes / request id: not ended or not announced; "windows" / ten minutes
    IDEMPOTENCY_KEYS = "idempotency_keys"  # hash of the key / "": its request
    KEY_CLAIMS = "key_claims"  # hash of the key / "": until when a call with it may be under way
    EXPIRIES = "expiries"  # day / table, partition and digest of a record that ends then; "days" / day
    DUE_WORK = "due_work"  # shard and hour / tenant: a hint, under the tenant ""; "hours" / hour: those with hints
    SAME_FILES = "same_files"  # hash of a file, its mapping and its source / "": the last request that it led to
    QUEUES = "queues"  # "" / "": the places of the requests that wait
    REPLACEMENTS = "replacements"  # data source / request id: requests in replace mode
    EPOCHS = "epochs"  # "" / epoch: the number of bits that name a bucket of it
    CHUNK_MANIFESTS = "chunk_manifests"  # request id / chunk: counts and reasons
    CHUNK_NODES = "chunk_nodes"  # request id and chunk / "": the written nodes
    CHUNK_LINES = "chunk_lines"  # request id / chunk: the lines of rejects, and of a child those that it corrects
    CHUNK_FAILURES = "chunk_failures"  # request id / chunk: failed attempts that the chunk itself caused
    NOTIFICATIONS = "notifications"  # request id / channel, status and target
    DUE_NOTIFICATIONS = "due_notifications"  # channel / request id, channel, status and target: not ended yet
    API_KEYS = "api_keys"  # "" or "revoked" / hash of the key; and "revoked_admins" / "": revoked admin keys
    SESSIONS = "sessions"  # "" / hash of the secret: sessions of the console
    SAVED_VIEWS = "saved_views"  # "" / key, or user of the machine: filters of the history by name
    SIGN_IN_LINKS = "sign_in_links"  # "" / hash of the secret: one-time links that begin a session
    AUDIT = "audit"  # day / time and a random part
    SEGMENTS = "segments"  # "" / name
    DRAFTS = "drafts"  # "" / file id: files that are received in parts; "accepted" / file id: those that have requests
    IMPORT_DRAFTS = "import_drafts"  # "" / draft id: imports that people have begun in the console
    TENANT_LIMITS = "tenant_limits"  # "" / "": what the tenant may upload
    PUBLISHERS = "publishers"  # "" / publisher id: services that may offer files


RANKED = frozenset({Table.CLOCKS, Table.KEY_CHECKS, Table.REQUEST_CHECKS})

Place = tuple[str, str]  # partition and sort of a record


class Put(NamedTuple):
    """A record to put, of any table and partition."""

    table: Table
    partition: str
    sort: str
    body: bytes


class Record(msgspec.Struct, frozen=True):
    table: Table
    tenant_id: str
    partition: str
    sort: str
    body: bytes  # JSON, except in CHUNK_NODES and DATA_KEYS
    version: int  # counts from 1; 0 for records written by `put` and `put_ranked`


class ControlStore(Protocol):
    def get(self, table: Table, tenant_id: str, partition: str, sort: str = "") -> Record | None: ...

    def get_each(self, table: Table, tenant_id: str, places: Sequence[Place]) -> list[Record]:
        """The existing records among these, in no order."""
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
        """Up to `limit` records of a partition after `after`, in the direction of the scan ("": from the start)."""
        ...

    def create(self, table: Table, tenant_id: str, partition: str, sort: str, body: bytes) -> Record:
        """Create a record with version 1. Raises `Conflict` when it already exists."""
        ...

    def replace(self, record: Record, body: bytes) -> Record:
        """Store a new body with version + 1. Raises `Conflict` when `record` was changed or deleted since then."""
        ...

    def replace_each(self, changes: Sequence[tuple[Record, bytes]]) -> list[Record | None]:
        """As `replace` for each, all of one partition: its result, or None instead of `Conflict`."""
        ...

    def put(self, table: Table, tenant_id: str, partition: str, sort: str, body: bytes) -> None:
        """Upsert unconditionally."""
        ...

    def put_each(self, tenant_id: str, puts: Sequence[Put]) -> None:
        """As `put` for each."""
        ...

    def put_ranked(self, table: Table, tenant_id: str, partition: str, sort: str, rank: int, body: bytes) -> None:
        """Upsert, unless the record has a larger rank, or the same rank and a larger body. `rank` is 1 to 2^63 - 1."""
        ...

    def delete_unchanged(self, record: Record) -> None:
        """Remove a record that `create` or `replace` wrote. Raises `Conflict` when it was changed or deleted since it
        was read."""
        ...

    def delete(self, table: Table, tenant_id: str, partition: str, sort: str = "") -> None:
        """Remove a record; a missing one is not an error."""
        ...

    def delete_each(self, table: Table, tenant_id: str, partition: str, sorts: Sequence[str]) -> None:
        """As `delete` for each, all of one partition."""
        ...

    def walk(self, table: Table) -> Iterator[Record]:
        """Every record of a table, of all tenants, in no order. One that is written meanwhile may be missing."""
        ...

    def tenants(self) -> list[str]:
        """Every tenant that has at least one data key."""
        ...

    def close(self) -> None: ...
