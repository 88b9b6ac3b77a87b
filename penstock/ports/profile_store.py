"""The profile store: fragments in wide partitions; what Apache Cassandra can give, and no more.

The shape is DESIGN §3's `profile_fragments`: partition key (tenant, bucket), clustering key `fragment_key`, one cell.

Promises:

- A write is an upsert at a timestamp. The larger timestamp wins; at equal timestamps the larger cell, byte by byte.
  So writes may come in any order and any number of times.
- A delete covers a range of fragment keys within one bucket at a timestamp, and hides every fragment in it whose
  timestamp is not larger, also one that is written later.
- There is no transaction across buckets: a `write` that raises may have stored any part of what it was given.
- A read sees every write that returned before it began.
- Errors: `Unavailable` only; the same call may be made again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from penstock.domain.profiles.fragments import KeyAndCell, StoredFragment


class ProfileStore(Protocol):
    def write(self, tenant_id: str, fragments: Sequence[KeyAndCell], *, bits: int, timestamp_us: int) -> None:
        """Upsert `fragments`, sorted by key. A fragment's bucket is the `bits` leading bits of its key."""
        ...

    def read(self, tenant_id: str, bucket: int, start: bytes, end: bytes) -> list[StoredFragment]:
        """The live fragments of `bucket` with start <= key < end, in key order."""
        ...

    def scan(self, tenant_id: str, bucket: int) -> Iterator[StoredFragment]:
        """All live fragments of one bucket, in key order, without holding them in memory."""
        ...

    def delete(self, tenant_id: str, bucket: int, start: bytes, end: bytes, *, timestamp_us: int) -> None:
        """Hide the fragments of `bucket` with start <= key < end, as the module says."""
        ...

    def close(self) -> None: ...
