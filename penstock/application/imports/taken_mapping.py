"""Takes the columns of another mapping over into the draft of an import, by the names of the file's columns."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.imports.import_draft import ColumnChoice, ImportDraft
from penstock.domain.errors import Refused
from penstock.domain.mapping.attributes import parse_format


class TakenMapping(NamedTuple):
    """`placed` columns of the mapping are in the draft; the file lacks a column of each of `missing`. `unnamed` are the
    file's columns that the mapping does not name."""

    draft: ImportDraft
    placed: int
    missing: Sequence[str]
    unnamed: Sequence[str]


def with_mapping(draft: ImportDraft, specs: Sequence[ColumnSpec]) -> TakenMapping:
    """The draft with those of `specs` whose columns the file has. Its other columns stay as they are, unless they feed
    an attribute that now has another column; none of them says when facts were true, if one of `specs` does."""
    names = {choice.column for choice in draft.choices}
    placed = [spec for spec in specs if names.issuperset(needed_columns(spec))]
    whole = {spec.column: spec for spec in placed if _is_whole(spec)}
    fed = {spec.attribute for spec in placed}
    says_when = any(spec.as_of for spec in placed)

    def chosen(choice: ColumnChoice) -> ColumnChoice:
        if choice.column in whole:
            return replace(choice, spec=whole[choice.column])
        if choice.spec is None or choice.spec.attribute in fed:
            return replace(choice, spec=None)
        return replace(choice, spec=replace(choice.spec, as_of=choice.spec.as_of and not says_when))

    named = {name for spec in placed for name in spec.sources}
    return TakenMapping(
        draft=replace(
            draft,
            choices=tuple(map(chosen, draft.choices)),
            kept=tuple(spec for spec in placed if not _is_whole(spec)),
            cleared=(),
            rows=None,
        ),
        placed=len(placed),
        missing=[spec.label for spec in specs if not names.issuperset(needed_columns(spec))],
        unnamed=[choice.column for choice in draft.choices if choice.column not in named],
    )


def _is_whole(spec: ColumnSpec) -> bool:
    """Whether it is one column of the file, as it is."""
    return bool(spec.column) and spec.split is None


def needed_columns(spec: ColumnSpec) -> Sequence[str]:
    """The columns that it is made of, and the one that has the regions of its phone numbers."""
    region = None
    with suppress(Refused):
        region = parse_format(spec.format or "text").region_column
    return (*spec.sources, region) if region else spec.sources
