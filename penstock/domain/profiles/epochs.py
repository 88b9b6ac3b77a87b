"""Epochs: weeks of acceptance. A partition of fragments is a bucket of one epoch.

So partitions stay small however long a tenant feeds, old data can go by whole partitions, and the number of buckets may
grow with the tenant: it is of an epoch, fixed by the first request that is accepted in it.
"""

from __future__ import annotations

from typing import NamedTuple

from penstock.domain.days import DAY_US
from penstock.domain.profiles.fragments import bucket_of
from penstock.domain.profiles.identity import Node

WEEK_DAYS = 7
FIRST_DAY = 3  # 1970-01-01 was a Thursday; weeks begin on Mondays, as in ISO 8601


class Partition(NamedTuple):
    """One partition of a tenant's fragments."""

    epoch: int
    bucket: int


class Epoch(NamedTuple):
    """A week, counted from 1, that of 1970-01-01. A bucket of it is named by the `bits` leading bits of a node."""

    number: int
    bits: int

    def partition(self, node: Node) -> Partition:
        """Where the fragments at `node` lie."""
        return Partition(self.number, bucket_of(node, self.bits))


def epoch_number(accepted_at_us: int) -> int:
    """The epoch of a request that was accepted at this time, in microseconds since 1970."""
    return (accepted_at_us // DAY_US + FIRST_DAY) // WEEK_DAYS + 1
