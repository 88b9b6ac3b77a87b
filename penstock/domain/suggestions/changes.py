"""What changed in a source's file since its mapping was saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.suggestions.facts import Facts
from penstock.domain.suggestions.suggestion import Change, ColumnSuggestion, Drift


def changes_since(
    columns: Sequence[ColumnSuggestion],
    facts: Sequence[Facts],
    earlier: Sequence[ColumnMapping],
    unreadable: Mapping[str, str],
) -> list[Change]:
    """The columns that are gone, those that are new, and those that are written differently."""
    if not earlier:
        return []
    names = {each.name for each in facts}
    mapped = {source for each in earlier for source in each.sources}
    return [
        *(
            Change(source, Drift.GONE, f"it feeds {each.attribute}")
            for each in earlier
            for source in each.sources
            if source not in names and source not in unreadable
        ),
        *(Change(each.name, Drift.NEW, "it is not in the mapping") for each in facts if each.name not in mapped),
        *(
            Change(each.column, Drift.FORMAT, f"{mapped_format}, now {each.format}")
            for each in columns
            if each.earlier
            for mapped_format in [each.earlier.format or each.attribute.format]
            if mapped_format != each.format
        ),
        *(Change(name, Drift.FORMAT, reason) for name, reason in unreadable.items() if name in mapped),
    ]
