"""The check of a whole file as its page shows it: each rejected row by its reason, and what would be left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from penstock.application.uploads.dry_run import ColumnReport, DryRun
from penstock.domain.dry_run.fixes import Fix, FixOption
from penstock.domain.errors import Fault
from penstock.domain.files.row_reasons import reason_of
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.profiles.junk_identifiers import JUNK_IDENTIFIER
from penstock.domain.suggestions.fitting import DO_NOT_FIT
from services.uploader.console.import_columns import ShownFile
from services.uploader.console.shown_progress import RejectGroup, reject_groups
from services.uploader.console.words import format_words

# What a warning of a run says to do, with the controls of the page instead of options of the command line.
_HINTS = {
    "rows_without_identifier": "Choose an attribute for this column, and tick Identifier.",
    "one_value_on_many_rows": "If it names nobody, add it to the words that mean blank, or clear Identifier.",
    "shared_identifier": "If they are different people, such as couples with one address, clear Identifier.",
}


_COUNTED = (DO_NOT_FIT, "would be rejected")  # by the run, for the whole file


class LeftOutCells(NamedTuple):
    """Cells of a column that are left out of rows that stay."""

    column: str
    reason: str
    cells: int


class OfColumn(NamedTuple):
    column: str
    words: str


class ShownCheck(NamedTuple):
    """`rejected` has every rejected row once. `concerns` are known of the beginning of the file, and not counted by the
    run. `creates` are display names of attributes."""

    run: DryRun
    warnings: Sequence[Fault]
    rejected: Sequence[RejectGroup]
    left_out: Sequence[LeftOutCells]
    concerns: Sequence[OfColumn]
    fixes: Sequence[OfColumn]
    creates: Sequence[str]


def shown_check(run: DryRun, file: ShownFile, known: Mapping[str, Attribute]) -> ShownCheck:
    return ShownCheck(
        run=run,
        warnings=[replace(each, hint=_HINTS.get(each.code, each.hint)) for each in run.warnings],
        rejected=reject_groups(run.reject_reasons, _columns_by_code(run.columns), ended=True),
        left_out=[each for column in run.columns for each in _left_out(column)],
        concerns=_uncounted(file),
        fixes=[
            OfColumn(column.label, fix_words(fix, column.cells_tried)) for column in run.columns for fix in column.fixes
        ],
        creates=[display_name(name, known) for name in run.created_attributes],
    )


def display_name(name: str, known: Mapping[str, Attribute]) -> str:
    """What people call an attribute; for one that would be new, as it would be called."""
    return known[name].display_name if name in known else name.replace("_", " ").capitalize()


def fix_words(fix: Fix, tried: int) -> str:
    words = fix.message(tried)
    if fix.option is FixOption.FORMAT:
        return f"The format “{format_words(fix.value)}”{words.removeprefix(fix.value)}"
    return words[:1].upper() + words[1:]


def _uncounted(file: ShownFile) -> list[OfColumn]:
    """Such as times that a date leaves out."""
    return [
        OfColumn(column.choice.column, line[:1].upper() + line[1:])
        for column in file.columns
        for line in column.concerns
        if column.choice.spec is not None and not any(each in line for each in _COUNTED)
    ]


def _columns_by_code(columns: Sequence[ColumnReport]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for column in columns:
        for code in column.reasons:
            if not _drops(column, code):
                found.setdefault(code, []).append(column.label)
    return found


def _left_out(column: ColumnReport) -> list[LeftOutCells]:
    return [
        LeftOutCells(column.label, reason_of(code).message, cells)
        for code, cells in column.reasons.items()
        if _drops(column, code)
    ]


def _drops(column: ColumnReport, code: str) -> bool:
    """A placeholder names nobody, and never rejects a row by itself."""
    return column.drops or code == JUNK_IDENTIFIER
