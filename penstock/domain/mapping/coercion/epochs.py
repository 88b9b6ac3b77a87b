"""Epoch times: seconds or milliseconds since 1970-01-01 in UTC, as programs export them.

Only times from 1900 to 2099 that are at least 60 days away from 1970-01-01 are accepted. So zeros and counters are no
times, and seconds are no milliseconds nor the reverse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

SECONDS, MILLIS = "epoch_second", "epoch_millis"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROS = 1_000_000  # of a second
_FIRST = int((datetime(1900, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds()) * _MICROS
_END = int((datetime(2100, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds()) * _MICROS
_NEAR_ZERO = 60 * 24 * 3_600 * _MICROS


class EpochPattern:
    """Takes the place of a compiled date pattern: a match is that of the time as ISO 8601."""

    def __init__(self, micros: int, decimals: int, iso: re.Pattern[str]) -> None:
        """`micros` are the microseconds of one unit, which may have so many `decimals`."""
        self._micros, self._decimals, self._iso = micros, decimals, iso
        self._written = re.compile(rf"(-?[0-9]{{5,14}})(?:\.([0-9]{{1,{decimals}}}))?", re.ASCII)

    @property
    def groupindex(self) -> Mapping[str, int]:
        return self._iso.groupindex

    def fullmatch(self, text: str) -> re.Match[str] | None:
        match = self._written.fullmatch(text)
        if match is None:
            return None
        whole, decimals = match.groups()
        micros = int(whole) * self._micros
        if decimals:
            part = int(decimals.ljust(self._decimals, "0"))
            micros += -part if whole[0] == "-" else part
        if not _FIRST <= micros < _END or -_NEAR_ZERO < micros < _NEAR_ZERO:
            return None
        return self._iso.fullmatch((_EPOCH + timedelta(microseconds=micros)).isoformat())


def epoch_patterns(iso: re.Pattern[str]) -> Mapping[str, EpochPattern]:
    """The pattern of each unit; `iso` matches a time of ISO 8601."""
    return MappingProxyType({SECONDS: EpochPattern(_MICROS, 6, iso), MILLIS: EpochPattern(1_000, 3, iso)})
