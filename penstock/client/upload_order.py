"""The options of an upload."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.uploads.upload_command import UploadCommand
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.as_of import parse_as_of


class UploadOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The options of an upload, which uses the saved mapping of its source; where they are None, its defaults."""

    data_source: str
    mode: Mode | None = None
    segment: str | None = None
    as_of: str | None = None  # a date or a time: when its facts were true
    notify: tuple[str, ...] | None = None
    max_rejects: str | None = None
    encoding: str | None = None
    clean_headers: bool | None = None
    quoted: bool | None = None
    new_attributes: tuple[str, ...] = ()  # to create although their names are similar to existing ones
    force: bool = False  # take the same file again

    @property
    def file_options(self) -> FileOptions:
        return FileOptions(encoding=self.encoding, clean_headers=self.clean_headers, quoted=self.quoted)

    def command(
        self,
        file_name: str,
        uploaded_by: str,
        *,
        columns: Sequence[ColumnSpec] | None = None,
        create_source: bool = False,
    ) -> UploadCommand:
        return UploadCommand(
            data_source=self.data_source,
            file_name=file_name,
            uploaded_by=uploaded_by,
            mode=self.mode,
            segment=self.segment,
            as_of=None if self.as_of is None else parse_as_of(self.as_of),
            notify=self.notify,
            max_rejects=self.max_rejects,
            file_options=self.file_options,
            columns=columns,
            create_source=create_source,
            new_attributes=self.new_attributes,
            force=self.force,
        )
