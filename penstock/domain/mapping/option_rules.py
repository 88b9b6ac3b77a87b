"""The rules for the options of a mapped column: source columns, words for blank, value map, dropped cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Dict
from typing import NamedTuple

from penstock.domain.errors import Fault
from penstock.domain.limits import (
    MAX_BLANK_WORD,
    MAX_BLANK_WORDS,
    MAX_CELL,
    MAX_JOINED_COLUMNS,
    MAX_PART,
    MAX_SEPARATOR,
    MAX_VALUE_MAP,
)
from penstock.domain.mapping.attributes import Attribute, ValueFormat, ValueType
from penstock.domain.mapping.coercion import CoercionError, coercer
from penstock.domain.mapping.mapping import ColumnMapping, OnMisfit


class _Broken(NamedTuple):
    """A rule that a column breaks."""

    code: str
    message: str
    hint: str


def validate_options(columns: Sequence[ColumnMapping], attributes: Dict[str, Attribute]) -> list[Fault]:
    """Every fault of the options of `columns`, given the tenant's attributes by name; positions count from 1."""
    return [
        Fault(code=each.code, message=each.message, hint=each.hint, column=column.label, position=position)
        for position, column in enumerate(columns, 1)
        for each in (*_source(column), *_blanks(column), *_values(column), *_behaviour(column, attributes))
    ]


def _source(column: ColumnMapping) -> Iterator[_Broken]:
    if [bool(column.column), bool(column.columns), column.constant is not None].count(True) != 1:
        yield _Broken(
            code="invalid_source",
            message="it needs exactly one of column, columns and constant",
            hint="Name one column of the file, several columns to join, or a constant.",
        )
    if column.columns and not (2 <= len(column.columns) <= MAX_JOINED_COLUMNS and all(column.columns)):
        yield _Broken(
            code="invalid_source",
            message=f"columns has {len(column.columns):,} names, or a blank one",
            hint=f"Name 2 to {MAX_JOINED_COLUMNS} columns to join.",
        )
    if len(column.separator) > MAX_SEPARATOR:
        yield _Broken(
            code="invalid_source", message="the separator is too long", hint=f"Use up to {MAX_SEPARATOR} characters."
        )
    if column.split is not None:
        yield from _split(column, column.split)
    elif column.part != 1:
        yield _Broken(
            code="invalid_source", message="a part needs a text to split at", hint='Add one, such as "split": " ".'
        )


def _split(column: ColumnMapping, split: str) -> Iterator[_Broken]:
    if not column.column:
        yield _Broken(
            code="invalid_source", message="only one column can be split", hint="Name the column of the file in column."
        )
    if not 1 <= len(split) <= MAX_SEPARATOR:
        yield _Broken(
            code="invalid_source",
            message=f"the text to split at has {len(split):,} characters",
            hint=f"Use 1 to {MAX_SEPARATOR} characters, such as a space.",
        )
    if not 1 <= abs(column.part) <= MAX_PART:
        yield _Broken(
            code="invalid_source",
            message=f"there is no part {column.part}",
            hint=f"Count parts from 1, or from -1 for the last one, up to {MAX_PART:,}.",
        )


def _blanks(column: ColumnMapping) -> Iterator[_Broken]:
    if len(column.blanks) > MAX_BLANK_WORDS:
        yield _Broken(
            code="invalid_blank_words",
            message=f"there are {len(column.blanks):,} words for blank",
            hint=f"Use up to {MAX_BLANK_WORDS}.",
        )
    if any(not word.strip() or len(word) > MAX_BLANK_WORD for word in column.blanks):
        yield _Broken(
            code="invalid_blank_words",
            message="a word for blank is blank itself or too long",
            hint=f"Write 1 to {MAX_BLANK_WORD} characters, such as n/a; a cell of white space is always blank.",
        )


def _values(column: ColumnMapping) -> Iterator[_Broken]:
    if len(column.values) > MAX_VALUE_MAP:
        yield _Broken(
            code="invalid_value_map",
            message=f"the value map has {len(column.values):,} entries",
            hint=f"Use up to {MAX_VALUE_MAP:,}.",
        )
    keys = {key.strip() for key in column.values}
    if "" in keys or len(keys) != len(column.values):
        yield _Broken(
            code="invalid_value_map",
            message="the value map has a blank cell, or one cell twice",
            hint="List each cell once; white space around it is ignored.",
        )


def _behaviour(column: ColumnMapping, attributes: Dict[str, Attribute]) -> Iterator[_Broken]:
    if column.identifier and column.on_misfit is OnMisfit.DROP:
        yield _Broken(
            code="drop_on_identifier",
            message="a column of identifiers cannot drop its cells",
            hint="Let it reject the row, which otherwise could be stored under the wrong person.",
        )
    if column.identifier and column.constant is not None:
        yield _Broken(
            code="constant_identifier",
            message="a constant cannot be an identifier: every row would be the same person",
            hint="Use a column of the file as the identifier.",
        )
    if column.attribute in attributes:
        format = column.format or attributes[column.attribute].format
        yield from _fitting(column, format)
        if column.as_of:
            yield from _as_of(format, personal=column.pii or attributes[column.attribute].pii)


def _as_of(format: ValueFormat, *, personal: bool) -> Iterator[_Broken]:
    if format.kind not in (ValueType.DATE, ValueType.DATETIME):
        yield _Broken(
            code="invalid_as_of",
            message=f"as_of needs dates or times, and the format is {format.kind}",
            hint="Mark a column of dates or times, such as the time of the last change.",
        )
    if personal:
        yield _Broken(
            code="invalid_as_of",
            message="a personal column cannot say when facts were true: who reads ordinary values would see it",
            hint="Mark a column that is not personal.",
        )


def _fitting(column: ColumnMapping, format: ValueFormat) -> Iterator[_Broken]:
    if column.trim and format.kind is not ValueType.TEXT:
        yield _Broken(
            code="trim_needs_text",
            message=f"trim has no effect on the format {format.kind}",
            hint="Leave it out: white space around a cell is ignored in every format but text.",
        )
    if not all(_fits(value, format) for value in column.values.values()):
        yield _Broken(
            code="invalid_value_map",
            message=f"a value of the value map does not fit the format {str(format)[:64]}",
            hint="Map each cell to a value that the format accepts; list words for blank in blanks.",
        )
    if column.constant is not None and not _fits(column.constant, format):
        yield _Broken(
            code="invalid_constant",
            message=f"the constant does not fit the format {str(format)[:64]}, or is blank",
            hint="Write a value that the format accepts.",
        )


def _fits(value: str, format: ValueFormat) -> bool:
    """Whether `value` is a cell of `format` that is not blank."""
    if len(value) > MAX_CELL:
        return False
    try:
        return coercer(format).coerce_cell(value) is not None
    except CoercionError:
        return False
