"""Groups fragments into bounded batches, by the nodes that store them. No I/O.

A batch costs its coordinator least when that node is a replica of every row in it. Sorted fragments of a bucket are
adjacent, so a batch also merges into few mutations. Sizes are powers of two, because each size is a separate statement
to prepare on every server.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from penstock.domain.profiles.fragments import KeyAndCell, bucket_of

KEY_START_BYTES = 8  # of a key: they determine its bucket
BEYOND_ALL_KEYS = b"\xff" * 256
ROW_OVERHEAD_BYTES = 64  # Cassandra's overhead of a row beside key and cell; measured 35 to 50


class Limits(NamedTuple):
    """The limits of one batch. A fragment larger than `bytes` gets its own batch."""

    fragments: int
    bytes: int
    partitions: int


class Batch(NamedTuple):
    """Fragments, and the bucket of each."""

    buckets: list[int]
    fragments: list[KeyAndCell]


class _Group(NamedTuple):
    """All fragments of one set of replicas. `starts` has the index of each bucket's first fragment."""

    buckets: list[int]
    fragments: list[KeyAndCell]
    starts: list[int]


def batches(
    fragments: Sequence[KeyAndCell], *, bits: int, replicas_of: Callable[[int], Hashable], limits: Limits
) -> Iterator[Batch]:
    """`fragments`, sorted by key, in batches for one set of replicas each; keeps their order."""
    for group in _by_replicas(fragments, bits, replicas_of):
        yield from _bounded(group, limits)


def _by_replicas(fragments: Sequence[KeyAndCell], bits: int, replicas_of: Callable[[int], Hashable]) -> list[_Group]:
    groups: dict[Hashable, _Group] = {}
    for bucket, run in _runs(fragments, bits):
        replicas = replicas_of(bucket)
        group = groups.get(replicas)
        if group is None:
            group = groups[replicas] = _Group([], [], [])
        group.starts.append(len(group.fragments))
        group.fragments.extend(run)
        group.buckets.extend([bucket] * len(run))
    return list(groups.values())


def _runs(fragments: Sequence[KeyAndCell], bits: int) -> Iterator[tuple[int, Sequence[KeyAndCell]]]:
    """The fragments of each bucket. One comparison per fragment, as computing each bucket takes five times as long."""
    start, end = 0, len(fragments)
    while start < end:
        bucket = bucket_of(fragments[start][0], bits)
        beyond = _beyond(bucket, bits)
        stop = start + 1
        while stop < end and fragments[stop][0] < beyond:
            stop += 1
        yield bucket, fragments[start:stop]
        start = stop


def _beyond(bucket: int, bits: int) -> bytes:
    """The smallest key after a bucket."""
    following = bucket + 1
    if following >> bits:
        return BEYOND_ALL_KEYS
    return (following << (8 * KEY_START_BYTES - bits)).to_bytes(KEY_START_BYTES, "big")


def _bounded(group: _Group, limits: Limits) -> Iterator[Batch]:
    buckets, fragments, starts = group
    sizes = list(accumulate(len(key) + len(cell) + ROW_OVERHEAD_BYTES for key, cell in fragments))
    start = used = 0
    while start < len(fragments):
        by_bytes = bisect_right(sizes, used + limits.bytes)
        first_beyond = bisect_right(starts, start) - 1 + limits.partitions
        by_partitions = starts[first_beyond] if first_beyond < len(starts) else len(fragments)
        count = min(start + limits.fragments, len(fragments), by_bytes, by_partitions) - start
        stop = start + _power_of_two(max(1, count))
        yield Batch(buckets[start:stop], fragments[start:stop])
        start, used = stop, sizes[stop - 1]


def _power_of_two(number: int) -> int:
    """The largest power of two that is not larger than `number`, which is at least 1."""
    return int(1 << (number.bit_length() - 1))
