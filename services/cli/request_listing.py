"""`penstock requests`: the history, filtered, in as many pages as it takes within a bound."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple

import typer

from penstock.domain.days import DAY_US
from penstock.domain.errors import refusal
from penstock.domain.limits import MAX_PAGE
from penstock.domain.requests.request import Status
from penstock.domain.requests.request_filter import RequestFilter
from services.cli.client import Client
from services.cli.connecting import connect
from services.cli.failures import BadUsage, reporting
from services.cli.options import AsJson, Data, Key, Url
from services.cli.output import Document
from services.cli.views import requests_view

MAX_PAGES = 20  # that one command reads; a page of a filtered list may be empty
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Listed(NamedTuple):
    """`next` is the value of `--before` for the next page; None on the last page."""

    requests: list[Document]
    next: str | None


def requests(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many requests, newest first.")] = 20,
    status: Annotated[
        list[Status] | None,
        typer.Option(case_sensitive=False, help="Only with this status; may be given several times."),
    ] = None,
    source: Annotated[str | None, typer.Option(help="Only of this data source.")] = None,
    uploader: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only those that this user or key uploaded.")
    ] = None,
    file: Annotated[str | None, typer.Option(metavar="TEXT", help="Only files with this in their name.")] = None,
    accepted_from: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Only those accepted from this day or time (UTC) on.")
    ] = None,
    accepted_to: Annotated[
        str | None,
        typer.Option("--to", metavar="TIME", help="Only those accepted up to this day, or before this time."),
    ] = None,
    with_rejects: Annotated[bool, typer.Option("--with-rejects", help="Only those with rejected rows.")] = False,
    before: Annotated[str, typer.Option(metavar="ID", help="Only those older than this request.")] = "",
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List the newest requests, or those that fit every given filter."""
    with reporting(as_json=as_json) as out:
        only = RequestFilter(
            statuses=tuple(status or ()),
            data_source=source,
            uploaded_by=uploader,
            file_name=file,
            accepted_from=None if accepted_from is None else start_of(accepted_from),
            accepted_to=None if accepted_to is None else end_of(accepted_to),
            has_rejects=True if with_rejects else None,
        )
        with connect(data, url, key) as client:
            listed = list_requests(client, only, limit=limit, before=before)
            if source is not None and not listed.requests:
                client.catalog.source(source)  # refuses a mistyped name
        out.result(listed._asdict(), lambda: requests_view(listed.requests, is_filtered=only != RequestFilter()))
        if listed.next is not None and len(listed.requests) < limit:
            out.say(f"There may be more among older requests: --before {listed.next}")


def list_requests(client: Client, only: RequestFilter, *, limit: int, before: str) -> Listed:
    """Up to `limit` requests from at most `MAX_PAGES` pages."""
    found: list[Document] = []
    following: str | None = before
    for _ in range(MAX_PAGES):
        page = client.request_page(limit=min(limit - len(found), MAX_PAGE), before=following or "", only=only)
        found += page["requests"]
        following = page["next"]
        if following is None or len(found) >= limit:
            break
    return Listed(found[:limit], following)


def start_of(text: str) -> int:
    """Microseconds since the epoch at which a day or time in UTC begins. Raises `BadUsage`."""
    return (_parsed(text) - _EPOCH) // timedelta(microseconds=1)


def end_of(text: str) -> int:
    """As `start_of`, but a day includes all of its hours. Raises `BadUsage`."""
    return start_of(text) + (DAY_US if _DAY.fullmatch(text) else 0)


def _parsed(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        hint = "Write a day such as 2026-11-25, or a time such as 2026-11-25T08:00Z."
        raise BadUsage(refusal("invalid_time", "--from or --to is not a day or a time", hint).faults) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def register(app: typer.Typer) -> None:
    app.command()(requests)
