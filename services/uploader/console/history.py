"""Upload history: all requests, with filters in the address, page by page, and as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from penstock.application.catalog.use_cases import CatalogUseCases
from penstock.application.imports.use_cases import ImportUseCases
from penstock.application.requests.use_cases import RequestUseCases
from penstock.documents.requests import RequestView, request_view
from penstock.domain.days import DAY_US
from penstock.domain.errors import refusal
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.request_filter import RequestFilter
from services.uploader.api.times import microseconds
from services.uploader.console.csv_lines import csv_line
from services.uploader.console.shown_requests import displayed
from services.uploader.console.visits import Visit, action, go, page

PAGE = 50
MAX_FILTER = 200  # characters of one
EXPORTED = 10_000  # rows of a file; the API has the others
COLUMNS = (
    "request_id",
    "data_source",
    "file_name",
    "uploaded_by",
    "status",
    "mode",
    "accepted_at",
    "finished_at",
    "rows_read",
    "rows_ingested",
    "rows_rejected",
)
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


class Filters(NamedTuple):
    """As in the address; "" is any. `since` is a number of days, `day` a single day in UTC."""

    status: str = ""
    source: str = ""
    by: str = ""
    file: str = ""
    since: str = ""
    day: str = ""

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
        return RequestFilter(
            statuses=STATUSES.get(self.status, ()),
            data_source=self.source or None,
            uploaded_by=self.by or None,
            file_name=self.file or None,
            accepted_from=begin,
            accepted_to=end,
        )

    def _times(self, now_us: int) -> tuple[int | None, int | None]:
        if self.day:
            try:
                begin = datetime.combine(date.fromisoformat(self.day), datetime.min.time(), UTC)
            except ValueError:
                raise refusal("bad_request", "this is no day", "Write it as 2026-11-25.") from None
            return microseconds(begin), microseconds(begin + timedelta(days=1))
        if self.since in DAYS:
            return now_us - int(self.since) * DAY_US, None
        return None, None


def filters_of(visit: Visit) -> Filters:
    given = visit.request.query_params
    return Filters(*(given.get(name, "").strip()[:MAX_FILTER] for name in Filters._fields))


def show(visit: Visit) -> Response:
    filters, now_us = filters_of(visit), visit.services.clock.now_us()
    found = visit.use_cases.requests.page(
        visit.caller, before=visit.request.query_params.get("before", ""), limit=PAGE, only=filters.only(now_us)
    )
    corrections = visit.use_cases.requests.corrections
    listed = [displayed(request_view(each, now_us, corrections(visit.caller, each))) for each in found.requests]
    context: dict[str, Any] = {
        "filters": filters,
        "before": visit.request.query_params.get("before", ""),
        "parents": _parents(visit, found.requests),
    }
    if visit.is_partial:
        return visit.page("_imports.html", requests=listed, next=found.next, **context)
    return visit.page(
        "imports.html",
        requests=listed,
        next=found.next,
        statuses=STATUSES,
        days=DAYS,
        sources=visit.use_cases.catalog.sources(visit.caller) if visit.may(CatalogUseCases.sources) else [],
        uploaders=sorted({each.request["uploaded_by"] for each in listed}),
        may_import=visit.may(ImportUseCases.create),
        views=visit.use_cases.requests.saved_views(visit.caller),
        **context,
    )


def _parents(visit: Visit, requests: Sequence[Request]) -> dict[str, str]:
    """The file names of the requests that some of these correct."""
    ids = {each.parent_id for each in requests if each.parent_id is not None}
    return {each: visit.use_cases.requests.get(visit.caller, each).file_name for each in ids}


def save_view(visit: Visit) -> Response:
    """Keep the filters of the page under a name."""
    filters = Filters(*(visit.form.text(name)[:MAX_FILTER] for name in Filters._fields))
    filters.only(visit.services.clock.now_us())  # refuse what no page has made
    visit.use_cases.requests.save_view(visit.caller, visit.form.text("name"), filters.query)
    return go(f"/imports?{filters.query}")


def delete_view(visit: Visit) -> Response:
    visit.use_cases.requests.delete_view(visit.caller, visit.form.text("name"))
    return go("/imports")


def export(visit: Visit) -> Response:
    """The requests that the filters select, as CSV."""
    only = filters_of(visit).only(visit.services.clock.now_us())
    headers = {"Content-Disposition": 'attachment; filename="imports.csv"'}
    return StreamingResponse(_rows(visit, only), media_type="text/csv; charset=utf-8", headers=headers)


def _rows(visit: Visit, only: RequestFilter) -> Iterator[str]:
    yield csv_line(COLUMNS)
    for written, request in enumerate(_all(visit, only)):
        if written == EXPORTED:
            return
        yield csv_line([request[column] or "" for column in COLUMNS])  # type: ignore[literal-required]


def _all(visit: Visit, only: RequestFilter) -> Iterator[RequestView]:
    before = ""
    while True:
        found = visit.use_cases.requests.page(visit.caller, before=before, limit=PAGE, only=only)
        for each in found.requests:
            yield request_view(each, visit.services.clock.now_us())
        if found.next is None:
            return
        before = found.next


routes = [
    page("/imports", show, of=RequestUseCases.page),
    page("/imports/export", export, of=RequestUseCases.page),
    action("/imports/views", save_view, of=RequestUseCases.save_view),
    action("/imports/views/delete", delete_view, of=RequestUseCases.delete_view),
]
