"""Columns that look personal, although their mapping does not say so."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.domain.errors import Fault
from penstock.domain.mapping.attributes import Attribute, ValueType
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.suggestions.blank_words import blank_words
from penstock.domain.suggestions.facts import Facts, find_facts
from penstock.domain.suggestions.fitting import Formats
from penstock.domain.suggestions.names import WITHOUT_OWNER, Names
from penstock.domain.suggestions.person_names import person_names
from penstock.domain.suggestions.personal_words import is_personal
from penstock.domain.suggestions.phones import looks_like_phones
from penstock.domain.suggestions.sample import Cells, Sample
from penstock.domain.suggestions.texts import detect_email

MIN_SHARE = 0.8  # of the cells
_VAGUE = ("salutation",)  # a title may be that of a job, too
_CONTACTS = (ValueType.EMAIL, ValueType.PHONE)
_NAMED = (ValueType.TEXT, ValueType.DATE, *_CONTACTS)  # formats in which the name of a column counts


def looks_personal(facts: Facts, attribute: Attribute, kind: ValueType, names: Names) -> str | None:
    """Why the values of a column look personal; None if they do not. `names` are those of the built-in attributes."""
    if kind not in _NAMED:
        return None
    by_values = _by_values(facts) if kind is not ValueType.DATE else None  # a few dates look like phone numbers
    return by_values or _by_name(facts.name, attribute, names) or _by_people(facts, attribute, kind)


def _by_values(facts: Facts) -> str | None:
    found = facts.by_values()
    is_contact = found is not None and found.kind in _CONTACTS and found.fit.share >= MIN_SHARE
    return found.evidence if found and is_contact else None


def _by_name(column: str, attribute: Attribute, names: Names) -> str | None:
    match = names.match(column)
    if match is None or match.score < WITHOUT_OWNER:
        return "its name says so" if is_personal(column) else None
    if match.attribute.name in (attribute.name, *_VAGUE) or not match.attribute.pii:
        return None
    return f"its name means {match.attribute.display_name}"


def _by_people(facts: Facts, attribute: Attribute, kind: ValueType) -> str | None:
    return person_names(facts.cells, attribute.name) if kind is ValueType.TEXT else None


def personal_columns(sample: Sample, columns: Sequence[ColumnMapping], attributes: Sequence[Attribute]) -> list[Fault]:
    """A warning for each column that looks personal and whose values would not be sealed as such.

    `attributes` are those of `columns`, in the same order.
    """
    plain = [
        (position, column, attribute)
        for position, (column, attribute) in enumerate(zip(columns, attributes, strict=True), 1)
        if column.column in sample.names
        and not (column.pii or attribute.pii)
        and (column.format or attribute.format).kind in _NAMED
    ]
    at = {name: place for place, name in enumerate(sample.names)}
    names, formats = Names(BUILTIN), Formats()
    return [
        _warning(column, position, evidence)
        for position, column, attribute in plain
        if (
            evidence := looks_personal(
                _facts_of(Cells(column.column, sample.columns[at[column.column]]), formats),
                attribute,
                (column.format or attribute.format).kind,
                names,
            )
        )
    ]


def _facts_of(cells: Cells, formats: Formats) -> Facts:
    """The facts of a column as far as they say that it is personal: to try all formats takes milliseconds."""
    blanks = blank_words(cells, typed=True)
    bare = cells.without(blanks)
    if looks_like_phones(bare):
        sample = Sample([cells.name], [cells.cells], complete=False)
        [facts], _ = find_facts(sample, formats, expects_phones=lambda _: False)
        return facts
    email = detect_email(bare, formats)
    return Facts(1, bare, blanks, {ValueType.EMAIL: email} if email else {})


def _warning(column: ColumnMapping, position: int, evidence: str) -> Fault:
    return Fault(
        code="looks_personal",
        message=f"the column {column.label!r} looks personal ({evidence}), and its mapping does not say so",
        hint="Mark it, with :pii in --map or pii in the mapping: then its values are sealed apart, and masked.",
        column=column.label,
        position=position,
    )
