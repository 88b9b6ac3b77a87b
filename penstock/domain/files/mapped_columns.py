"""Whether a mapping fits a file's columns."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.domain.errors import Fault
from penstock.domain.files.header_faults import MAX_NAME_IN_FAULT
from penstock.domain.files.rejects import REJECT_COLUMNS
from penstock.domain.mapping.mapping import Mapping


def validate_mapped_columns(mapping: Mapping, columns: Sequence[str]) -> list[Fault]:
    """All faults of a valid `mapping` (see `validate_mapping`) for a file with these columns."""
    place_of = {name: place for place, name in reversed(list(enumerate(columns, 1)))}
    similar = {_spelling_key(name): place for name, place in place_of.items()}
    faults = []
    for column in dict.fromkeys(name for mapped in mapping.columns for name in mapped.needed_columns):
        if column in REJECT_COLUMNS:
            faults.append(
                Fault(
                    code="reserved_column_mapped",
                    message="the mapping uses a column that Penstock adds to reject files",
                    hint="Remove this column from the mapping.",
                    column=column[:MAX_NAME_IN_FAULT],
                    position=place_of.get(column),
                )
            )
        elif column not in place_of:
            faults.append(_unknown_column(column, similar.get(_spelling_key(column))))
    return faults


def _spelling_key(name: str) -> str:
    """Equal for names that differ only in case and punctuation."""
    return "".join(filter(str.isalnum, name.casefold()))


def _unknown_column(column: str, similar: int | None) -> Fault:
    hint = f" Column {similar} has a similar name." if similar else ""
    return Fault(
        code="unknown_mapped_column",
        message=f"the mapping uses the column {column[:MAX_NAME_IN_FAULT]!r}, which the header does not have",
        hint=f"Correct the header or the mapping; case and quotes matter.{hint}",
        column=column[:MAX_NAME_IN_FAULT],
    )
