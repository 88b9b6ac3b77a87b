"""The profile store: fragments in wide partitions, with the guarantees of Apache Cassandra.

Partition key: (tenant, epoch, bucket); clustering key: `fragment_key`; one cell per fragment.

Promises:

- A write is an upsert at a timestamp. The larger timestamp wins; at equal timestamps the larger cell, byte by byte.
  So writes may arrive in any order and any number of times.
- A delete covers a range of fragment keys in one partition at a timestamp. It hides every fragment in the range whose
  timestamp is not larger, even if that is written later.
- There is no transaction across partitions: a `write` that raises may have stored any part of the fragments.
- A read sees every write that returned before it began.
- Errors: `Unavailable` only; the call can be repeated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from penstock.domain.profiles.epochs import Partition
from penstock.domain.profiles.fragments import KeyAndCell, StoredFragment


class ProfileStore(Protocol):
    def write(
        self, tenant_id: str, epoch: int, fragments: Sequence[KeyAndCell], *, bits: int, timestamp_us: int
    ) -> None:
        """Upsert `fragments`, sorted by key. A fragment's bucket is the `bits` leading bits of its key."""
        ...

    def read(self, tenant_id: str, partitions: Sequence[Partition], start: bytes, end: bytes) -> list[StoredFragment]:
        """The live fragments of these partitions with start <= key < end, in the order of the partitions and of
        the keys in each."""
        ...

    def scan(self, tenant_id: str, partition: Partition) -> Iterator[StoredFragment]:
        """All live fragments of one partition, in key order and bounded memory."""
        ...

    def delete(self, tenant_id: str, partition: Partition, start: bytes, end: bytes, *, timestamp_us: int) -> None:
        """Hide the fragments of a partition with start <= key < end, under the rule above."""
        ...

    def close(self) -> None: ...
