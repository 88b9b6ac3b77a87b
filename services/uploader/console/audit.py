"""The audit: the entries of a day, newest first, with filters in the address, page by page, and as a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from penstock.application.access.audit import AuditEntry, Outcome
from penstock.application.access.use_cases import AccessUseCases
from penstock.application.catalog.use_cases import CatalogUseCases
from penstock.application.requests.use_cases import RequestUseCases
from penstock.documents.audit import AuditEntryView, audit_view
from penstock.domain.errors import refusal
from penstock.domain.limits import MAX_PAGE
from penstock.domain.mapping.builtin_attributes import BUILTIN
from services.uploader.console.csv_lines import csv_line
from services.uploader.console.known_attributes import known_attributes
from services.uploader.console.known_sources import source_names
from services.uploader.console.shown_audit import (
    Names,
    action_words,
    key_ids,
    request_ids_in,
    shown_entry,
    source_names_in,
)
from services.uploader.console.visits import Visit, page

PAGE = 50
MAX_READ = 4_000  # entries that a page looks at; a filter that fits few of them goes on from there
EXPORTED = 100_000  # entries of a file; the API has the others
MAX_TEXT = 200  # characters of a filter
OUTCOMES = {Outcome.ALLOWED: "Allowed", Outcome.DENIED: "Denied", Outcome.FAILED: "Failed"}
COLUMNS = ("at", "who", "action", "outcome", "code", "count", "request_id", "key_id", "remote_address", "details")
_CURSOR = re.compile(r"([0-9]{20}-[0-9a-f]{8})?")


class Filters(NamedTuple):
    """As in the address; "" is any. `day` is in UTC; `who` and `action` are parts of a text, in any case; `action` is
    part of its name or of the words for it."""

    day: str
    who: str = ""
    action: str = ""
    outcome: str = ""

    @property
    def query(self) -> str:
        return urlencode({name: text for name, text in self._asdict().items() if text})

    @property
    def any(self) -> bool:
        return bool(self.who or self.action or self.outcome)

    def beside(self, days: int) -> str:
        """The query of another day; of the first and the last one that there are, of the same."""
        day = min(max(date.fromisoformat(self.day).toordinal() + days, 1), date.max.toordinal())
        return self._replace(day=date.fromordinal(day).isoformat()).query

    def matches(self, entry: AuditEntry) -> bool:
        return (
            self.who.casefold() in entry.who.casefold()
            and any(self.action.casefold() in text for text in (entry.action, action_words(entry.action).casefold()))
            and self.outcome in ("", entry.outcome)
        )


class Found(NamedTuple):
    """`next` is the cursor to go on from, "" at the end of the day; `is_cut`: `MAX_READ` ended the search."""

    entries: list[AuditEntry]
    next: str = ""
    is_cut: bool = False


def filters_of(visit: Visit) -> Filters:
    """Raises `Refused` (bad_request) for an address that no page has made."""
    given = visit.request.query_params
    who, action, outcome = (given.get(name, "").strip()[:MAX_TEXT] for name in ("who", "action", "outcome"))
    if outcome not in ("", *OUTCOMES):
        raise refusal("bad_request", "there is no such outcome", "Choose one from the list.")
    return Filters(_day(visit, given.get("day", "")), who, action, outcome)


def show(visit: Visit) -> Response:
    filters, before = filters_of(visit), visit.request.query_params.get("before", "")
    if not _CURSOR.fullmatch(before):
        raise refusal("bad_request", "this is no page of the audit", "Begin with its first page.")
    found = search(visit, filters, before)
    views = [audit_view(each) for each in found.entries]
    names = _names(visit, views)
    return visit.page(
        "audit.html",
        entries=[shown_entry(each, names) for each in views],
        files=names.files,
        found=found,
        filters=filters,
        before=before,
        today=_today(visit),
        outcomes=OUTCOMES,
    )


def _names(visit: Visit, entries: Sequence[AuditEntryView]) -> Names:
    """What the things are called that the entries are about. Keys that have done one of them are known by that."""
    keys = {each["key_id"]: each["who"] for each in entries if each["key_id"]}
    if not key_ids(entries) <= keys.keys() and visit.may(AccessUseCases.keys):
        keys |= {each.key_id: each.name for each in visit.use_cases.access.keys(visit.caller)}
    attributes = known_attributes(visit) if visit.may(CatalogUseCases.attributes) else BUILTIN
    files: dict[str, str] = {}
    if (ids := request_ids_in(entries)) and visit.may(RequestUseCases.each):
        files = {name: each.file_name for name, each in visit.use_cases.requests.each(visit.caller, ids).items()}
    return Names(keys, source_names(visit, source_names_in(entries)), attributes, files)


def export(visit: Visit) -> Response:
    """The entries that the filters select, as CSV."""
    filters = filters_of(visit)
    headers = {"Content-Disposition": f'attachment; filename="audit-{filters.day}.csv"'}
    return StreamingResponse(_lines(visit, filters), media_type="text/csv; charset=utf-8", headers=headers)


def search(visit: Visit, filters: Filters, before: str) -> Found:
    """A page of entries that are older than the one at `before`."""
    entries: list[AuditEntry] = []
    for looked_at, (cursor, entry) in enumerate(_all(visit, filters.day, before)):
        if len(entries) == PAGE or looked_at == MAX_READ:
            return Found(entries, before, is_cut=looked_at == MAX_READ)
        before = cursor
        if filters.matches(entry):
            entries.append(entry)
    return Found(entries)


def _all(visit: Visit, day: str, before: str = "") -> Iterator[tuple[str, AuditEntry]]:
    while True:
        found = visit.use_cases.access.audit(visit.caller, day=day, before=before, limit=MAX_PAGE)
        yield from found
        if len(found) < MAX_PAGE:
            return
        before = found[-1][0]


def _lines(visit: Visit, filters: Filters) -> Iterator[str]:
    yield csv_line(COLUMNS)
    matching = (entry for _, entry in _all(visit, filters.day) if filters.matches(entry))
    for number, entry in enumerate(matching):
        if number == EXPORTED:
            return
        view = audit_view(entry)
        details = "; ".join(f"{name}={text}" for name, text in view["details"].items())
        yield csv_line([*(view[column] for column in COLUMNS[:-1]), details])  # type: ignore[literal-required]


def _day(visit: Visit, text: str) -> str:
    if not text:
        return _today(visit)
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise refusal("bad_request", "this is no day", "Write it as 2026-11-25.") from None


def _today(visit: Visit) -> str:
    return datetime.fromtimestamp(visit.services.clock.now_us() / 1e6, UTC).date().isoformat()


routes = [
    page("/audit", show, of=AccessUseCases.audit),
    page("/audit/export", export, of=AccessUseCases.audit),
]
