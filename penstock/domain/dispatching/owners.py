"""Which process looks after a tenant: the one with its partition of a topic."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import gcd
from typing import NamedTuple
from zlib import crc32

SHARDS = 24  # of the hints of due work


def partition_of_tenant(tenant_id: str, partitions: int) -> int:
    return crc32(tenant_id.encode()) % partitions


def shard_of_tenant(tenant_id: str) -> int:
    return partition_of_tenant(tenant_id, SHARDS)


class Share(NamedTuple):
    """The tenants of these partitions, when all tenants are spread over `of` partitions."""

    partitions: frozenset[int]
    of: int

    def has(self, tenant_id: str) -> bool:
        return bool(self.partitions) and partition_of_tenant(tenant_id, self.of) in self.partitions

    @property
    def shards(self) -> Iterable[int]:
        """The shards that may have a hint for one of these tenants."""
        return _shards(self)


NOTHING = Share(frozenset(), 1)
EVERYTHING = Share(frozenset({0}), 1)


@lru_cache(16)
def _shards(share: Share) -> tuple[int, ...]:
    """The remainders of a number by `SHARDS` and by `of` agree by their greatest common divisor."""
    step = gcd(SHARDS, share.of)
    remainders = {partition % step for partition in share.partitions}
    return tuple(shard for shard in range(SHARDS) if shard % step in remainders)
