"""The rules for a mapping on its own, independent of any file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Dict

from penstock.domain.errors import Fault, Refused
from penstock.domain.files.column_names import has_invisible
from penstock.domain.files.header_faults import bounded
from penstock.domain.limits import (
    MAX_COLUMN_NAME,
    MAX_CONSTANTS,
    MAX_DROPPING_NAMES,
    MAX_IDENTIFIERS,
    MAX_JOINED_IN_ALL,
    MAX_MAPPED_ARGUMENTS,
    MAX_MAPPED_COLUMNS,
    MAX_MAPPED_WORDS,
    MAX_PATTERNS,
    MAX_SPLIT_COLUMNS,
    check_length,
    check_number,
)
from penstock.domain.mapping.attributes import Attribute, ValueFormat
from penstock.domain.mapping.mapping import ColumnMapping, ColumnOptions, OnMisfit
from penstock.domain.mapping.option_rules import validate_options


def check_size(columns: Sequence[ColumnOptions]) -> None:
    """Raise `Refused` for a mapping that would cost too much to validate or to use; a cheap check."""
    check_number(
        len(columns),
        MAX_MAPPED_COLUMNS,
        code="too_many_mapped_columns",
        what="mapped columns",
        hint="Map fewer columns; those that are not mapped are left out.",
    )
    check_number(
        sum(column.identifier for column in columns),
        MAX_IDENTIFIERS,
        code="too_many_identifiers",
        what="identifiers in one mapping",
        hint="Mark only columns that name a person, such as crmid or email, as identifiers.",
    )
    for position, column in enumerate(columns, 1):
        for name in column.sources:
            check_length(name, MAX_COLUMN_NAME, what=f"the name of mapped column {position}")
    check_number(
        sum(column.split is not None for column in columns),
        MAX_SPLIT_COLUMNS,
        code="too_many_mapped_columns",
        what="mapped columns that are parts of another one",
        hint="Map fewer parts, or split the columns before the upload.",
    )
    check_number(
        sum(len(column.columns) for column in columns),
        MAX_JOINED_IN_ALL,
        code="too_many_mapped_columns",
        what="columns that are joined in one mapping",
        hint="Join fewer columns, or map them as they are.",
    )
    check_number(
        sum(len(column.constant or "") for column in columns),
        MAX_CONSTANTS,
        code="words_too_long",
        what="characters of constants in one mapping",
        hint="Write fewer or shorter constants: every row has them.",
    )
    check_number(
        sum(map(_length_of_words, columns)),
        MAX_MAPPED_WORDS,
        code="words_too_long",
        what="characters of blank words, value maps and constants in one mapping",
        hint="Write fewer or shorter ones.",
    )
    check_number(
        sum(len(name) for column in columns if column.on_misfit is OnMisfit.DROP for name in column.sources),
        MAX_DROPPING_NAMES,
        code="too_many_dropping_columns",
        what="characters of names of columns that drop cells in one mapping",
        hint="Let fewer columns drop their cells, or map fewer columns.",
    )


def _length_of_words(column: ColumnOptions) -> int:
    words = (*column.blanks, *column.values, *column.values.values(), column.constant or "")
    return sum(map(len, words))


def check_formats(formats: Iterable[ValueFormat]) -> None:
    """Raise `Refused` when all formats of a mapping together would cost too much.

    `parse_format` and `coercer` validate each format.
    """
    arguments = [each for each in formats if each.argument]
    check_number(
        sum(len(each.argument) for each in arguments),
        MAX_MAPPED_ARGUMENTS,
        code="formats_too_long",
        what="characters of options, patterns and regions in one mapping",
        hint="Map columns with many options as text, or leave them out.",
    )
    check_number(
        sum(each.argument.count("|") + 1 for each in {each for each in arguments if each.plain != each}),
        MAX_PATTERNS,
        code="too_many_patterns",
        what="different date patterns, phone regions and notations in one mapping",
        hint="Write the dates and numbers of a file in fewer ways, or map some columns as text.",
    )


def mapped_formats(columns: Sequence[ColumnMapping], attributes: Dict[str, Attribute]) -> list[ValueFormat]:
    """The format of each column: its own, or its attribute's; columns of unknown attributes are left out."""
    return [
        column.format or attributes[column.attribute].format for column in columns if column.attribute in attributes
    ]


def validated_attributes(columns: Sequence[ColumnMapping], known: Dict[str, Attribute]) -> tuple[Attribute, ...]:
    """The attributes of `columns`, in their order, given the tenant's by name. Raises `Refused` with every fault."""
    check_size(columns)
    check_formats(mapped_formats(columns, known))
    faults = validate_mapping(columns, known)
    if faults:
        raise Refused(faults)
    return tuple(known[column.attribute] for column in columns)


def validate_mapping(columns: Sequence[ColumnMapping], attributes: Dict[str, Attribute]) -> list[Fault]:
    """The faults of `columns`, given the tenant's attributes by name; positions count the mapped columns from 1."""
    if invisible := _invisible_names(columns):
        return bounded(invisible)  # alone, because the others would show the names
    faults = [
        *_unknown_attributes(columns, attributes),
        *_archived_attributes(columns, attributes),
        *_other_formats(columns, attributes),
        *validate_options(columns, attributes),
        *_duplicates([column.column for column in columns if _whole(column)], "column_mapped_twice", "column"),
        *_duplicates([column.attribute for column in columns], "attribute_mapped_twice", "attribute"),
    ]
    if sum(column.as_of for column in columns) > 1:
        faults.append(
            Fault(
                code="invalid_as_of",
                message="several columns are to say when facts were true",
                hint="Mark one column with as_of.",
            )
        )
    if not any(column.identifier for column in columns):
        faults.append(
            Fault(
                code="no_identifier_mapped",
                message="no column is mapped to an identifier",
                hint="Mark at least one column that names a person, such as crmid or email, as an identifier.",
            )
        )
    return bounded(faults)


def _whole(column: ColumnMapping) -> bool:
    """Whether it is one column of the file as it is: a split or joined one may be used again."""
    return bool(column.column) and column.split is None


def _invisible_names(columns: Sequence[ColumnMapping]) -> list[Fault]:
    """No file has such a column, because its header would be refused."""
    return [
        Fault(
            code="control_character_in_column_name",
            message=f"mapped column {position} has an invisible or control character in the name of its column",
            hint="Type the name as it is in the file's header, without the character.",
            position=position,
        )
        for position, column in enumerate(columns, 1)
        if any(map(has_invisible, column.needed_columns))
    ]


def _unknown_attributes(columns: Sequence[ColumnMapping], attributes: Dict[str, Attribute]) -> list[Fault]:
    return [
        Fault(
            code="unknown_attribute",
            message=f"there is no attribute {column.attribute!r}",
            hint="Create the attribute first, or map the column to one that exists.",
            column=column.label,
            position=position,
        )
        for position, column in enumerate(columns, 1)
        if column.attribute not in attributes
    ]


def _archived_attributes(columns: Sequence[ColumnMapping], attributes: Dict[str, Attribute]) -> list[Fault]:
    return [
        Fault(
            code="attribute_archived",
            message=f"the attribute {column.attribute!r} is archived",
            hint="Map the column to another attribute, or unarchive this one. "
            f"The command is: penstock attribute unarchive {column.attribute}",
            column=column.label,
            position=position,
        )
        for position, column in enumerate(columns, 1)
        if column.attribute in attributes and attributes[column.attribute].archived
    ]


def _other_formats(columns: Sequence[ColumnMapping], attributes: Dict[str, Attribute]) -> list[Fault]:
    return [
        Fault(
            code="format_mismatch",
            message=f"a column in the format {str(column.format)[:64]} cannot feed {column.attribute!r},"
            f" which is a {kind}",
            hint="Leave the format out, or map the column to an attribute of its own.",
            column=column.label,
            position=position,
        )
        for position, column in enumerate(columns, 1)
        if column.format is not None
        and column.attribute in attributes
        and not column.format.writes_as(attributes[column.attribute].format)
        for kind in [attributes[column.attribute].format.kind]
    ]


def _duplicates(names: Sequence[str], code: str, what: str) -> list[Fault]:
    return [
        Fault(code=code, message=f"the {what} {name!r} is mapped {times} times", hint=f"Map each {what} once.")
        for name, times in Counter(names).items()
        if times > 1
    ]
