"""The result of a dry run, as the API and the command line return it."""

from __future__ import annotations

from typing_extensions import TypedDict

from penstock.application.uploads.dry_run import ColumnReport, DryRun
from penstock.documents.faults import FaultView, fault_views
from penstock.documents.file_options import FileOptionsView, file_options_view
from penstock.domain.dry_run.fixes import Fix, FixOption


class FixView(TypedDict):
    """An option of the mapped column, its value, and how many of the cells that do not fit it would take; with
    `on_misfit` and `identifier`, how many rows it would keep. `values` is an option of the column that has the country
    of each row; its value is JSON, with `XX` where a person has to write the code of a country."""

    option: FixOption
    value: str
    count: int
    message: str


class ColumnCheckView(TypedDict):
    """The cells of a column that do not fit; fixes are tried on `cells_tried` of them. `drops`: the rows stay.
    `blanks` are the words for blank of its mapping, `examples` some of these cells, masked if they are personal."""

    column: str
    attribute: str
    format: str
    pii: bool
    blanks: list[str]
    invalid_cells: int
    reasons: dict[str, int]
    drops: bool
    cells_tried: int
    examples: list[str]
    fixes: list[FixView]


class SampleCellView(TypedDict):
    """A cell as it is in the file and as it would be stored, masked if it is personal; `after` is null for one
    that does not fit."""

    before: str
    after: str | None


class CheckView(TypedDict):
    """The expected result of a file's rows; `sample` has cells by attribute. `would_be_held`: by `max_rejects`.
    `blank_words`: how many cells a word for blank would make blank, by column and word.
    `renamed_columns` has the new names by those in the file, if they were cleaned; `warnings` refuse nothing."""

    rows_read: int
    rows_accepted: int
    rows_rejected: int
    reject_reasons: dict[str, int]
    max_rejects: str | None
    would_be_held: bool
    columns: list[ColumnCheckView]
    blank_words: dict[str, dict[str, int]]
    sample: dict[str, list[SampleCellView]]
    created_attributes: list[str]
    unmapped_columns: list[str]
    renamed_columns: dict[str, str]
    file_options: FileOptionsView
    warnings: list[FaultView]


def check_view(run: DryRun) -> CheckView:
    """The one shape of a dry run, of the API and the command line."""
    return CheckView(
        rows_read=run.rows_read,
        rows_accepted=run.rows_accepted,
        rows_rejected=run.rows_rejected,
        reject_reasons=dict(run.reject_reasons),
        max_rejects=run.max_rejects,
        would_be_held=run.would_be_held,
        columns=[_column_check(column) for column in run.columns],
        blank_words=run.blank_words,
        sample={
            attribute: [SampleCellView(before=cell.before, after=cell.after) for cell in cells]
            for attribute, cells in run.sample.items()
        },
        created_attributes=list(run.created_attributes),
        unmapped_columns=list(run.unmapped_columns),
        renamed_columns=dict(run.renamed_columns),
        file_options=file_options_view(run.file_options),
        warnings=fault_views(run.warnings),
    )


def _column_check(column: ColumnReport) -> ColumnCheckView:
    return ColumnCheckView(
        column=column.label,
        attribute=column.attribute.name,
        format=str(column.format),
        pii=column.attribute.pii,
        blanks=list(column.blanks),
        invalid_cells=column.invalid_cells,
        reasons=dict(column.reasons),
        drops=column.drops,
        cells_tried=column.cells_tried,
        examples=list(column.examples),
        fixes=[_fix_view(fix, column) for fix in column.fixes],
    )


def _fix_view(fix: Fix, column: ColumnReport) -> FixView:
    return FixView(option=fix.option, value=fix.value, count=fix.cells, message=fix.message(column.cells_tried))
