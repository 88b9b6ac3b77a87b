"""How large the chunks of a file are."""

from __future__ import annotations

MIN_CHUNK_DIVISOR = 4  # a chunk has at least the maximum size divided by this
SLACK = 1_000  # a chunk is 1/1000 longer than its share, so that the last row fits


def even_chunk_bytes(size: int, *, max_bytes: int, partitions: int) -> int:
    """The chunk size that divides a file of `size` bytes into equal parts of up to `max_bytes`.

    Each partition gets the same number of chunks, so that workers finish together. A small file has fewer chunks, since
    each has a fixed cost; a file below half of `max_bytes` is one chunk.
    """
    with_slack = size + size // SLACK
    chunks = max(-(-with_slack // max_bytes), min(partitions, with_slack * MIN_CHUNK_DIVISOR // max_bytes))
    if chunks > partitions:
        chunks = -(-chunks // partitions) * partitions
    return -(-with_slack // chunks) if chunks > 1 else max_bytes
