"""The draft of an import: what a person has entered so far. The rules, without a store.

A column keeps its place once it has been shown, and a choice of the person is never replaced by a suggestion.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec, column_specs
from penstock.application.uploads.suggesting import SUGGESTED_CONFIDENCE, column_spec
from penstock.domain.days import DAY_US
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.mapping import Mode
from penstock.domain.suggestions import ColumnSuggestion, SuggestedMapping

LIFETIME_US = 7 * DAY_US  # after the last change


class ColumnChoice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A column of the file, in the order in which it is shown; `spec` is None while it is not to be imported."""

    column: str
    spec: ColumnSpec | None = None


class ImportDraft(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An import that has not begun. `file_id` is that of the file that arrives for it, "" before one was chosen.

    `choices` are the columns, none before the file's header was read; `kept` are columns of the mapping that are
    made of several of the file, of a part of one or of none, but for those whose attribute was `cleared`. `rows`
    and `rejected` are what the last check has counted; `rows` is None after a change. `request_id` is the request
    that it has become. `cell_key` is the secret of the tokens that stand for cells on the page.
    """

    draft_id: str
    created_by: str
    created_at: int  # microseconds since the epoch, as all times
    expires_at: int
    data_source: str
    cell_key: str = ""
    file_id: str = ""
    file_name: str = ""
    file_options: FileOptions = FileOptions()
    choices: tuple[ColumnChoice, ...] = ()
    kept: tuple[ColumnSpec, ...] = ()
    cleared: tuple[str, ...] = ()
    mode: Mode | None = None
    max_rejects: str | None = None
    notify: tuple[str, ...] | None = None
    rows: int | None = None
    rejected: int = 0
    request_id: str | None = None

    @property
    def columns(self) -> list[ColumnSpec]:
        """The mapping that was chosen."""
        kept = [spec for spec in self.kept if spec.attribute not in self.cleared]
        return [*kept, *(choice.spec for choice in self.choices if choice.spec is not None)]


def expiry(now_us: int) -> int:
    return now_us + LIFETIME_US


def needs_person(suggestion: ColumnSuggestion | None) -> bool:
    """Whether somebody has to look at a column, rather than agree."""
    if suggestion is None:
        return True
    return suggestion.confidence < SUGGESTED_CONFIDENCE or bool(suggestion.tied_with)


def with_suggestions(draft: ImportDraft, columns: Sequence[str], suggested: SuggestedMapping) -> ImportDraft:
    """The draft with a choice for each of the file's `columns`.

    Known ones stay as and where they are; of the new ones, those come first that the person has to look at.
    """
    by_column = {suggestion.column: suggestion for suggestion in suggested.columns}
    present = set(columns)
    known = [choice for choice in draft.choices if choice.column in present]
    names = {choice.column for choice in known}
    new = sorted(
        (name for name in columns if name not in names), key=lambda name: not _needs_a_look(by_column.get(name))
    )
    several = suggested.of_several(SUGGESTED_CONFIDENCE)
    kept = column_specs([each.mapping for each in several], [each.attribute for each in several])
    refused = {each.column for each in suggested.columns if each.was_left_out}
    choices = (*known, *(_choice(name, None if name in refused else by_column.get(name)) for name in new))
    return replace(draft, choices=choices, kept=draft.kept if draft.choices else tuple(kept))


def _needs_a_look(suggestion: ColumnSuggestion | None) -> bool:
    return suggestion is None or needs_person(suggestion) or bool(suggestion.against)


def _choice(column: str, suggestion: ColumnSuggestion | None) -> ColumnChoice:
    """As suggested, but no attribute is made on a guess, and none is chosen where several columns fit it alike."""
    if suggestion is None or suggestion.tied_with or (needs_person(suggestion) and not suggestion.exists):
        return ColumnChoice(column=column)
    return ColumnChoice(column=column, spec=column_spec(suggestion))
