"""How a page shows a value of a profile: dates and times as people read them, with what is stored as their title."""

from __future__ import annotations

from datetime import UTC, date, datetime

from markupsafe import Markup, escape

from penstock.domain.mapping.attributes import Attribute, ValueType
from penstock.domain.profiles.fragments import Value
from services.uploader.console.rendering import moment, moment_in_utc

# Not changed by the browser: a day, or a time of day, is the same in all zones.
_AS_IT_IS = Markup('<time datetime="{}" title="{}" data-local="">{}</time>')


def shown_value(value: Value, attribute: Attribute | None) -> Markup:
    """`attribute` is None if the page does not know it. A text that is no date, since the attribute had another format
    then, stays as it is."""
    if isinstance(value, bool):
        return escape("yes" if value else "no")
    kind = attribute.format.kind if attribute else ValueType.TEXT
    try:
        if kind is ValueType.DATE:
            return _AS_IT_IS.format(value, value, _day(date.fromisoformat(str(value))))
        if kind is ValueType.DATETIME:
            return _time(str(value))
    except (ValueError, OverflowError):
        pass
    return escape(value)


def _time(stored: str) -> Markup:
    """In the person's zone with UTC beside it; a time without an offset as it was written."""
    at = datetime.fromisoformat(stored)
    if at.tzinfo is None:
        return _AS_IT_IS.format(stored, stored, f"{_day(at)} {at:%H:%M:%S}".removesuffix(":00"))
    in_utc = at.astimezone(UTC)
    return moment(in_utc.isoformat(), title=stored) + moment_in_utc(in_utc.isoformat())


def _day(day: date) -> str:
    return f"{day.day} {day:%b} {day.year}"
