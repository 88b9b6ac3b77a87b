"""Batches hold everything once, in order, within one set of replicas and within their bounds."""

from collections import defaultdict
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from penstock.adapters.cluster.cassandra_batches import ROW_OVERHEAD_BYTES, Batch, Limits, batches
from penstock.domain.profiles.fragments import StoredFragment, bucket_of

keys = st.binary(min_size=8, max_size=12) | st.sampled_from([bytes(8), b"\xff" * 8, b"\xff" * 12])
fragments = st.dictionaries(keys, st.binary(max_size=40), max_size=60).map(
    lambda cells: [StoredFragment(*item) for item in sorted(cells.items())]
)
limits = st.builds(Limits, st.integers(1, 20), st.integers(1, 1500), st.integers(1, 6))


def size_of(fragment: StoredFragment) -> int:
    return len(fragment.key) + len(fragment.cell) + ROW_OVERHEAD_BYTES


def fits(batch: Batch, limits: Limits) -> bool:
    return (
        len(batch.fragments) <= limits.fragments
        and sum(map(size_of, batch.fragments)) <= limits.bytes
        and len(set(batch.buckets)) <= limits.partitions
    )


@given(fragments, st.integers(0, 31), st.integers(1, 4), limits)
def test_each_fragment_is_in_one_batch_of_its_own_replicas(
    fragments: list[StoredFragment], bits: int, nodes: int, limits: Limits
) -> None:
    by_replicas: dict[int, list[StoredFragment]] = defaultdict(list)
    for batch in batches(fragments, bits=bits, replicas_of=lambda bucket: bucket % nodes, limits=limits):
        assert batch.buckets == [bucket_of(fragment.key, bits) for fragment in batch.fragments]
        (replicas,) = {bucket % nodes for bucket in batch.buckets}
        by_replicas[replicas] += batch.fragments
    assert sorted(chain(*by_replicas.values())) == fragments
    assert all(group == sorted(group) for group in by_replicas.values())


@given(fragments, st.integers(0, 31), limits)
def test_no_batch_is_beyond_a_bound_unless_it_is_a_single_fragment(
    fragments: list[StoredFragment], bits: int, limits: Limits
) -> None:
    for batch in batches(fragments, bits=bits, replicas_of=lambda _: "all", limits=limits):
        assert fits(batch, limits) or len(batch.fragments) == 1


@given(fragments, st.integers(0, 31), limits)
def test_a_batch_is_as_large_a_power_of_two_as_fits(fragments: list[StoredFragment], bits: int, limits: Limits) -> None:
    rest = list(fragments)
    for batch in batches(fragments, bits=bits, replicas_of=lambda _: "all", limits=limits):
        size = len(batch.fragments)
        assert size & (size - 1) == 0
        twice = rest[: 2 * size]
        assert len(twice) < 2 * size or not fits(Batch([bucket_of(each.key, bits) for each in twice], twice), limits)
        del rest[:size]


def test_few_sizes_are_needed() -> None:
    many = [StoredFragment(at.to_bytes(8, "big"), b"") for at in range(1000)]
    cut = batches(many, bits=12, replicas_of=lambda _: "all", limits=Limits(100, 1_000_000, 100))
    assert [len(batch.fragments) for batch in cut] == [64] * 15 + [32, 8]
