"""Request ids: UUIDv7 (RFC 9562 §5.7), whose byte order is the order of acceptance."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from functools import lru_cache

SHARDS = 4  # of a month: more are smaller and contend less, and a page of the history reads from each
_DAY_MS = 86_400_000
NO_PARTITION = ""  # of what is no id


def request_id(at_us: int, random: bytes) -> str:
    """The id of a request accepted at `at_us` (microseconds since the epoch); `random` is 8 bytes.

    The 12 bits after the milliseconds hold their fraction (RFC 9562 §6.2, method 3). 4096 values are enough for 1000
    microseconds, so ids always sort by their microseconds, whatever `random` is.
    """
    milliseconds, microseconds = divmod(at_us, 1000)
    fraction = microseconds * 4096 // 1000
    head = milliseconds << 16 | 0x7 << 12 | fraction
    tail = 0b10 << 62 | int.from_bytes(random[:8], "big") >> 2
    return str(uuid.UUID(int=head << 64 | tail))


@lru_cache(4_096)
def accepted_at_us(request_id: str) -> int:
    """When the request was accepted: the inverse of `request_id`."""
    head = uuid.UUID(request_id).int >> 64
    milliseconds, fraction = head >> 16, head & 0xFFF
    return milliseconds * 1000 + -(-fraction * 1000 // 4096)


def month_of(request_id: str) -> str:
    """The month in which the request was accepted, as 2026-11. Raises `ValueError` and `OverflowError` for what is no
    id."""
    return _month_of(int(request_id[:8] + request_id[9:13], 16) // _DAY_MS)


@lru_cache(4_096)
def _month_of(day: int) -> str:
    return f"{datetime.fromtimestamp(day * _DAY_MS / 1000, UTC):%Y-%m}"


def partition_of(request_id: str) -> str:
    """The partition of the control store in which the request lies: its month, and one of its shards."""
    try:
        return f"{month_of(request_id)}/{int(request_id[-1], 16) % SHARDS}"
    except (ValueError, OverflowError):
        return NO_PARTITION
