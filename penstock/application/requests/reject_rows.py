"""The rejected rows of a request, page by page, and corrected in place."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple

from penstock.application.encryption.sealed_objects import dropped_key, rejects_key
from penstock.application.requests.chunks import Chunks
from penstock.application.requests.corrected_cells import faults_of
from penstock.application.requests.reject_file import RejectFiles, formats_of
from penstock.application.requests.requests import Requests
from penstock.domain.dry_run.first_rows import masked
from penstock.domain.errors import refusal
from penstock.domain.files.formats import tabular_format
from penstock.domain.files.header import Header
from penstock.domain.files.rejects import (
    REJECT_COLUMNS,
    Reject,
    RejectedFile,
    neutralise_cell,
    reject_rows,
    restore_cell,
)
from penstock.domain.files.rows import CONTAINS_NUL, NOT_UTF8, SET_ASIDE
from penstock.domain.files.tabular_format import (
    CELL_TOO_LARGE,
    INVALID_QUOTES,
    NESTED_VALUE,
    NOT_AN_OBJECT,
    UNKNOWN_KEY,
    WRONG_FIELD_COUNT,
)
from penstock.domain.limits import MAX_CORRECTED_IN_PLACE, MAX_PAGE
from penstock.domain.mapping.attributes import ValueFormat
from penstock.domain.mapping.mapping import Plan
from penstock.domain.requests.request import Manifest, Request

Cells = Mapping[int, Mapping[int, str]]  # by the place of a row among all rejects, then by that of its column
# The cells of such rows may stand in other columns than their own.
MISPLACED = frozenset(
    {WRONG_FIELD_COUNT, INVALID_QUOTES, NOT_AN_OBJECT, UNKNOWN_KEY, CELL_TOO_LARGE, NOT_UTF8, CONTAINS_NUL, SET_ASIDE}
)
MAX_CHUNKS_READ = 16  # for one page, which is short then


class RejectRow(NamedTuple):
    """`line` as the reject file has it; `reasons` are codes, with their columns."""

    line: str
    reasons: Sequence[str]
    cells: Sequence[str]

    def padded(self, columns: int) -> list[str]:
        """One cell for each column, whether the row has too few or too many."""
        return [*self.cells, *[""] * columns][:columns]

    def is_redrawn(self, columns: int) -> bool:
        """Whether its cells, one for each column, are not what its line has: so the row can be right as it is shown."""
        return len(self.cells) != columns or INVALID_QUOTES in self.reasons

    def with_cells(self, changes: Mapping[int, str], columns: int) -> RejectRow:
        """The row with other cells, by the places of their columns. A form changes line ends: that is no change."""
        cells = self.padded(columns)
        for at, cell in changes.items():
            if at < columns and _same_ends(cell) != _same_ends(cells[at]):
                cells[at] = cell
        return self._replace(cells=cells)


class RejectPage(NamedTuple):
    """`next` is the cursor of the next page, None on the last one; `formats` are those of the mapped columns."""

    columns: Sequence[str]
    rows: Sequence[RejectRow]
    next: str | None
    formats: Mapping[str, ValueFormat] = MappingProxyType({})


class Corrected(NamedTuple):
    """The corrected ones of the `page`'s rows, by their places."""

    page: RejectPage
    rows: Mapping[int, RejectRow]

    def changed_columns(self, at: int) -> frozenset[str]:
        columns = self.page.columns
        pairs = zip(columns, self.page.rows[at].padded(len(columns)), self.rows[at].cells, strict=False)
        return frozenset(column for column, before, after in pairs if before != after)

    def file(self) -> list[bytes]:
        """A corrected reject file, as CSV."""
        rows = ((row.line, "", *row.cells) for row in self.rows.values())
        return [_csv_line(each) for each in [(*REJECT_COLUMNS, *self.page.columns), *rows]]


class RejectRows:
    """Reads rejected rows. All raise `NotFound`, and `Refused` (rejects_expired) after their retention."""

    def __init__(self, requests: Requests, chunks: Chunks, files: RejectFiles) -> None:
        self._requests, self._chunks, self._files = requests, chunks, files

    def page(
        self, tenant_id: str, request_id: str, *, reason: str, after: str, limit: int, dropped: bool = False
    ) -> RejectPage:
        """Up to `limit` rows, at most `MAX_PAGE`, that were rejected for `reason`, a code, or for any if it is "". With
        `dropped`, rows that were ingested without some of their cells; then `reason` is the code of one of these cells,
        or a column."""
        limit = min(limit, MAX_PAGE)
        request = self._requests.get(tenant_id, request_id)
        manifests = self._chunks.manifests(tenant_id, request_id)
        chunks = [each for each in manifests if (_lost(each, reason) if dropped else _has(each, reason))]
        is_for = _lacks if dropped else _is_for
        key_of = dropped_key if dropped else rejects_key
        if not chunks:
            return RejectPage((), (), None)
        chunk, index = _position(after)
        left = [each.chunk for each in chunks if each.chunk >= chunk]
        found: list[tuple[str, Reject]] = []
        for number in left[:MAX_CHUNKS_READ]:
            skipped = index if number == chunk else 0
            rejects = enumerate(self._files.rows(request, [number], key_of))
            chosen = ((f"{number}.{at}", each) for at, each in rejects if at >= skipped and is_for(each, reason))
            found += islice(chosen, limit + 1 - len(found))
            if len(found) > limit:
                return self._page(request, found[:limit], found[limit][0])
        rest = left[MAX_CHUNKS_READ:]
        return self._page(request, found, f"{rest[0]}.0" if rest else None)

    def masked(self, tenant_id: str, page: RejectPage, request_id: str) -> RejectPage:
        """The page with only the first letter of each cell that may be personal: all but those that the mapping says
        are not. Of a row whose cells may stand in other columns than their own, that is each cell."""
        plain = _plain_columns(self._requests.plan(tenant_id, request_id))
        places = (_plain_places(row, page.columns, plain) for row in page.rows)
        rows = [row._replace(cells=_masked(row.cells, at)) for row, at in zip(page.rows, places, strict=True)]
        return page._replace(rows=rows)

    def corrected(
        self,
        tenant_id: str,
        request_id: str,
        cells: Cells,
        as_shown: Collection[int],
        *,
        reason: str = "",
        dropped: bool = False,
    ) -> Corrected:
        """The rows that `cells` changes, and those that are right `as_shown`, by their places among the rows of
        `reason`. With `dropped`, of rows that were ingested without some of their cells.

        Raises `Refused` (not_corrected) when that is none of the first rows.
        """
        page = self.page(tenant_id, request_id, reason=reason, after="", limit=MAX_CORRECTED_IN_PLACE, dropped=dropped)
        columns = len(page.columns)
        pairs = [(row, row.with_cells(cells.get(at, {}), columns)) for at, row in enumerate(page.rows)]
        changed = {
            at: new
            for at, (row, new) in enumerate(pairs)
            if new.cells != row.padded(columns) or (at in as_shown and row.is_redrawn(columns))
        }
        if not changed:
            hint = "Change the cells that are wrong, or mark a row that is right as it is shown, then send them."
            raise refusal("not_corrected", "no row was changed", hint)
        return Corrected(page, changed)

    def faults(self, tenant_id: str, request_id: str, corrected: Corrected) -> dict[int, Sequence[str]]:
        """Why rows would be rejected again, or lose a cell that was changed: as `reasons` of a row, by their places."""
        columns, plan = corrected.page.columns, self._requests.plan(tenant_id, request_id)
        rows = [dict(zip(columns, row.cells, strict=True)) for row in corrected.rows.values()]
        found = zip(corrected.rows, faults_of(plan, rows), strict=True)
        reasons = {at: [*each.rejected, *_of(corrected.changed_columns(at), each.dropped)] for at, each in found}
        return {at: each for at, each in reasons.items() if each}

    def _page(self, request: Request, found: Sequence[tuple[str, Reject]], after: str | None) -> RejectPage:
        header = self._files.header(request)
        rows = self._split(request, header, [each for _, each in found])
        columns = next(rows)[len(REJECT_COLUMNS) :]
        parsed = [
            RejectRow(cells[0], (*each.reasons, *each.left_out), [*map(restore_cell, cells[len(REJECT_COLUMNS) :])])
            for (_, each), cells in zip(found, rows, strict=True)
        ]
        plan = self._requests.plan_of(request)
        return RejectPage([*map(restore_cell, columns)], parsed, after, formats_of(plan))

    def _split(self, request: Request, header: Header, rejects: Sequence[Reject]) -> Iterator[Sequence[str]]:
        file = RejectedFile(
            header.columns, header.names_in_file, header.corrected_rejects, is_child=request.parent_id is not None
        )
        read = tabular_format(header.file_format)
        return reject_rows(file, rejects, lambda row: read.cells(row, header.names_in_file))


def _has(manifest: Manifest, reason: str) -> bool:
    return manifest.has_rejects and (not reason or reason in manifest.reject_reasons)


def _is_for(reject: Reject, reason: str) -> bool:
    """By its first reason: so they are counted."""
    return not reason or reject.reasons[0].partition(":")[0] == reason


def _lost(manifest: Manifest, reason: str) -> bool:
    dropped = manifest.dropped_cells
    return reason in dropped or any(reason in codes for codes in dropped.values()) if reason else bool(dropped)


def _lacks(reject: Reject, reason: str) -> bool:
    """Whether a row was ingested without its cell of a column, or without one for the reason of a code."""
    return not reason or any(reason in (code, column) for code, column in map(_code_and_column, reject.reasons))


def _code_and_column(reason: str) -> tuple[str, str]:
    code, _, column = reason.partition(":")
    return code, column


def _of(columns: frozenset[str], reasons: Sequence[str]) -> list[str]:
    """The reasons that are about one of the columns."""
    return [reason for reason in reasons if not columns.isdisjoint(reason.partition(":")[2].split("+"))]


def _position(after: str) -> tuple[int, int]:
    """Raises `Refused` (bad_request) for a cursor that no page has made."""
    chunk, _, index = after.partition(".")
    if not after:
        return 0, 0
    if not (chunk.isdecimal() and index.isdecimal() and len(after) <= 20):
        raise refusal("bad_request", "this page does not exist", "Begin with the first page.")
    return int(chunk), int(index)


def _plain_columns(plan: Plan) -> frozenset[str]:
    """The columns of the file that feed attributes, none of which is personal."""
    pairs = list(zip(plan.mapping.columns, plan.attributes, strict=True))
    personal = {name for column, attribute in pairs if column.pii or attribute.pii for name in column.sources}
    return frozenset(name for column, _ in pairs for name in column.sources) - personal


def _plain_places(row: RejectRow, columns: Sequence[str], plain: frozenset[str]) -> frozenset[int]:
    """The places of a row's cells that are not personal."""
    reasons = [_code_and_column(reason) for reason in row.reasons]
    if len(row.cells) != len(columns) or any(code in MISPLACED for code, _ in reasons):
        return frozenset()
    nested = {column for code, column in reasons if code == NESTED_VALUE}
    return frozenset(at for at, name in enumerate(columns) if name in plain - nested)


def _same_ends(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n")


def _masked(cells: Sequence[str], plain: frozenset[int]) -> list[str]:
    return [cell if at in plain else masked(cell) for at, cell in enumerate(cells)]


def _csv_line(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(map(neutralise_cell, cells))
    return text.getvalue().encode("utf-8", "replace")
