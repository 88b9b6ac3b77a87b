"""The rules for column names, the same in every format."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

from penstock.domain.errors import Fault
from penstock.domain.files.rejects import REJECT_COLUMNS

SPACES = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # Unicode general categories

_JOINERS = "\u200c\u200d"  # invisible, but needed to write Persian and Indian languages


def _has_space_inside(name: str) -> bool:
    return any(char in SPACES for char in name.strip(SPACES))


def has_invisible(name: str) -> bool:
    return any(unicodedata.category(char) in INVISIBLE and char not in _JOINERS for char in name)


_NAME_RULES: tuple[tuple[str, Callable[[str], bool], str, str], ...] = (
    (
        "space_around_column_name",
        lambda name: name != name.strip(SPACES),
        "has a space before or after its name",
        "Remove the space from the header.",
    ),
    ("space_in_column_name", _has_space_inside, "has a space in its name", "Write an underscore in its place."),
    (
        "hyphen_in_column_name",
        lambda name: "-" in name,
        "has a hyphen in its name",
        "Write an underscore in its place.",
    ),
    (
        "control_character_in_column_name",
        has_invisible,
        "has an invisible or control character in its name",
        "Type the name again, without it; the header's line must end with a newline (LF or CR LF).",
    ),
)


def validate_names(columns: Sequence[str], *, corrected: bool = False) -> list[Fault]:
    """The faults of a header. Only a `corrected` reject file has the columns that Penstock adds to one."""
    faults = []
    first: dict[str, int] = {}
    for position, name in enumerate(columns, 1):
        stripped = name.strip(SPACES)
        if not stripped:
            message = f"column {position} has no name"
            hint = "Name the column, or remove it from every line."
            faults.append(Fault(code="blank_column_name", message=message, hint=hint, position=position))
            continue
        for code, breaks, what, hint in _NAME_RULES:
            if breaks(name):
                faults.append(Fault(code=code, message=f"column {position} {what}", hint=hint, position=position))
        if stripped in REJECT_COLUMNS and not corrected:
            message = f"column {position} has a name that Penstock gives to a column of reject files"
            hint = "Rename the column, or send a corrected reject file with `penstock resubmit`."
            faults.append(Fault(code="reserved_column_name", message=message, hint=hint, position=position))
        if first.setdefault(stripped, position) != position:
            message = f"column {position} has the same name as column {first[stripped]}"
            hint = "Give each column a name of its own."
            faults.append(Fault(code="duplicate_column_name", message=message, hint=hint, position=position))
    return faults
