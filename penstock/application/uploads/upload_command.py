"""What an upload is asked to do."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.domain.mapping.mapping import Mapping, Mode


class UploadCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a file. `columns` are a mapping that is saved with it, `mapping` is one that was saved before;
    without either, the saved mapping of the data source is used. With `create_source` the data source may be new."""

    data_source: str
    file_name: str
    uploaded_by: str
    mode: Mode = Mode.UPSERT
    segment: str | None = None
    notify: Sequence[str] = ()
    columns: Sequence[ColumnSpec] | None = None
    mapping: Mapping | None = None
    create_source: bool = False
    parent_id: str | None = None


def fingerprint(content: str, command: UploadCommand) -> str:
    """Equal for the same bytes uploaded with the same arguments, and for nothing else."""
    digest = blake2b(content.encode(), digest_size=16, person=b"penstock upload")
    digest.update(msgspec.json.encode(command))
    return digest.hexdigest()
