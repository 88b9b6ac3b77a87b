"""The settings of an upload."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.mapping import Mapping, Mode


class UploadCommand(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of an upload. `columns` is a mapping to save with it, `mapping` an already saved one; without
    either, the data source's current mapping is used. With `create_source` the data source may be new."""

    data_source: str
    file_name: str
    uploaded_by: str
    mode: Mode = Mode.UPSERT
    segment: str | None = None
    notify: Sequence[str] = ()  # recipients as written, such as ann@example.com:problems
    max_rejects: str | None = None  # a share or a number of rows; None for the default of the mode
    file_options: FileOptions = FileOptions()
    columns: Sequence[ColumnSpec] | None = None
    mapping: Mapping | None = None
    create_source: bool = False
    parent_id: str | None = None
    accept_suggestions: float | None = None  # columns that are not mapped are mapped as suggested, from this confidence
    force: bool = False  # also if the same file was ingested before


def file_hash(content: str, command: UploadCommand, mapping: Mapping) -> str:
    """Equal for the same bytes with the same effect."""
    digest = blake2b(content.encode(), digest_size=16, person=b"penstock same")
    effect = [command.data_source, mapping.columns, command.mode, command.segment, command.parent_id]
    digest.update(msgspec.json.encode(effect))
    return digest.hexdigest()


def fingerprint(content: str, command: UploadCommand) -> str:
    """Equal only for the same bytes with the same arguments."""
    digest = blake2b(content.encode(), digest_size=16, person=b"penstock upload")
    digest.update(msgspec.json.encode(command))
    return digest.hexdigest()
