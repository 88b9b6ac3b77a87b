"""How fragments are grouped into batches: by the nodes that keep them, and bounded. No I/O.

A batch costs its coordinator least when it is a replica of every row in it. Sorted fragments of one bucket follow one
another, so that a batch also merges into few mutations. Sizes are powers of two: each size is a statement of its own to
prepare, on every server.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from penstock.domain.fragments import StoredFragment, bucket_of

ROW_OVERHEAD_BYTES = 64  # what Cassandra counts of a row beside its key and its cell: measured 35 to 50


class Limits(NamedTuple):
    """Of one batch. A fragment of more bytes than a batch may have goes alone."""

    fragments: int
    bytes: int
    partitions: int


class Placed(NamedTuple):
    """A fragment and the bucket it goes to."""

    bucket: int
    key: bytes
    cell: bytes


def batches(
    fragments: Sequence[StoredFragment], *, bits: int, replicas_of: Callable[[int], Hashable], limits: Limits
) -> Iterator[Sequence[Placed]]:
    """`fragments`, sorted by key, in batches of which each goes to one set of replicas; their order is kept."""
    for group in _by_replicas(fragments, bits, replicas_of):
        yield from _bounded(group, limits)


def _by_replicas(
    fragments: Sequence[StoredFragment], bits: int, replicas_of: Callable[[int], Hashable]
) -> list[list[Placed]]:
    groups: dict[Hashable, list[Placed]] = {}
    for bucket, run in groupby(fragments, lambda fragment: bucket_of(fragment[0], bits)):
        group = groups.setdefault(replicas_of(bucket), [])
        group += [Placed(bucket, key, cell) for key, cell in run]
    return list(groups.values())


def _bounded(group: Sequence[Placed], limits: Limits) -> Iterator[Sequence[Placed]]:
    start = 0
    while start < len(group):
        size = _power_of_two(_fitting(group, start, limits))
        yield group[start : start + size]
        start += size


def _fitting(group: Sequence[Placed], start: int, limits: Limits) -> int:
    """How many fragments from `start` on fit into one batch, at least one."""
    bytes_left, partitions_left = limits.bytes, limits.partitions
    bucket_before = -1
    end = min(start + limits.fragments, len(group))
    for at in range(start, end):
        bucket, key, cell = group[at]
        bytes_left -= len(key) + len(cell) + ROW_OVERHEAD_BYTES
        partitions_left -= bucket != bucket_before
        bucket_before = bucket
        if bytes_left < 0 or partitions_left < 0:
            return max(1, at - start)
    return end - start


def _power_of_two(number: int) -> int:
    """The largest power of two that is not larger than `number`, which is at least 1."""
    return int(1 << (number.bit_length() - 1))
