"""Dates and datetimes: parsed with an explicit pattern, stored as ISO 8601. A time zone is never guessed.

The pattern alone decides on the notation, and `date` on whether the day exists. `fromisoformat` is not used, because it
accepts more with every version of Python.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from penstock.domain.mapping.coercion.base import CellCoercer, CoercionError, Value
from penstock.domain.mapping.coercion.date_patterns import (
    ISO_DATETIME,
    DatePattern,
    date_patterns,
    datetime_patterns,
    is_afternoon,
)

_CACHED_DAYS = 32_768  # more than a lifetime has; 8 MB at most

_PARTS = ("year", "month", "day", "hour", "minute", "second", "fraction", "offset", "half")


class DateCoercer(CellCoercer):
    """YYYY-MM-DD from the first pattern that fits, by default yyyy-MM-dd; days repeat, so they are cached.

    Of a pattern with a time, the value is the day as it is written; that of an epoch is in UTC.
    """

    def __init__(self, argument: str = "") -> None:
        self._patterns = date_patterns(argument or "yyyy-MM-dd")
        self._known: dict[str, str] = {}

    def parse(self, text: str) -> Value:
        if (value := self._value(text)) is None:
            raise CoercionError("not_a_date")
        return value

    def parse_fast(self, cells: Sequence[str]) -> list[Value | None]:
        known = self._known.get
        return [known(cell) or self._value(cell) for cell in cells]

    def _value(self, text: str) -> str | None:
        for pattern in self._patterns:
            match = pattern.regex.fullmatch(text)
            if match is None:
                continue
            try:
                value = _iso_date(*pattern.day(*match.group("year", "month", "day")))
            except ValueError:
                continue
            self._remember(text, value)
            return value
        return None

    def _remember(self, text: str, value: str) -> None:
        if len(self._known) >= _CACHED_DAYS:  # one file's rare days must not block the cache for the next
            self._known.clear()
        self._known[text] = value


class DateTimeCoercer(CellCoercer):
    """ISO 8601 from the first pattern of `argument` that fits, by default ISO 8601. A date alone means its midnight.

    The offset is kept, with Z as +00:00; without one the value stays local. Equals `datetime.isoformat`.
    """

    def __init__(self, argument: str = "") -> None:
        patterns = datetime_patterns(argument) if argument else (DatePattern(ISO_DATETIME),)
        self._patterns = [  # numbers of groups are faster than names
            (pattern, tuple(pattern.regex.groupindex[part] for part in _PARTS)) for pattern in patterns
        ]

    def parse(self, text: str) -> Value:
        if (value := self._value(text)) is None:
            raise CoercionError("not_a_datetime")
        return value

    def parse_fast(self, cells: Sequence[str]) -> list[Value | None]:
        return [self._value(cell) for cell in cells]

    def _value(self, text: str) -> str | None:
        for pattern, parts in self._patterns:
            match = pattern.regex.fullmatch(text)
            if match is None:
                continue
            year, month, day, hour, minute, second, fraction, offset, half = match.group(*parts)
            try:
                iso_date = _recent_iso_date(*pattern.day(year, month, day))
            except ValueError:
                continue
            if half or (hour and len(hour) == 1):
                hour = _hour(hour, half)
            suffix = _fraction(fraction) + _offset(offset) if fraction or offset else ""
            return f"{iso_date}T{hour or '00'}:{minute or '00'}:{second or '00'}{suffix}"
        return None


def _iso_date(year: str, month: str, day: str) -> str:
    """YYYY-MM-DD. Raises ValueError when there is no such day."""
    return date(int(year), int(month), int(day)).isoformat()


_recent_iso_date = lru_cache(8_192)(_iso_date)  # datetimes rarely repeat, but their days do


def _hour(hour: str, half: str) -> str:
    """The hour of the day, 00 to 23; `half` fits `HALF_DAY`, or is empty."""
    if not half:
        return hour.zfill(2)
    return f"{int(hour) % 12 + (12 if is_afternoon(half) else 0):02}"


def _fraction(digits: str | None) -> str:
    """.ffffff, or nothing when it is zero."""
    return f".{digits:0<6}" if digits and digits.strip("0") else ""


@lru_cache(1_024)
def _offset(written: str | None) -> str:
    """Z, +HH, +HHMM or +HH:MM as +HH:MM; an empty string without an offset."""
    if not written:
        return ""
    if not re.search("[1-9]", written):
        return "+00:00"
    return f"{written[:3]}:{written[3:].lstrip(':') or '00'}"
