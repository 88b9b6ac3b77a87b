"""The cells that do not fit their column's format: how many, why, and which, up to a bound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from penstock.domain.dry_run.first_rows import MAX_TEXT, masked
from penstock.domain.files.rejects import Reject
from penstock.domain.ingestion.layout import Layout, LayoutColumn
from penstock.domain.limits import MAX_INVALID_CELLS
from penstock.domain.mapping.coercion.paired_phones import UNKNOWN_COUNTRY, PairedPhoneCoercer
from penstock.domain.profiles.junk_identifiers import JUNK_IDENTIFIER


class InvalidCell(NamedTuple):
    """A cell as it is coerced; if the country of its row gives its region, whether that is blank (`unplaced`), or the
    word there that is not known."""

    text: str
    unplaced: bool = False
    unknown_country: str = ""


EXAMPLES = 3  # of a column


@dataclass
class ColumnErrors:
    """`sole_rows` were rejected because of this column alone. `cells` counts different cells as they are coerced, and
    `unplaced` those of them whose country is blank, if that gives their region. `unknown_countries` counts the
    words that are no known country, and left cells without a region."""

    label: str
    reasons: Counter[str] = field(default_factory=Counter)
    sole_rows: int = 0
    cells: Counter[str] = field(default_factory=Counter)
    unplaced: Counter[str] = field(default_factory=Counter)
    unknown_countries: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.reasons.total()

    def add_cells(self, cells: Iterable[InvalidCell]) -> None:
        for cell, is_unplaced, country in cells:
            if cell in self.cells or len(self.cells) < MAX_INVALID_CELLS:
                self.cells[cell] += 1
                self.unplaced[cell] += is_unplaced
                if country and (country in self.unknown_countries or len(self.unknown_countries) < MAX_INVALID_CELLS):
                    self.unknown_countries[country] += 1


def examples(invalid: ColumnErrors, *, is_personal: bool) -> list[str]:
    """The most frequent cells that do not fit, masked if they are personal."""
    found = [cell for cell, _ in invalid.cells.most_common(EXAMPLES)]
    return [masked(cell) if is_personal else cell[:MAX_TEXT] for cell in found]


class InvalidCells:
    """Collects the invalid cells of a file, chunk by chunk."""

    def __init__(self, layout: Layout, max_cell_bytes: int) -> None:
        self._layout, self._max_cell_bytes = layout, max_cell_bytes
        self.columns: dict[str, ColumnErrors] = {}

    def add(self, rejects: Sequence[Reject], dropped: Sequence[Reject]) -> None:
        """The rows of one chunk that were rejected or lost cells."""
        for row in rejects:
            self._count(row, rejected=True)
        for row in dropped:
            self._count(row, rejected=False)
        self._add_cells(rejects, drops=False)
        self._add_cells(dropped, drops=True)

    def _count(self, row: Reject, *, rejected: bool) -> None:
        labels = set()
        for reason in row.reasons:
            code, _, label = reason.partition(":")
            labels.add(label)
            if label and not (rejected and code == JUNK_IDENTIFIER):  # as an ingestion counts: of rows that it keeps
                self._of(label).reasons[code] += 1
        if rejected and len(labels) == 1 and "" not in labels:
            self._of(labels.pop()).sole_rows += 1

    def _of(self, label: str) -> ColumnErrors:
        return self.columns.setdefault(label, ColumnErrors(label))

    def _add_cells(self, rows: Sequence[Reject], *, drops: bool) -> None:
        """Read the cells of these rows again: only few rows of most files are among them. A row is rejected only for
        columns that do not drop their cells, and `reasons` counts no others of it."""
        rows = [row for row in rows if any(":" in reason for reason in row.reasons)][:MAX_INVALID_CELLS]
        if not rows or all(len(found.cells) >= MAX_INVALID_CELLS for found in self.columns.values()):
            return
        raw = [row.row.decode() for row in rows]
        file_columns, faulty = self._layout.file_format.parse_cells(
            raw, self._layout.header, used=self._layout.used, max_cell_bytes=self._max_cell_bytes
        )
        file_columns = self._layout.restored(file_columns)
        for column in self._layout.columns:
            found = self.columns.get(column.label)
            if found is not None and column.drops is drops and len(found.cells) < MAX_INVALID_CELLS:
                found.add_cells(_invalid(column, file_columns, len(rows) - len(faulty)))


def _invalid(column: LayoutColumn, file_columns: Sequence[Sequence[str]], rows: int) -> list[InvalidCell]:
    prepared = column.prepared(file_columns, rows).cells
    _, errors = column.coerced(prepared, file_columns)
    if column.other is None or not isinstance(column.coercer, PairedPhoneCoercer):
        return [InvalidCell(prepared[at]) for at in errors]
    countries = column.other(file_columns)
    return [
        InvalidCell(prepared[at], not countries[at].strip(), countries[at].strip() if code == UNKNOWN_COUNTRY else "")
        for at, code in errors.items()
    ]
