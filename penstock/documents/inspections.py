"""An inspected file as the API and `penstock inspect --json` show it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NotRequired, cast

from typing_extensions import TypedDict

from penstock.application.catalog.column_specs import column_specs
from penstock.application.uploads.review import Review
from penstock.documents.faults import FaultView, fault_views
from penstock.documents.file_options import FileOptionsView, file_options_view
from penstock.documents.mappings import ColumnView, column_view
from penstock.documents.requests import RequestView
from penstock.domain.errors import Fault
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.mapping import ColumnMapping, OnMisfit
from penstock.domain.suggestions import Change, ColumnSuggestion, Drift, SuggestedMapping

AS_BEFORE = "same as last time"


class SuggestedColumn(TypedDict):
    """The attribute that a column could feed, and how its cells are written.

    `new`: the attribute would be created. `as_of`: the column says which row of a person is the newest. `confidence` is
    from 0 to 1; `evidence` speaks for the suggestion, `against` against it. The columns in
    `tied_with`, up to ten, could feed the attribute as well: choose one of them.
    """

    column: str
    attribute: str
    display_name: str
    new: bool
    format: str
    identifier: bool
    pii: bool
    on_misfit: OnMisfit
    blanks: list[str]
    values: dict[str, str]
    trim: bool
    as_of: bool
    confidence: float
    evidence: list[str]
    against: list[str]
    tied_with: list[str]


class ComposedColumn(ColumnView):
    """A column of the mapping that is not one of the file: several joined, a part of one, or a constant.

    It is that of the source's mapping, or joins columns that identify a person together. The rest is as of
    `SuggestedColumn`.
    """

    display_name: str
    new: bool
    confidence: float
    evidence: list[str]
    against: list[str]


class ChangeView(TypedDict):
    """How a column differs from the mapping of the data source."""

    column: str
    change: Drift
    detail: str


class LeftOutColumn(TypedDict):
    """A column that is not mapped, and why."""

    column: str
    reason: str


class NeededOptions(TypedDict):
    """The options to ingest a file with, those that were declared included, and those that its data source has left
    out."""

    encoding: str | None
    clean_headers: bool
    quoted: bool


class InspectionView(TypedDict):
    """`sampled_rows` were drawn from the whole file, `every_row` when they are all; `sample_rows` are the first few.

    Without the `needed_options` the file has the `faults` and the `warnings`; everything else is as with them, and with
    what the data source has: the `file_options`.
    `composed_columns` are made of columns of the file, or of none. `left_out_columns` cannot be mapped, such as those
    that hold JSON objects.
    """

    compression: str
    faults: list[FaultView]
    needed_options: NeededOptions
    file_options: FileOptionsView
    warnings: list[FaultView]
    columns: list[str]
    sample_rows: list[list[str]]
    sampled_rows: int
    every_row: bool
    suggested_mapping: list[SuggestedColumn]
    composed_columns: list[ComposedColumn]
    left_out_columns: list[LeftOutColumn]
    changes: list[ChangeView]


class ResubmittedView(RequestView):
    """The child request of resubmitted rows. `duplicate`: the same rows had led to it before."""

    duplicate: bool


class AcceptedView(RequestView):
    """An accepted request; with `accept_suggestions`, also the columns that the suggestions leave out.

    `renamed_columns` has the new names by those in the file, if they were cleaned. `duplicate`: the same file had led
    to this request before, which does not notify the addresses in `not_notified`.
    `warnings` refuse nothing; a call that is sent again does not repeat them.
    """

    duplicate: bool
    not_notified: list[str]
    renamed_columns: dict[str, str]
    warnings: list[FaultView]
    left_out_columns: NotRequired[list[LeftOutColumn]]


def accepted_view(
    request: RequestView,
    renamed: dict[str, str],
    *,
    warnings: Iterable[Fault] = (),
    duplicate: bool = False,
    not_notified: Iterable[str] = (),
    left_out: Iterable[tuple[str, str]] | None = None,
) -> AcceptedView:
    more = {"duplicate": duplicate, "not_notified": list(not_notified)}
    about_file = {"renamed_columns": renamed, "warnings": fault_views(warnings)}
    view = cast(AcceptedView, {**request, **more, **about_file})
    if left_out is not None:
        view["left_out_columns"] = _left_out(left_out)
    return view


def _left_out(columns: Iterable[tuple[str, str]]) -> list[LeftOutColumn]:
    return [LeftOutColumn(column=column, reason=reason) for column, reason in columns]


def inspection_view(review: Review) -> InspectionView:
    suggested = review.suggested
    return InspectionView(
        compression=review.compression,
        faults=fault_views(review.faults),
        needed_options=NeededOptions(
            encoding=review.needed_options.encoding,
            clean_headers=bool(review.needed_options.clean_headers),
            quoted=bool(review.needed_options.quoted),
        ),
        file_options=file_options_view(review.file_options),
        warnings=fault_views(review.warnings),
        columns=review.columns,
        sample_rows=review.rows,
        sampled_rows=suggested.rows,
        every_row=suggested.complete,
        suggested_mapping=[suggestion_view(each) for each in suggested.columns],
        composed_columns=composed_views(suggested),
        left_out_columns=_left_out(suggested.left_out),
        changes=[_change_view(each) for each in suggested.changes],
    )


def suggestion_view(suggestion: ColumnSuggestion) -> SuggestedColumn:
    return SuggestedColumn(
        column=suggestion.column,
        attribute=suggestion.attribute.name,
        display_name=suggestion.attribute.display_name,
        new=not suggestion.exists,
        format=str(suggestion.format),
        identifier=suggestion.identifier,
        pii=suggestion.pii,
        on_misfit=suggestion.on_misfit,
        blanks=list(suggestion.blanks),
        values=suggestion.values,
        trim=suggestion.trim,
        as_of=suggestion.as_of,
        confidence=suggestion.confidence,
        evidence=list(suggestion.evidence),
        against=list(suggestion.against),
        tied_with=list(suggestion.tied_with),
    )


def composed_views(suggested: SuggestedMapping) -> list[ComposedColumn]:
    """The earlier columns that stay, then those that are joined to identify."""
    kept = [_composed_view(each.mapping, each.attribute, evidence=[AS_BEFORE]) for each in suggested.kept]
    return kept + [
        _composed_view(
            each.mapping,
            each.attribute,
            new=not each.exists,
            confidence=each.confidence,
            evidence=each.evidence,
            against=each.against,
        )
        for each in suggested.joined
    ]


def _composed_view(
    mapping: ColumnMapping,
    attribute: Attribute,
    *,
    new: bool = False,
    confidence: float = 1.0,
    evidence: Iterable[str] = (),
    against: Iterable[str] = (),
) -> ComposedColumn:
    (spec,) = column_specs([mapping], [attribute])
    more = {"confidence": confidence, "evidence": list(evidence), "against": list(against)}
    return cast(ComposedColumn, {**column_view(spec), "display_name": attribute.display_name, "new": new, **more})


def _change_view(change: Change) -> ChangeView:
    return ChangeView(column=change.column, change=change.drift, detail=change.detail)
