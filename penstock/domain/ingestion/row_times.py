"""When the facts of a row were true: the time in a column of the file, else that of the upload, else its acceptance.

A time after the acceptance counts as that of the acceptance: a clock that is wrong must not win for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from penstock.domain.mapping.coercion import Value
from penstock.domain.mapping.mapping import Plan
from penstock.domain.requests.as_of import microseconds
from penstock.domain.requests.ids import accepted_at_us


def usual_time(plan: Plan) -> int:
    """The time of rows that have none of their own, in microseconds since 1970; a child has that of its root."""
    if plan.as_of_us is not None:
        return plan.as_of_us
    return accepted_at_us(plan.parent_id) if plan.parent_id else plan.accepted_at_us


def row_times(values: Sequence[Value | None], latest_us: int) -> list[int | None]:
    """The times of a column of dates or times, in microseconds since 1970; None for a blank."""
    times = (None if value is None else datetime.fromisoformat(str(value)) for value in values)
    return [None if time is None else min(microseconds(time), latest_us) for time in times]
