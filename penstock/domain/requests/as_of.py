"""When the facts of an upload were true, as a person writes it."""

from __future__ import annotations

from datetime import UTC, datetime

from penstock.domain.errors import Refused, refusal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_WRITTEN = 40  # characters


def parse_as_of(written: str) -> int:
    """Microseconds since 1970 of a date or a time in ISO 8601: without a zone it is that of UTC, a date its midnight.

    Raises `Refused`: invalid_as_of.
    """
    try:
        at_us = microseconds(datetime.fromisoformat(written[:MAX_WRITTEN].strip()))
    except ValueError:
        raise _refused(f"{written[:MAX_WRITTEN]!r} is neither a date nor a time") from None
    check_as_of(at_us)
    return at_us


def check_as_of(at_us: int) -> None:
    """Raise `Refused` (invalid_as_of) for microseconds since 1970 that no date of the years 1 to 9999 has in UTC."""
    if not FIRST_US <= at_us <= LAST_US:
        raise _refused("the time is not within the years 1 to 9999 in UTC")


def _refused(message: str) -> Refused:
    return refusal("invalid_as_of", message, "Write it as 2025-12-31 or 2025-12-31T18:00:00Z.", pointer="/as_of")


def microseconds(at: datetime) -> int:
    since = (at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


FIRST_US, LAST_US = (microseconds(each.replace(tzinfo=UTC)) for each in (datetime.min, datetime.max))
