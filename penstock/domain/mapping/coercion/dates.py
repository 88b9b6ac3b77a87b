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
from penstock.domain.mapping.coercion.date_patterns import ISO_DATETIME, date_pattern, datetime_pattern

_CACHED_DAYS = 32_768  # more than a lifetime has; 8 MB at most

_PARTS = ("year", "month", "day", "hour", "minute", "second", "fraction", "offset")


class DateCoercer(CellCoercer):
    """YYYY-MM-DD from the pattern `argument`, by default yyyy-MM-dd; days repeat, so they are cached."""

    def __init__(self, argument: str = "") -> None:
        self._pattern = date_pattern(argument or "yyyy-MM-dd")
        self._known: dict[str, str] = {}

    def parse(self, text: str) -> Value:
        if (value := self._value(text)) is None:
            raise CoercionError("not_a_date")
        return value

    def parse_fast(self, cells: Sequence[str]) -> list[Value | None]:
        known = self._known.get
        return [known(cell) or self._value(cell) for cell in cells]

    def _value(self, text: str) -> str | None:
        match = self._pattern.fullmatch(text)
        if match is None:
            return None
        try:
            value = _iso_date(*match.group("year", "month", "day"))
        except ValueError:
            return None
        if len(self._known) >= _CACHED_DAYS:  # one file's rare days must not block the cache for the next
            self._known.clear()
        self._known[text] = value
        return value


class DateTimeCoercer(CellCoercer):
    """ISO 8601 from the pattern `argument`, by default ISO 8601 itself, where a date alone means midnight.

    The offset is kept, with Z as +00:00; without one the value stays local. Equals `datetime.isoformat`.
    """

    def __init__(self, argument: str = "") -> None:
        self._pattern = datetime_pattern(argument) if argument else ISO_DATETIME
        self._parts = tuple(self._pattern.groupindex[part] for part in _PARTS)  # numbers are faster than names

    def parse(self, text: str) -> Value:
        if (value := self._value(text)) is None:
            raise CoercionError("not_a_datetime")
        return value

    def parse_fast(self, cells: Sequence[str]) -> list[Value | None]:
        return [self._value(cell) for cell in cells]

    def _value(self, text: str) -> str | None:
        match = self._pattern.fullmatch(text)
        if match is None:
            return None
        year, month, day, hour, minute, second, fraction, offset = match.group(*self._parts)
        try:
            iso_date = _recent_iso_date(year, month, day)
        except ValueError:
            return None
        suffix = _fraction(fraction) + _offset(offset) if fraction or offset else ""
        return f"{iso_date}T{hour or '00'}:{minute or '00'}:{second or '00'}{suffix}"


def _iso_date(year: str, month: str, day: str) -> str:
    """YYYY-MM-DD. Raises ValueError when there is no such day."""
    return date(int(year), int(month), int(day)).isoformat()


_recent_iso_date = lru_cache(8_192)(_iso_date)  # datetimes rarely repeat, but their days do


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
