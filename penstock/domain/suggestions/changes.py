"""What changed in a source's file since its mapping was saved."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

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
    mapped = {source for each in earlier for source in each.sources}
    new = [each for each in columns if each.column not in mapped]
    return [
        *_gone(columns, new, earlier, unreadable),
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


def _gone(
    columns: Sequence[ColumnSuggestion],
    new: Sequence[ColumnSuggestion],
    earlier: Sequence[ColumnMapping],
    unreadable: Container[str],
) -> Iterator[Change]:
    names = [each.column for each in columns]
    if not any(source in names for mapped in earlier for source in mapped.sources):
        new = ()  # another file, perhaps without a header, so that its names may be customers' values
    for mapped in earlier:
        for source in mapped.sources:
            if source not in names and source not in unreadable:
                renamed = _same_meaning(mapped, new) or _same_place(source, names, new, earlier)
                detail = f"it feeds {mapped.attribute}" + (f"; renamed to {renamed}?" if renamed else "")
                yield Change(source, Drift.GONE, detail, mapped.attribute, renamed)


def _same_meaning(mapped: ColumnMapping, new: Sequence[ColumnSuggestion]) -> str | None:
    """The new column whose name and values suggest the same attribute."""
    return next((each.column for each in new if each.attribute.name == mapped.attribute), None)


def _same_place(
    gone: str, names: Sequence[str], new: Sequence[ColumnSuggestion], earlier: Sequence[ColumnMapping]
) -> str | None:
    """The new column with the same columns on both sides, of those that are mapped. The mapping does not have the place
    of each column, but nearly always their order."""
    order = list(dict.fromkeys(source for each in earlier for source in each.sources))
    at = order.index(gone)
    before, after = order[at - 1] if at else None, order[at + 1] if at + 1 < len(order) else None
    for place, name in enumerate(names):
        left, right = names[place - 1] if place else None, names[place + 1] if place + 1 < len(names) else None
        if (left, right) == (before, after) and any(each.column == name for each in new):
            return name
    return None
