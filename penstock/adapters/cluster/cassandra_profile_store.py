"""The profile store in Cassandra: wide partitions of fragments, written in token-aware unlogged batches.

A batch is one prepared statement with several updates, bound once; the driver's BatchStatement takes 50% more CPU time.
"""

from __future__ import annotations

import string
import struct
from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache

from cassandra.query import BoundStatement

from penstock.adapters.cluster.cassandra_batches import Batch, Limits, batches
from penstock.adapters.cluster.cassandra_bulk_executor import BulkExecutor, InFlightLimit
from penstock.adapters.cluster.cassandra_errors import OVERLOADED, TRANSIENT, errors
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.domain.errors import Refused
from penstock.domain.profiles.epochs import Partition
from penstock.domain.profiles.fragments import KeyAndCell, StoredFragment
from penstock.ports.profile_store import ProfileStore

# An UPDATE writes only the cell; an INSERT also writes a row marker, a tenth of the server's cost per row.
WRITE = """
    UPDATE {ks}.profile_fragments SET fragment = ?
    WHERE tenant_id = ? AND epoch = ? AND bucket = ? AND fragment_key = ?
"""
READ = """
    SELECT fragment_key, fragment FROM {ks}.profile_fragments
    WHERE tenant_id = ? AND epoch = ? AND bucket = ? AND fragment_key >= ? AND fragment_key < ?
"""
DELETE = """
    DELETE FROM {ks}.profile_fragments USING TIMESTAMP ?
    WHERE tenant_id = ? AND epoch = ? AND bucket = ? AND fragment_key >= ? AND fragment_key < ?
"""
PAGE = "SELECT fragment_key, fragment FROM {ks}.profile_fragments WHERE tenant_id = ? AND epoch = ? AND bucket = ?"
FIRST_PAGE, NEXT_PAGE = PAGE + " LIMIT ?", PAGE + " AND fragment_key > ? LIMIT ?"
THRESHOLD = "SELECT value FROM system_views.settings WHERE name = ?"

SCAN_PAGE_FRAGMENTS = 1000
CACHED_BUCKETS = 1 << 17  # whose replicas are cached

# The servers' thresholds, beyond which they log each batch, and their defaults.
BATCH_BYTES = ("batch_size_warn_threshold", "5KiB")
BATCH_PARTITIONS = ("unlogged_batch_across_partitions_warn_threshold", "10")
UNITS = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20}


class _BoundBatch(BoundStatement):  # type: ignore[misc]
    """For a batch with its own timestamp, the server returns no keyspace and no partition, so both are set here;
    without them the batch would go to any node. `raw_values` is empty, so that no bound value appears in a log."""

    routing_key: bytes | None = None
    raw_values = ()


class CassandraProfileStore(ProfileStore):
    def __init__(self, session: CassandraSession) -> None:
        """The store in the session's keyspace, which `migrate` created. Raises as the session does."""
        settings = session.settings
        self._session = session
        self._limits = Limits(
            fragments=settings.batch_fragments,
            bytes=settings.batch_bytes or _threshold(session, *BATCH_BYTES),
            partitions=settings.batch_partitions or _threshold(session, *BATCH_PARTITIONS),
        )
        self._ring: object = None
        self._replicas = lru_cache(CACHED_BUCKETS)(self._look_up_replicas)
        self._in_flight = InFlightLimit(settings.batches_in_flight)
        self._executor = BulkExecutor(
            session.driver.execute_async,
            self._in_flight,
            transient=TRANSIENT,
            overloaded=OVERLOADED,
            timeout_seconds=settings.timeout_seconds,
        )

    def write(
        self, tenant_id: str, epoch: int, fragments: Sequence[KeyAndCell], *, bits: int, timestamp_us: int
    ) -> None:
        """Binds all batches before it sends the first, because batches in quick succession take a server half the CPU
        time."""
        with errors():
            self._executor.run(list(self.statements(tenant_id, epoch, fragments, bits=bits, timestamp_us=timestamp_us)))

    def statements(
        self, tenant_id: str, epoch: int, fragments: Sequence[KeyAndCell], *, bits: int, timestamp_us: int
    ) -> Iterator[BoundStatement]:
        """The statements of `write`, one per batch. Raises the driver's errors."""
        tenant, timestamp = tenant_id.encode(), struct.pack(">q", timestamp_us)

        def replicas_of(bucket: int) -> Hashable:
            return self._replicas(tenant, epoch, bucket)

        self._follow_ring()
        for batch in batches(fragments, bits=bits, replicas_of=replicas_of, limits=self._limits):
            yield self._bound(batch, tenant, epoch, timestamp)

    def read(self, tenant_id: str, partitions: Sequence[Partition], start: bytes, end: bytes) -> list[StoredFragment]:
        if start >= end:
            return []
        values = [(tenant_id, *partition, start, end) for partition in partitions]
        return [StoredFragment(*row) for row in self._session.read_each(READ, values)]

    def scan(self, tenant_id: str, partition: Partition) -> Iterator[StoredFragment]:
        page = self._session.read(FIRST_PAGE, tenant_id, *partition, SCAN_PAGE_FRAGMENTS)
        while page:
            yield from (StoredFragment(*row) for row in page)
            if len(page) < SCAN_PAGE_FRAGMENTS:
                return
            page = self._session.read(NEXT_PAGE, tenant_id, *partition, page[-1][0], SCAN_PAGE_FRAGMENTS)

    def delete(self, tenant_id: str, partition: Partition, start: bytes, end: bytes, *, timestamp_us: int) -> None:
        if start < end:  # one range tombstone
            self._session.write(DELETE, timestamp_us, tenant_id, *partition, start, end)

    @property
    def in_flight_limit(self) -> int:
        """How many batches this process may send at once now."""
        return self._in_flight.limit

    def close(self) -> None:
        """Close the session, also for others that share it."""
        self._session.close()

    def _follow_ring(self) -> None:
        """Clear the cached replicas when the ring changed; outdated ones would only cost a hop."""
        ring = self._session.cluster.metadata.token_map
        if ring is not self._ring:
            self._ring = ring
            self._replicas.cache_clear()

    def _look_up_replicas(self, tenant: bytes, epoch: int, bucket: int) -> Hashable:
        """The nodes of this data centre that store a bucket."""
        settings, metadata = self._session.settings, self._session.cluster.metadata
        hosts = metadata.get_replicas(settings.keyspace, _routing_key(tenant, epoch, bucket))
        return frozenset(host.host_id for host in hosts if settings.local_dc in ("", host.datacenter))

    def _bound(self, batch: Batch, tenant: bytes, epoch: int, timestamp: bytes) -> BoundStatement:
        """The statement of one batch. Its values are already in wire format, so the driver need not encode each."""
        size = len(batch.fragments)
        statement = _BoundBatch(self._session.prepare(_batch(size), idempotent=True))
        statement.keyspace = self._session.settings.keyspace
        statement.routing_key = _routing_key(tenant, epoch, batch.buckets[0])
        values = [timestamp] * (1 + 5 * size)
        values[2::5] = [tenant] * size
        values[3::5] = [_int(epoch)] * size
        values[4::5] = map(_int, batch.buckets)
        values[5::5], values[1::5] = zip(*batch.fragments, strict=True)
        statement.values = values
        return statement


@lru_cache
def _batch(size: int) -> str:
    writes = "; ".join([WRITE] * size)
    return f"BEGIN UNLOGGED BATCH USING TIMESTAMP ? {writes}; APPLY BATCH"


@lru_cache(CACHED_BUCKETS)
def _int(number: int) -> bytes:
    """A CQL int on the wire."""
    return struct.pack(">i", number)


def _routing_key(tenant: bytes, epoch: int, bucket: int) -> bytes:
    """A composite partition key: each part between its length (2 bytes) and a zero byte."""
    return b"".join(struct.pack(f">H{len(part)}sx", len(part), part) for part in (tenant, _int(epoch), _int(bucket)))


def _threshold(session: CassandraSession, name: str, default: str) -> int:
    """One of the servers' thresholds, or its default when this user may not read the settings."""
    try:
        rows = session.read(THRESHOLD, name)
    except Refused:
        rows = []
    return _number(rows[0][0] if rows else default)


def _number(text: str) -> int:
    """`5KiB` or `10` as Cassandra writes sizes and numbers."""
    number = text.rstrip(string.ascii_letters)
    return int(number) * UNITS[text.removeprefix(number)]
