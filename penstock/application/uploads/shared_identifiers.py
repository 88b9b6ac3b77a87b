"""Warnings about identifiers whose values stand on rows of different people, who would become one, and the ways out."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence

import msgspec

from penstock.domain.catalog.ranking import Ranking, with_used
from penstock.domain.errors import Fault
from penstock.domain.mapping.attributes import Attribute, ValueType
from penstock.domain.mapping.cells import cell_source
from penstock.domain.mapping.joined_identifiers import with_formats
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.suggestions import Sample
from penstock.domain.suggestions.blank_words import blank_words, merged
from penstock.domain.suggestions.different_people import (
    Telling,
    shared_by_different_keys,
    shared_by_different_people,
)
from penstock.domain.suggestions.fitting import Formats
from penstock.domain.suggestions.sample import Cells
from penstock.domain.suggestions.shared_keys import KEYS, NAMES, SEPARATOR

CONTACTS = ("email", "phone", "mobile")  # of which a person may have several
SHARED_IDENTIFIER = "shared_identifier"
_OR = " Or "


def shared_identifiers(
    columns: Sequence[ColumnMapping], attributes: Sequence[Attribute], sample: Sample
) -> list[Fault]:
    """A warning for each identifier that rows of different people share; `attributes` are those of `columns`."""
    formatted = {each.attribute: each for each in with_formats(columns, attributes)}
    ranking = ranked_identifiers(columns, attributes)
    identifiers = [formatted.pop(name) for name in ranking]
    ordered = [*identifiers, *formatted.values()]
    personal = {attribute.name for attribute in attributes if attribute.pii}
    found = identifier_of_several_people(ordered, sample, personal)
    if identifiers:
        first, *others = identifiers
        keys = first_cells(first, sample, ordered).cells
        for each in others:
            shared = len(shared_by_different_keys(_valid(each, first_cells(each, sample, ordered).cells), keys))
            if shared:
                advice = ways_out(each, ordered, sample, personal)
                found.append(shared_identifier(each.label, first.label, shared, advice, complete=sample.complete))
    return found


def ranked_identifiers(columns: Sequence[ColumnMapping], attributes: Sequence[Attribute]) -> tuple[str, ...]:
    """The attributes of the identifiers in the usual order; that of the tenant is fixed by its use."""
    used = [attribute for mapped, attribute in zip(columns, attributes, strict=True) if mapped.identifier]
    return with_used(Ranking(), used).ranked([attribute.name for attribute in used])


def identifier_of_several_people(
    columns: Sequence[ColumnMapping], sample: Sample, personal: Collection[str] = ()
) -> list[Fault]:
    """A warning if values of the first identifier stand on rows of different people: with different names and, of what
    else tells people apart, something else that differs, if there is any."""
    known_columns = set(sample.names)
    columns = [each for each in columns if each.sources and known_columns.issuperset(each.sources)]
    identifiers = [each for each in columns if each.identifier]
    if not identifiers:
        return []
    first, *others = identifiers
    rest = {each.attribute: each for each in columns if set(each.sources).isdisjoint(first.sources)}
    names = next((rest[name] for name in NAMES if name in rest), None)
    known = {each.attribute: each for each in others if each.attribute in rest}
    known |= {name: rest[name] for name in ("birth_date", "email") if name in rest}
    apart = names
    if first.columns:  # a joined one has the first name already
        known |= {name: rest[name] for name in (*KEYS, "last_name", *CONTACTS) if name in rest}
        apart = names or known.get("last_name") or next(iter(known.values()), None)
    if apart is None:
        return []
    shared_by_some = (*CONTACTS, "last_name")
    telling = Telling(
        [first_cells(names, sample, columns).cells] if names else [],
        [first_cells(each, sample, columns).cells for name, each in known.items() if name not in shared_by_some],
        [first_cells(each, sample, columns).cells for name, each in known.items() if name in shared_by_some],
    )
    shared = shared_by_different_people(_valid(first, first_cells(first, sample, columns).cells), telling)
    if not shared:
        return []
    advice = ways_out(first, columns, sample, personal)
    return [shared_identifier(first.label, apart.label, shared, advice, complete=sample.complete)]


def shared_identifier(label: str, first: str, values: int, advice: str, *, complete: bool) -> Fault:
    """So many values of an identifier stand on rows with different values of the `first` one; not `complete`: at least
    so many."""
    counted = f"{values:,}" if complete else f"at least {values:,}"
    noun = "value" if values == 1 else "values"
    return Fault(
        code="shared_identifier",
        message=f"rows with different {first!r} share {counted} {noun} of {label!r}: "
        "their people would become one person",
        hint=advice,
        column=label,
    )


def ways_out(
    shared: ColumnMapping, columns: Sequence[ColumnMapping], sample: Sample, personal: Collection[str] = ()
) -> str:
    """What to do about an identifier that different people share: identify by something else, or by it together with
    the first name."""
    if shared.columns:
        return (
            "If they are different people, join another column to it in the mapping file, such as a last name or a "
            "birth date, or take identifier from it: then it identifies nobody."
        )
    others = any(each.identifier and each != shared for each in columns)
    instead = "let it identify nobody" if others else "let another column identify them, and this one nobody"
    plain = f"If they are different people, {instead}, without !: {_plain_map(shared, personal)}."
    names = next((each for name in NAMES for each in columns if each.attribute == name and each.column), None)
    if names is None or not shared.column:
        return f"{plain}{_OR}join it with the column that has the first names, if there is one, in a mapping file."
    joined = msgspec.json.encode(_joined(shared, names, sample)).decode()
    return (
        f"{plain}{_OR}identify by it together with {names.column!r}: save the mapping with penstock inspect FILE "
        f"--save-mapping mapping.json, take identifier from {shared.column!r} there, add {joined}, and ingest with "
        f"--mapping mapping.json. Two people with the same {shared.column!r} and the same {names.column!r} still "
        "become one."
    )


def simplest_way_out(warning: Fault) -> str:
    """The first one in the hint of a warning about a shared identifier."""
    return warning.hint.partition(_OR)[0]


def _plain_map(shared: ColumnMapping, personal: Collection[str]) -> str:
    pii = ":pii" if shared.pii or shared.attribute in personal else ""
    return f"--map {shlex.quote(f'{shared.column}={shared.attribute}{pii}')}"


def _joined(shared: ColumnMapping, names: ColumnMapping, sample: Sample) -> Mapping[str, object]:
    """A column of a mapping file, with the words for blank that its parts have."""
    cells = {name: Cells(name, column) for name, column in zip(sample.names, sample.columns, strict=True)}
    words = blank_words(cells[shared.column], typed=True) if shared.column in cells else ()
    blanks = merged(shared.blanks, names.blanks, words)
    return {
        "columns": [shared.column, names.column],
        "separator": SEPARATOR,
        "attribute": f"{shared.attribute}_{names.attribute}",
        "identifier": True,
        "pii": True,
        **({"blanks": blanks} if blanks else {}),
    }


def _valid(identifier: ColumnMapping, cells: Sequence[str]) -> Sequence[str]:
    """The cells of an identifier, blank where one does not fit its format, as far as that is known: its row would be
    rejected."""
    format = identifier.format
    if format is None or format.kind is ValueType.TEXT or format.region_column is not None:
        return cells
    valid = Formats().fitting(str(format), cells)
    return [cell if cell in valid else "" for cell in cells]


def first_cells(column: ColumnMapping, sample: Sample, columns: Sequence[ColumnMapping] = ()) -> Cells:
    """Those of a column, without its words for blank; none if the sample has not all of its columns. `columns` are
    those of the mapping."""
    places = {name: at for at, name in enumerate(sample.names)}
    if not places.keys() >= set(column.sources):
        return Cells(column.label, [])
    return Cells(column.label, cell_source(column, places, columns)(sample.columns, sample.rows).cells)
