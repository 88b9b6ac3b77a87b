"""The profile store: fragments in wide partitions, with the guarantees of Apache Cassandra.

Partition key: (tenant, bucket); clustering key: `fragment_key`; one cell per fragment.

Promises:

- A write is an upsert at a timestamp. The larger timestamp wins; at equal timestamps the larger cell, byte by byte.
  So writes may arrive in any order and any number of times.
- A delete covers a range of fragment keys in one bucket at a timestamp. It hides every fragment in the range whose
  timestamp is not larger, even if that is written later.
- There is no transaction across buckets: a `write` that raises may have stored any part of the fragments.
- A read sees every write that returned before it began.
- Errors: `Unavailable` only; the call can be repeated.
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
        """All live fragments of one bucket, in key order and bounded memory."""
        ...

    def delete(self, tenant_id: str, bucket: int, start: bytes, end: bytes, *, timestamp_us: int) -> None:
        """Hide the fragments of `bucket` with start <= key < end, under the rule above."""
        ...

    def close(self) -> None: ...
