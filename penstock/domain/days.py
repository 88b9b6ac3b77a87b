"""The length of a day, in the units in which times are counted."""

from __future__ import annotations

DAY_SECONDS = 86_400
DAY_US = DAY_SECONDS * 1_000_000  # microseconds


def seconds_left(at_seconds: float) -> int:
    """The whole seconds until midnight UTC, at least one; `at_seconds` since the epoch."""
    return max(1, DAY_SECONDS - int(at_seconds) % DAY_SECONDS)
