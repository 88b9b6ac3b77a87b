"""The parts of a joined identifier that name nobody: words for blank and junk. With them it would be that of strangers,
as `-|Anna` is of everybody who is called Anna."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from penstock.domain.mapping.attributes import Attribute, ValueType
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.profiles.junk_identifiers import JUNK_PARTS, JUNK_SIGNS, PHONE_ENDS

_NAMES = ("first_name", "middle_name", "last_name", "full_name")
_NO_DIGITS = re.compile(r"\D+")


class UselessParts(NamedTuple):
    """What makes a part of a joined identifier blank: `words` by their folded form, and the ends of phone numbers."""

    words: Mapping[str, str]
    phone_ends: tuple[str, ...] = ()

    def word(self, cell: str) -> str | None:
        """The word or the junk that a cell is; None if it is neither."""
        found = self.words.get(cell.strip().casefold())
        if found is not None or not self.phone_ends:
            return found
        digits = _NO_DIGITS.sub("", cell)
        return next((end for end in self.phone_ends if digits.endswith(end)), None)


def useless_parts(mapped: ColumnMapping, column: str, all_mapped: Sequence[ColumnMapping]) -> UselessParts:
    """What is useless in one column of the joined identifier `mapped`, also by the column's own mapping among
    `all_mapped`, whose formats say which columns have phone numbers."""
    own = next((each for each in all_mapped if each.column == column and each.split is None), None)
    # People are called Nil and Nan, so only signs and digits are junk where a name is expected.
    junk = JUNK_SIGNS if own and own.attribute in _NAMES else JUNK_PARTS
    words = [*mapped.blanks, *(own.blanks if own else ())]
    words += [cell for cell, value in own.values.items() if not value.strip()] if own else []
    is_phone = own is not None and own.format is not None and own.format.kind is ValueType.PHONE
    return UselessParts(
        {**junk, **{word.strip().casefold(): word.strip() for word in words}}, PHONE_ENDS if is_phone else ()
    )


def with_formats(columns: Sequence[ColumnMapping], attributes: Sequence[Attribute]) -> list[ColumnMapping]:
    """The columns of a mapping, each with its format; `attributes` are theirs."""
    return [
        replace(each, format=each.format or attribute.format)
        for each, attribute in zip(columns, attributes, strict=True)
    ]
