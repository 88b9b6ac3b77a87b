"""The check of a whole file as its page shows it: each rejected row by its reason, and what would be left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.imports.applied_fix import BECOMES_IDENTIFIER
from penstock.application.imports.taken_mapping import needed_columns
from penstock.application.uploads.dry_run import ColumnReport, DryRun
from penstock.domain.catalog.attribute_changes import default_display_name
from penstock.domain.dry_run.fixes import FixOption
from penstock.domain.errors import Fault
from penstock.domain.files.row_reasons import reason_of
from penstock.domain.profiles.junk_identifiers import JUNK_IDENTIFIER
from penstock.domain.suggestions.fitting import DO_NOT_FIT
from services.uploader.console.import_fixes import FixedColumn, ShownFix, shown_fixes
from services.uploader.console.import_hints import SHARED, WITHOUT_IDENTIFIER, on_page
from services.uploader.console.import_review import Concern, ShownFile
from services.uploader.console.shown_progress import RejectGroup, reject_groups

# Whether the column of a warning should be an identifier; one of different people is not the only one.
_IDENTIFIES = {SHARED: "false", WITHOUT_IDENTIFIER: BECOMES_IDENTIFIER}
_NO_OPTION = ("not_an_option", "not_a_boolean")
_MATCH = "Or match the cells with values, in the row of the column above."
_COUNTED = (DO_NOT_FIT, "would be rejected")  # by the run, for the whole file


class LeftOutCells(NamedTuple):
    """Cells of a column that are left out of rows that stay; `examples` are of the column, whatever the reason."""

    column: str
    reason: str
    cells: int
    examples: Sequence[str]


class ShownWarning(NamedTuple):
    fault: Fault
    fix: ShownFix | None


class ShownCheck(NamedTuple):
    """`rejected` has every rejected row once. `concerns` are known of the beginning of the file, and not counted by the
    run. `creates` are display names of attributes; `unused` are columns of the file that are not imported."""

    run: DryRun
    warnings: Sequence[ShownWarning]
    rejected: Sequence[RejectGroup]
    left_out: Sequence[LeftOutCells]
    concerns: Sequence[Concern]
    fixes: Sequence[ShownFix]
    creates: Sequence[str]
    unused: Sequence[str]


def shown_check(run: DryRun, file: ShownFile, columns: Sequence[ColumnSpec], names: Mapping[str, str]) -> ShownCheck:
    """`columns` are those that were checked; `names` are what attributes are called."""
    return ShownCheck(
        run=run,
        warnings=[_warning(each, columns) for each in run.warnings],
        rejected=[_matchable(each) for each in _rejected(run)],
        left_out=[each for column in run.columns for each in _left_out(column)],
        concerns=_uncounted(file),
        fixes=shown_fixes(run.columns),
        creates=[names.get(name) or default_display_name(name) for name in run.created_attributes],
        unused=_unused(file, columns),
    )


def _unused(file: ShownFile, columns: Sequence[ColumnSpec]) -> list[str]:
    """The columns that nothing reads; one may have the regions of phone numbers."""
    read = {name for spec in columns for name in needed_columns(spec)}
    return [name for name in file.names if name not in read]


def _rejected(run: DryRun) -> list[RejectGroup]:
    formats = {column.label: column.format for column in run.columns}
    return reject_groups(run.reject_reasons, _columns_by_code(run.columns), formats, ended=True)


def _warning(fault: Fault, columns: Sequence[ColumnSpec]) -> ShownWarning:
    """With what to do on the page, and a button for it if the column is imported."""
    fed = [FixedColumn(spec.label, spec.attribute, "") for spec in columns if spec.label == fault.column]
    value = _IDENTIFIES.get(fault.code)
    fix = ShownFix(FixOption.IDENTIFIER, value, fed[:1]) if value and fed else None
    return ShownWarning(on_page(fault), fix)


def _matchable(group: RejectGroup) -> RejectGroup:
    """With what the page can do about values that are no option."""
    return group._replace(fix=f"{group.fix} {_MATCH}") if group.code in _NO_OPTION else group


def _uncounted(file: ShownFile) -> list[Concern]:
    """Such as times that a date leaves out."""
    return [
        Concern(each.column, each.words[:1].upper() + each.words[1:])
        for each in file.concerns
        if not any(counted in each.words for counted in _COUNTED)
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
        LeftOutCells(column.label, reason_of(code).message, cells, column.examples)
        for code, cells in column.reasons.items()
        if _drops(column, code)
    ]


def _drops(column: ColumnReport, code: str) -> bool:
    """A placeholder names nobody, and never rejects a row by itself."""
    return column.drops or code == JUNK_IDENTIFIER
