"""The changes of a source's file since its last one, or since its mapping was saved."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.suggestions.facts import Facts
from penstock.domain.suggestions.keys import KEY_WORDS
from penstock.domain.suggestions.names import words
from penstock.domain.suggestions.suggestion import Change, ColumnSuggestion, Drift

MIN_WORD = 3  # letters of a word that two names have in common


def changes_since(
    columns: Sequence[ColumnSuggestion],
    facts: Sequence[Facts],
    earlier: Sequence[ColumnMapping],
    unreadable: Mapping[str, str],
    last: Sequence[str] = (),
) -> list[Change]:
    """The columns that are gone, those that are new, and those that are written differently.

    `last` are the columns of the source's last file. If they are not known, those of the mapping stand for them.
    """
    mapped = list(dict.fromkeys(source for each in earlier for source in each.sources))
    before = list(last) or mapped
    if not before:
        return []
    order = list(dict.fromkeys([*before, *mapped]))
    known, had = set(order), set(before)
    new = [each for each in columns if each.column not in known]
    what = "it was not in the last file" if last else "it is not in the mapping"
    return [
        *_gone(columns, new, earlier, order, unreadable),
        *(Change(each.name, Drift.NEW, what) for each in facts if each.name not in had),
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
    order: Sequence[str],
    unreadable: Container[str],
) -> Iterator[Change]:
    """`order` has the columns of the last file and those that are mapped."""
    names = [each.column for each in columns]
    present = set(names)
    gone = [name for name in order if name not in present and name not in unreadable]
    if present.isdisjoint(order):
        new = ()  # another file, perhaps without a header, so that its names may be customers' values
    feeds = _by_source(earlier)
    meaning = {each.attribute.name: each.column for each in reversed(new)}
    places = _Places(names, {each.column for each in new}, order)
    same_names = _SameNames(new)
    for name in gone:
        place = places.of(name) or same_names.of(name)
        for mapped in feeds.get(name, ()):
            renamed = meaning.get(mapped.attribute) or place
            what = "the identifier " if mapped.identifier else ""
            detail = f"it feeds {what}{mapped.attribute}{_question(renamed)}"
            yield Change(name, Drift.GONE, detail, mapped.attribute, renamed, mapped)
        if name not in feeds:
            yield Change(name, Drift.GONE, "it is not mapped" + _question(place), renamed_to=place)


class _SameNames:
    """Finds the one new column whose name has a word of the missing one's, beside those for number or code."""

    def __init__(self, new: Sequence[ColumnSuggestion]) -> None:
        self._by_word: dict[str, list[str]] = {}
        for each in new:
            for word in _telling(each.column):
                self._by_word.setdefault(word, []).append(each.column)

    def of(self, gone: str) -> str | None:
        with_a_word = [self._by_word[word] for word in _telling(gone) if word in self._by_word]
        found = {columns[0] for columns in with_a_word}
        return found.pop() if len(found) == 1 and all(len(columns) == 1 for columns in with_a_word) else None


def _telling(name: str) -> set[str]:
    return {word for word in words(name) if len(word) >= MIN_WORD and word not in KEY_WORDS}


def _question(renamed: str | None) -> str:
    return f"; renamed to {renamed}?" if renamed else ""


def _by_source(earlier: Sequence[ColumnMapping]) -> dict[str, list[ColumnMapping]]:
    feeds: dict[str, list[ColumnMapping]] = {}
    for mapped in earlier:
        for source in dict.fromkeys(mapped.sources):
            feeds.setdefault(source, []).append(mapped)
    return feeds


class _Places:
    """Finds the new column with the same columns on both sides. A mapping does not have the place of each column, but
    nearly always their order."""

    def __init__(self, names: Sequence[str], new: Container[str], order: Sequence[str]) -> None:
        self._sides = dict(_with_sides(order))
        self._new = {sides: name for name, sides in reversed(list(_with_sides(names))) if name in new}

    def of(self, gone: str) -> str | None:
        return self._new.get(self._sides[gone])


def _with_sides(names: Sequence[str]) -> Iterator[tuple[str, tuple[str | None, str | None]]]:
    """Each name with those before and after it."""
    return zip(names, zip([None, *names], [*names[1:], None], strict=False), strict=False)
