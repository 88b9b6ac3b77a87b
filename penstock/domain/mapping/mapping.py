"""Mappings: which column feeds which attribute and how blanks are treated; and the frozen plan of a request."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from penstock.domain.files.tabular_format import FileFormat, FileOptions
from penstock.domain.mapping.attributes import Attribute, ValueFormat


class WritePolicy(StrEnum):
    OVERWRITE = "overwrite"  # the newest value wins; a blank changes nothing
    KEEP_FIRST = "keep_first"  # the oldest value stays
    CLEAR_ON_BLANK = "clear_on_blank"  # the newest value wins; a blank removes it


class OnMisfit(StrEnum):
    """The effect of an invalid cell."""

    REJECT = "reject"  # its row is rejected
    DROP = "drop"  # only the cell is left out


class ColumnOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The source of a mapped column's cells, and how they are read.

    Its cells are those of the file's `column`, or of its part number `part` between `split` (1 is the first, -1 the
    last); those of several `columns`, joined; or the same `constant` in every row.

    `blanks` are words that mean blank, in upper or lower case; `values` replaces cells before coercion; `trim` removes
    the white space around a text. `as_of`: it says when the facts of its row were true.
    """

    column: str = ""
    columns: tuple[str, ...] = ()
    separator: str = " "
    split: str | None = None
    part: int = 1
    constant: str | None = None
    identifier: bool = False
    policy: WritePolicy = WritePolicy.OVERWRITE
    on_misfit: OnMisfit = OnMisfit.REJECT
    blanks: tuple[str, ...] = ()
    values: dict[str, str] = {}
    trim: bool = False
    as_of: bool = False

    @property
    def sources(self) -> tuple[str, ...]:
        """The file's columns that it is made of; none for a constant."""
        return (self.column,) if self.column else self.columns


class ColumnMapping(ColumnOptions, frozen=True, kw_only=True, omit_defaults=True):
    """One column of a mapping.

    `pii`: its values are personal, although those of its attribute are not. `format` is set when this column writes the
    attribute's values differently: in another notation.
    """

    attribute: str
    format: ValueFormat | None = None
    pii: bool = False

    @property
    def needed_columns(self) -> tuple[str, ...]:
        """The file's columns that it reads: its sources, and the one that has the regions of its phone numbers."""
        other = self.format.region_column if self.format else None
        return self.sources if other is None else (*self.sources, other)

    @property
    def label(self) -> str:
        """The name of the column in reasons and counts."""
        return column_label(self, self.attribute)


def column_label(column: ColumnOptions, attribute: str) -> str:
    """The name of a mapped column: that of its columns, or of the attribute that gets a constant."""
    return "+".join(column.sources) or attribute


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """The saved mapping of a data source; `version` counts from 1."""

    data_source: str
    version: int
    columns: tuple[ColumnMapping, ...]


class Mode(StrEnum):
    UPSERT = "upsert"
    REPLACE = "replace"  # "remove existing data and add new"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits on one tenant's files; an operator can raise each."""

    file_bytes: int = 40_000_000  # decompressed
    columns: int = 5_000
    cell_bytes: int = 32_768
    row_bytes: int = 8 * 1024 * 1024  # a longer row is rejected unread
    expansion: int = 200  # decompressed bytes per compressed byte, once past the first MiB


class PlannedKey(msgspec.Struct, frozen=True, array_like=True):
    """A data key that seals a request's fragments or hashes its identifiers: its version, and its check value."""

    version: int = 1
    check: str = ""  # that of no key


class PlanContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the plans of many requests have in common."""

    data_source: str
    mapping: Mapping
    attributes: tuple[Attribute, ...]  # those of mapping.columns, in their order
    ranking: tuple[str, ...] = ()  # the attributes of the mapping's identifiers, the highest rank first
    file_format: FileFormat = FileFormat()
    file_options: FileOptions = FileOptions()
    limits: Limits = Limits()
    general_key: PlannedKey = PlannedKey()
    personal_key: PlannedKey = PlannedKey()
    hash_key: PlannedKey = PlannedKey()


class Plan(PlanContent, frozen=True, kw_only=True):
    """The frozen settings of one request, so that later edits never affect part of a file. `chunk_bytes` is the target
    size of a chunk."""

    tenant_id: str
    request_id: str
    mode: Mode = Mode.UPSERT
    segment: str | None = None
    as_of_us: int | None = None  # when the facts of its rows were true, unless a column says so
    parent_id: str | None = None
    chunk_bytes: int = 2 * 1024 * 1024
    epoch: int = 1  # of its fragments, with the `bits` that name a bucket of it
    bits: int = 12
    accepted_at_us: int = 0  # the write timestamp of every fragment, in microseconds since the epoch
