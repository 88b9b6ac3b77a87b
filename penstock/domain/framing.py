"""Length-prefixed framing: the only way in which several fields become one byte string to hash, derive from or
authenticate."""

from __future__ import annotations


def framed(*fields: bytes) -> bytes:
    """Each field after its length (4 bytes, big-endian), so that no two lists of fields give the same bytes."""
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)
