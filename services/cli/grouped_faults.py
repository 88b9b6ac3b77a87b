"""Faults as the terminal lists them: those of one kind once, with all their columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from penstock.domain.errors import Fault
from penstock.domain.files.header import OR_CLEAN_HEADERS

CLEAN_HEADERS = "Add --clean-headers (over HTTP: clean_headers), or correct the names of the columns:"


class GroupedFaults(NamedTuple):
    """Faults that differ in their columns only."""

    code: str
    places: Sequence[tuple[str | None, int | None]]
    message: str
    hint: str


def shared_option(faults: Sequence[Fault]) -> str:
    """The option that fixes several faults of a header; blank if there is none."""
    return CLEAN_HEADERS if sum(fault.hint.endswith(OR_CLEAN_HEADERS) for fault in faults) > 1 else ""


def grouped(faults: Sequence[Fault]) -> list[GroupedFaults]:
    """The faults in the order of the first of each kind, without the option that several share."""
    dropped = OR_CLEAN_HEADERS if shared_option(faults) else ""
    groups: dict[tuple[str, str, str], list[Fault]] = {}
    for fault in faults:
        key = (fault.code, _without_position(fault), fault.hint.removesuffix(dropped))
        groups.setdefault(key, []).append(fault)
    return [
        GroupedFaults(
            code,
            [(fault.column, fault.position) for fault in found],
            message if len(found) > 1 else found[0].message,
            hint,
        )
        for (code, message, hint), found in groups.items()
    ]


def _without_position(fault: Fault) -> str:
    """`has a space in its name` of `column 3 has a space in its name`: the place says which."""
    return fault.message.removeprefix(f"column {fault.position} ")
