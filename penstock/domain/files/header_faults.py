"""Decides which part of a header an error may reveal.

Faults are stored and mailed, and a file without a header has a customer's row in its place. So a fault has the column's
name only in `column`, never in its message. It has no name at all when the header has none of the mapped columns, or a
carriage return that may have been meant as its end; `mapped_columns.py` has an exception.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from penstock.domain.errors import Fault
from penstock.domain.files.column_names import SPACES, has_invisible
from penstock.domain.mapping.mapping import Mapping

MAX_FAULTS = 1_000  # so that an error fits into one event
MAX_NAME_IN_FAULT = 80  # characters of a column's name that a fault shows


def with_names(faults: Sequence[Fault], columns: Sequence[str], mapping: Mapping | None) -> list[Fault]:
    """The faults with their columns' names, unless these may be a customer's values."""
    if not may_be_named(columns, mapping):
        return list(faults)
    return [
        msgspec.structs.replace(fault, column=printable_name(columns[fault.position - 1]))
        if fault.position is not None and fault.column is None
        else fault
        for fault in faults
    ]


def may_be_named(columns: Sequence[str], mapping: Mapping | None) -> bool:
    """Whether the names of these columns are surely no customer's values."""
    names = {name.strip(SPACES) for name in columns}
    external = mapping is not None and not any(name in names for mapped in mapping.columns for name in mapped.sources)
    return not external and not any("\r" in name for name in columns)


def printable_name(name: str) -> str | None:
    return "".join("\ufffd" if has_invisible(char) else char for char in name[:MAX_NAME_IN_FAULT]).strip(SPACES) or None


def bounded(faults: list[Fault]) -> list[Fault]:
    if len(faults) <= MAX_FAULTS:
        return faults
    more = Fault(
        code="more_faults",
        message=f"{len(faults) - MAX_FAULTS:,} more faults are not listed",
        hint="Correct those that are listed, and try again.",
    )
    return [*faults[:MAX_FAULTS], more]
