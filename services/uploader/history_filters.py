"""The filters of the upload history, as in the address of its page."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from penstock.domain.days import DAY_US
from penstock.domain.errors import Refused, refusal
from penstock.domain.requests.request import Status
from penstock.domain.requests.request_filter import RequestFilter
from services.uploader.api.times import microseconds

MAX_FILTER = 200  # characters of one
# The statuses of the manual, each with those of the engine that it covers, and the others as themselves.
STATUSES = {
    "scheduled": (Status.SCHEDULED,),
    "in-progress": (Status.IN_PROGRESS, Status.HELD),
    "waits-for-approval": (Status.HELD,),
    "completed": (Status.COMPLETED,),
    "failed": (Status.FAILED,),
    "cancelled": (Status.CANCELLED,),
    "reverted": (Status.REVERTED,),
}
DAYS = {"1": "Last 24 hours", "7": "Last 7 days", "30": "Last 30 days", "90": "Last 90 days"}

WITH_REJECTS = "yes"


class Filters(NamedTuple):
    """As in the address; "" is any. `since` is a number of days, `day` a single day in UTC; `rejects` is "yes" for
    those with rejected rows."""

    status: str = ""
    source: str = ""
    by: str = ""
    file: str = ""
    since: str = ""
    day: str = ""
    rejects: str = ""

    @property
    def query(self) -> str:
        return urlencode({name: text for name, text in self._asdict().items() if text})

    @property
    def any(self) -> bool:
        return bool(self.query)

    def only(self, now_us: int) -> RequestFilter:
        """Raises `Refused` (bad_request) for an address that no page has made."""
        begin, end = self._times(now_us)
        if self.status not in ("", *STATUSES):
            raise refusal("bad_request", "there is no such status", "Choose one from the list.")
        if self.rejects not in ("", WITH_REJECTS):
            raise refusal("bad_request", "this is no choice of rejected rows", "Write rejects=yes, or leave it out.")
        return RequestFilter(
            statuses=STATUSES.get(self.status, ()),
            data_source=self.source or None,
            uploaded_by=self.by or None,
            file_name=self.file or None,
            accepted_from=begin,
            accepted_to=end,
            has_rejects=True if self.rejects else None,
        )

    def _times(self, now_us: int) -> tuple[int | None, int | None]:
        if self.day:
            try:
                begin = datetime.combine(date.fromisoformat(self.day), datetime.min.time(), UTC)
                end = begin + timedelta(days=1)
            except (ValueError, OverflowError):
                raise refusal("bad_request", "this is no day", "Write it as 2026-11-25.") from None
            return microseconds(begin), microseconds(end)
        if self.since in DAYS:
            return now_us - int(self.since) * DAY_US, None
        return None, None


def parse_filters(query: str) -> Filters:
    """The filters of an address. Raises `Refused` (bad_request) for a text that no page has made."""
    given = dict(parse_qsl(query, keep_blank_values=True))
    filters = Filters(**{name: text for name, text in given.items() if name in Filters._fields})
    if filters.query != query or any(len(text) > MAX_FILTER for text in filters):
        raise _unknown_filters()
    return filters


def _unknown_filters() -> Refused:
    hint = "Take them from the address of the page /imports, such as status=failed&since=7."
    return refusal("bad_request", "these are no filters of the upload history", hint)
