"""Length-prefixed framing: always used to join several fields into one byte string for hashing, key derivation or
authentication."""

from __future__ import annotations


def framed(*fields: bytes) -> bytes:
    """Each field after its length (4 bytes, big-endian), so that different fields never give the same bytes."""
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)
