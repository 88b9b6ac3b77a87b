"""What a mapping must be by itself, before any file is looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping as Dict
from collections.abc import Sequence

from penstock.domain.attributes import Attribute
from penstock.domain.errors import Fault
from penstock.domain.mapping import ColumnMapping


def judge_mapping(columns: Sequence[ColumnMapping], attributes: Dict[str, Attribute]) -> list[Fault]:
    """Every fault of `columns`, given the tenant's attributes by name; positions count the mapped columns from 1."""
    faults = [
        *_unknown_attributes(columns, attributes),
        *_other_formats(columns, attributes),
        *_twice([column.column for column in columns], "column_mapped_twice", "column"),
        *_twice([column.attribute for column in columns], "attribute_mapped_twice", "attribute"),
    ]
    if not any(column.identifier for column in columns):
        faults.append(
            Fault(
                code="no_identifier_mapped",
                message="no column is mapped to an identifier",
                mend="Mark at least one column that names a person, such as crmid or email, as an identifier.",
            )
        )
    return faults


def _unknown_attributes(columns: Sequence[ColumnMapping], attributes: Dict[str, Attribute]) -> list[Fault]:
    return [
        Fault(
            code="unknown_attribute",
            message=f"there is no attribute {column.attribute!r}",
            mend="Create the attribute first, or map the column to one that exists.",
            column=column.column,
            position=position,
        )
        for position, column in enumerate(columns, 1)
        if column.attribute not in attributes
    ]


def _other_formats(columns: Sequence[ColumnMapping], attributes: Dict[str, Attribute]) -> list[Fault]:
    return [
        Fault(
            code="format_mismatch",
            message=f"a column in the format {column.format} cannot feed {column.attribute!r}, which is a {kind}",
            mend="Leave the format out, or map the column to an attribute of its own.",
            column=column.column,
            position=position,
        )
        for position, column in enumerate(columns, 1)
        if column.format is not None
        and column.attribute in attributes
        and not column.format.writes_as(attributes[column.attribute].format)
        for kind in [attributes[column.attribute].format.kind]
    ]


def _twice(names: Sequence[str], code: str, what: str) -> list[Fault]:
    return [
        Fault(code=code, message=f"the {what} {name!r} is mapped {times} times", mend=f"Map each {what} once.")
        for name, times in Counter(names).items()
        if times > 1
    ]
