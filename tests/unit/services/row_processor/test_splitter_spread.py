"""A file's chunks are spread evenly over workers, whichever partitions each of them has."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from services.row_processor.splitter import stride


@given(st.integers(1, 500))
def test_every_partition_gets_its_turn(partitions: int) -> None:
    assert math.gcd(stride(partitions), partitions) == 1


@given(chunks=st.integers(1, 200), start=st.integers(0, 15), workers=st.sampled_from([2, 4]), dealt=st.booleans())
def test_workers_get_about_as_many_chunks_each(chunks: int, start: int, workers: int, dealt: bool) -> None:
    """16 partitions, of which each worker has a range of neighbours or, `dealt` out, every second or fourth one."""
    owner = {partition: partition % workers if dealt else partition * workers // 16 for partition in range(16)}
    shares = [0] * workers
    for chunk in range(chunks):
        shares[owner[(start + chunk * stride(16)) % 16]] += 1
    assert max(shares) - min(shares) <= 2
