"""Which partition the next chunk goes to, so that each worker has a chunk to go on with, and few more.

The queue stays short because it is first in, first out: whatever is in it comes before a file that arrives now.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence


def place(
    members: Sequence[Collection[int]], outstanding: Mapping[int, int], *, window: int, partitions: int
) -> int | None:
    """A partition of the member that has the fewest chunks; None if each has `window` of them.

    `members` are the partitions of each member of the group, `outstanding` the chunks by partition. Without a member,
    as many chunks wait for one as one may have.
    """
    shares = [share for share in members if share] or [range(partitions)]
    loads = [sum(outstanding.get(partition, 0) for partition in share) for share in shares]
    least = min(loads)
    if least >= window:
        return None
    share = shares[loads.index(least)]
    return min(share, key=lambda partition: (outstanding.get(partition, 0), partition))
