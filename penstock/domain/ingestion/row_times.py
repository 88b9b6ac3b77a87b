"""When the facts of a row were true: the time in a column of the file, else that of the upload, else its acceptance.

A time after the acceptance counts as that of the acceptance: a clock that is wrong must not win for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from penstock.domain.mapping.coercion import Value
from penstock.domain.mapping.mapping import Plan
from penstock.domain.requests.ids import accepted_at_us

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def usual_time(plan: Plan) -> int:
    """The time of rows that have none of their own, in microseconds since 1970; a child has that of its root."""
    if plan.as_of_us is not None:
        return plan.as_of_us
    return accepted_at_us(plan.parent_id) if plan.parent_id else plan.accepted_at_us


def row_times(values: Sequence[Value | None], latest_us: int) -> list[int | None]:
    """The times of a column of dates or times, in microseconds since 1970; None for a blank."""
    return [None if value is None else min(time_us(str(value)), latest_us) for value in values]


def time_us(value: str) -> int:
    """A coerced date or time: without a zone it is that of UTC, without a time midnight."""
    at = datetime.fromisoformat(value)
    since = (at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
