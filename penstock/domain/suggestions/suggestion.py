"""A suggested mapping: for each column an attribute and a format, with the evidence for and against it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec

from penstock.domain.mapping.attributes import Attribute, ValueFormat
from penstock.domain.mapping.mapping import ColumnMapping, OnMisfit


class ColumnSuggestion(msgspec.Struct, frozen=True, kw_only=True):
    """What one column could feed. `exists`: the attribute is there already; otherwise it would be created.

    `confidence` is from 0 to 1. `tied_with` are columns that fit the attribute as well, `MAX_TIED` at most: a
    person has to choose. `as_of`: it says which row of a person is the newest. `earlier` is the column in the source's
    mapping; `was_left_out`: the source's last file had it, and the mapping does not. Evidence has counts, and never a
    cell.
    """

    column: str
    attribute: Attribute
    exists: bool
    format: ValueFormat
    identifier: bool = False
    pii: bool = False
    on_misfit: OnMisfit = OnMisfit.REJECT
    blanks: tuple[str, ...] = ()
    values: dict[str, str] = {}  # a value map, for options that are written in several ways
    corrections: dict[str, str] = {}  # a value map for what may be misspelt: a person has to agree
    trim: bool = False
    as_of: bool = False
    confidence: float
    evidence: tuple[str, ...]
    against: tuple[str, ...] = ()
    tied_with: tuple[str, ...] = ()
    earlier: ColumnMapping | None = None
    was_left_out: bool = False


class JoinedColumns(NamedTuple):
    """Columns that identify a person together, as a column of a mapping; `exists` as of a `ColumnSuggestion`."""

    mapping: ColumnMapping
    attribute: Attribute
    exists: bool
    confidence: float
    evidence: tuple[str, ...]
    against: tuple[str, ...]


class Drift(StrEnum):
    """How a file differs from the mapping of its source."""

    GONE = "gone"  # a mapped column is not in the file
    NEW = "new"  # a column is not in the mapping
    FORMAT = "format"  # most cells no longer fit the mapped format


class Change(NamedTuple):
    """A change in one column. A missing one feeds `attribute`, and most likely became `renamed_to`."""

    column: str
    drift: Drift
    detail: str
    attribute: str | None = None
    renamed_to: str | None = None
    mapped: ColumnMapping | None = None


class KeptColumn(NamedTuple):
    """A column of a mapping that is not one of the file."""

    mapping: ColumnMapping
    attribute: Attribute


class LeftOut(NamedTuple):
    """A column that is not mapped, and why."""

    column: str
    reason: str


class SuggestedMapping(NamedTuple):
    """Suggestions in the order of the file's columns, and what changed since the source's mapping was saved.

    `left_out` are columns that cannot be mapped. `kept` are earlier columns that are made of several, of a part of one
    or of none; `joined` are new ones of several. `rows` were sampled; `complete` when these are all rows of the file.
    """

    columns: Sequence[ColumnSuggestion]
    left_out: Sequence[LeftOut]
    kept: Sequence[KeptColumn]
    changes: Sequence[Change]
    rows: int
    complete: bool
    joined: Sequence[JoinedColumns] = ()

    def of_several(self, confidence: float) -> list[KeptColumn]:
        """The earlier columns that stay, and the joined ones of at least this confidence."""
        joined = [KeptColumn(each.mapping, each.attribute) for each in self.joined if each.confidence >= confidence]
        return [*self.kept, *joined]
