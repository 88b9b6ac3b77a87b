"""Shares: each tenant has one owner, and its hints lie where that owner reads."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.dispatching.owners import EVERYTHING, NOTHING, SHARDS, Share, shard_of_tenant

TENANTS = st.text(min_size=1, max_size=8)


@given(TENANTS, st.integers(1, 60), st.randoms())
def test_each_tenant_is_of_one_share_which_has_its_shard(tenant_id: str, count: int, random: object) -> None:
    partitions = list(range(count))
    random.shuffle(partitions)  # type: ignore[attr-defined]
    shares = [Share(frozenset(partitions[at::3]), count) for at in range(3)]
    (own,) = [share for share in shares if share.has(tenant_id)]
    assert shard_of_tenant(tenant_id) in own.shards


@given(TENANTS)
def test_everything_has_everybody_and_nothing_has_nobody(tenant_id: str) -> None:
    assert EVERYTHING.has(tenant_id)
    assert list(EVERYTHING.shards) == list(range(SHARDS))
    assert not NOTHING.has(tenant_id)
    assert list(NOTHING.shards) == []


def test_partitions_that_divide_the_shards_share_them_without_overlap() -> None:
    shares = [Share(frozenset({partition}), 4) for partition in range(4)]
    assert sorted(shard for share in shares for shard in share.shards) == list(range(SHARDS))
