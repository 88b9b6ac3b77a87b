"""Whether a mapping fits the columns that a file has."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.domain.errors import Fault
from penstock.domain.files.header_faults import SHOWN_NAME
from penstock.domain.files.rejects import REJECT_COLUMNS
from penstock.domain.mapping.mapping import Mapping


def validate_mapped_columns(mapping: Mapping, columns: Sequence[str]) -> list[Fault]:
    """All that keeps `mapping`, in order by itself (`validate_mapping`), from serving a file that has these columns."""
    place_of = {name: place for place, name in reversed(list(enumerate(columns, 1)))}
    alike = {_letters(name): place for name, place in place_of.items()}
    faults = []
    for column in dict.fromkeys(mapped.column for mapped in mapping.columns):
        if column in REJECT_COLUMNS:
            faults.append(
                Fault(
                    code="reserved_column_mapped",
                    message="the mapping uses a column that Penstock adds to reject files",
                    hint="Remove this column from the mapping.",
                    column=column[:SHOWN_NAME],
                    position=place_of.get(column),
                )
            )
        elif column not in place_of:
            faults.append(_unknown_column(column, alike.get(_letters(column))))
    return faults


def _letters(name: str) -> str:
    """What two spellings of one name share."""
    return "".join(filter(str.isalnum, name.casefold()))


def _unknown_column(column: str, alike: int | None) -> Fault:
    hint = f" Column {alike} has nearly this name." if alike else ""
    return Fault(
        code="unknown_mapped_column",
        message=f"the mapping uses the column {column[:SHOWN_NAME]!r}, which the header does not have",
        hint=f"Correct the header or the mapping; upper and lower case and quotes count.{hint}",
        column=column[:SHOWN_NAME],
    )
