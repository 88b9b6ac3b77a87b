"""Whether a mapping fits a file's columns."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.domain.errors import Fault
from penstock.domain.files.header_faults import MAX_NAME_IN_FAULT, may_be_named, printable_name
from penstock.domain.files.rejects import REJECT_COLUMNS
from penstock.domain.mapping.mapping import Mapping
from penstock.domain.near_names import nearest_name

MAX_COMPARED = 20  # mistyped columns whose nearest name is looked for
MIN_TELLING = 7  # letters of a name that is shown although the header may be a row of values


def validate_mapped_columns(mapping: Mapping, columns: Sequence[str]) -> list[Fault]:
    """All faults of a valid `mapping` (see `validate_mapping`) for a file with these columns."""
    place_of = {name: place for place, name in reversed(list(enumerate(columns, 1)))}
    similar = _Similar(mapping, place_of)
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
            faults.append(_unknown_column(column, similar.hint(column), saved=mapping.version > 0))
    return faults


def columns_of_later_rows(mapping: Mapping, columns: Sequence[str]) -> list[str]:
    """What a saved mapping needs and none of the first rows has, in a format whose rows name their columns: its cells
    are blank until a row has it. Nothing unless the first rows have an identifier; a name that is only spelled in
    another way is not missing but a fault."""
    present, spelled = set(columns), set(map(_spelling_key, columns))
    identifiers = [mapped for mapped in mapping.columns if mapped.identifier]
    if mapping.version == 0 or not any(present.issuperset(mapped.needed_columns) for mapped in identifiers):
        return []
    needed = dict.fromkeys(name for mapped in mapping.columns for name in mapped.needed_columns)
    known = present.union(REJECT_COLUMNS)
    return [name for name in needed if name not in known and _spelling_key(name) not in spelled]


def _spelling_key(name: str) -> str:
    """Equal for names that differ only in case and punctuation."""
    return "".join(filter(str.isalnum, name.casefold()))


class _Similar:
    """Finds the columns of a header that mistyped ones of the mapping most likely mean; of so many at most, because
    each takes time and the header and the mapping may be long."""

    def __init__(self, mapping: Mapping, place_of: dict[str, int]) -> None:
        self._names = {_spelling_key(name): name for name in place_of}
        self._place_of, self._left = place_of, MAX_COMPARED
        self._surely_names = may_be_named(list(place_of), mapping)
        self._maybe_line_end = any("\r" in name for name in place_of)

    def hint(self, column: str) -> str:
        key = _spelling_key(column)
        if key not in self._names and self._left:
            self._left -= 1
            key = nearest_name(key, self._names) or key
        if key not in self._names:
            return ""
        name = self._names[key]
        if not self._may_name(key):
            return f" Column {self._place_of[name]} has a similar name."
        return f" Did you mean {printable_name(name)!r} (column {self._place_of[name]})?"

    def _may_name(self, key: str) -> bool:
        """A name in a header that may be a customer's row: when it is so long that no value is similar by chance. It
        then says hardly more than the mapping does."""
        return self._surely_names or (len(key) >= MIN_TELLING and not self._maybe_line_end)


def _unknown_column(column: str, hint: str, *, saved: bool) -> Fault:
    changed = " Or map what changed: --accept-suggestions 0.9 (over HTTP: accept_suggestions)." if saved else ""
    return Fault(
        code="unknown_mapped_column",
        message=f"the mapping uses the column {column[:MAX_NAME_IN_FAULT]!r}, which the header does not have",
        hint=f"Correct the header or the mapping; case and quotes matter.{changed}{hint}",
        column=column[:MAX_NAME_IN_FAULT],
    )
