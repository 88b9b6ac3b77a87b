"""The length of a day, in the units in which times are counted."""

from __future__ import annotations

DAY_SECONDS = 86_400
DAY_US = DAY_SECONDS * 1_000_000  # microseconds
