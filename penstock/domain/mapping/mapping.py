"""Mappings: which column feeds which attribute and how blanks are treated; and the frozen plan of a request."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from penstock.domain.files.tabular_format import FileFormat
from penstock.domain.mapping.attributes import Attribute, ValueFormat


class WritePolicy(StrEnum):
    OVERWRITE = "overwrite"  # the newest value wins; a blank changes nothing
    KEEP_FIRST = "keep_first"  # the oldest value stays
    CLEAR_ON_BLANK = "clear_on_blank"  # the newest value wins; a blank removes it


class ColumnMapping(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a mapping. The order of identifiers is their priority.

    `format` is set when this column writes the attribute's values differently: with another date pattern or phone
    region.
    """

    column: str
    attribute: str
    identifier: bool = False
    policy: WritePolicy = WritePolicy.OVERWRITE
    format: ValueFormat | None = None


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


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The frozen settings of one request, so that later edits never affect part of a file.

    `..._key` fields are key versions; `chunk_bytes` is the target size of a chunk.
    """

    tenant_id: str
    request_id: str
    data_source: str
    mapping: Mapping
    attributes: tuple[Attribute, ...]  # those of mapping.columns, in their order
    file_format: FileFormat = FileFormat()
    mode: Mode = Mode.UPSERT
    segment: str | None = None
    limits: Limits = Limits()
    chunk_bytes: int = 3 * 1024 * 1024
    general_key: int = 1
    personal_key: int = 1
    hash_key: int = 1
    file_key: int = 1
    accepted_at_us: int = 0  # the write timestamp of every fragment, in microseconds since the epoch
