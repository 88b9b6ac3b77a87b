"""How large the chunks of a file are."""

from __future__ import annotations

MIN_CHUNK_DIVISOR = 4  # a chunk has at least the maximum size divided by this
SHARED_CHUNKS = 16  # into which a file is divided at least if they are not too small, so that a fleet shares it
SLACK = 1_000  # a chunk is 1/1000 longer than its share, so that the last row fits


def even_chunk_bytes(size: int, *, max_bytes: int) -> int:
    """The chunk size that divides a file of `size` bytes into equal parts of up to `max_bytes`.

    A small file has fewer chunks, since each has a fixed cost; a file below half of `max_bytes` is one chunk.
    """
    with_slack = size + size // SLACK
    chunks = max(-(-with_slack // max_bytes), min(SHARED_CHUNKS, with_slack * MIN_CHUNK_DIVISOR // max_bytes))
    return -(-with_slack // chunks) if chunks > 1 else max_bytes
