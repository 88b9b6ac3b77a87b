"""Upload history: all requests, with filters in the address, page by page, and as a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from starlette.responses import Response, StreamingResponse

from penstock.application.catalog.use_cases import CatalogUseCases
from penstock.application.imports.use_cases import ImportUseCases
from penstock.application.requests.use_cases import RequestUseCases
from penstock.documents.requests import RequestView, request_view
from penstock.domain.requests.request_filter import RequestFilter
from services.uploader.api.requests import listed_views
from services.uploader.console.csv_lines import csv_line
from services.uploader.console.known_parents import parents_of
from services.uploader.console.known_sources import source_names
from services.uploader.console.shown_requests import displayed
from services.uploader.console.visits import Visit, action, go, page
from services.uploader.history_filters import DAYS, MAX_FILTER, STATUSES, Filters

PAGE = 50
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


def filters_of(visit: Visit) -> Filters:
    given = visit.request.query_params
    return Filters(*(given.get(name, "").strip()[:MAX_FILTER] for name in Filters._fields))


def show(visit: Visit) -> Response:
    filters, now_us = filters_of(visit), visit.services.clock.now_us()
    found = visit.use_cases.requests.page(
        visit.caller, before=visit.request.query_params.get("before", ""), limit=PAGE, only=filters.only(now_us)
    )
    listed = [displayed(each) for each in listed_views(visit.call, found.requests)]
    context: dict[str, Any] = {
        "filters": filters,
        "before": visit.request.query_params.get("before", ""),
        "parents": parents_of(visit, (each.request for each in listed)),
        "called": source_names(visit, (each.data_source for each in found.requests)),
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
        yield csv_line([request[column] for column in COLUMNS])  # type: ignore[literal-required]


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
