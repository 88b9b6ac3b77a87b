"""Cleans column names that break the rules of `column_names.py`, if the user asks for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from penstock.domain.files.column_names import SPACES, has_invisible, validate_names
from penstock.domain.files.rejects import REJECT_COLUMNS
from penstock.domain.numbered_names import NumberedNames

_JOINTS = re.compile(rf"[{SPACES}\-]+")


def clean_names(names: Sequence[str], *, corrected: bool = False) -> list[str]:
    """Trims names, drops invisible characters, writes an underscore for spaces and hyphens, names a blank third column
    `column_3`, and numbers a second `city` as `city_2`, and a name of `REJECT_COLUMNS` unless the file is a
    `corrected` reject file. Names that obey the rules stay, so cleaning again changes nothing."""
    reserved = frozenset(() if corrected else REJECT_COLUMNS)
    cleaned = [_clean(name) or f"column_{place}" for place, name in enumerate(names, 1)]
    kept = {name for name, new in zip(names, cleaned, strict=True) if name == new} - reserved
    numbers = NumberedNames(kept | reserved)
    left = set(kept)  # names that their first column has still to take
    result = []
    for name, new in zip(names, cleaned, strict=True):
        if name == new and new in left:
            left.remove(new)
            result.append(new)
        else:
            result.append(numbers.free(new))
    return result


class Renamed(NamedTuple):
    """A name as the file has it, and what rules it breaks: "has a space in its name"."""

    name: str
    breaks: Sequence[str]


def renamed_columns(names: Sequence[str]) -> dict[str, Renamed]:
    """The columns whose names `clean_names` changes, by their new names."""
    breaks: dict[int, list[str]] = {}
    for fault in validate_names(names):
        if fault.position is not None:
            rule = fault.message.removeprefix(f"column {fault.position} ")
            breaks.setdefault(fault.position, []).append(rule)
    return {
        new: Renamed(name, breaks.get(position, ()))
        for position, (name, new) in enumerate(zip(names, clean_names(names), strict=True), 1)
        if name != new
    }


def _clean(name: str) -> str:
    visible = "".join(" " if char in "\t\r\n" else char for char in name if char in "\t\r\n" or not has_invisible(char))
    return _JOINTS.sub("_", visible.strip(SPACES + "-"))
