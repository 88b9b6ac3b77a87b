"""The JSON that uploads, checks and inspections of files take, as parts of forms or as bodies."""

from __future__ import annotations

from typing import Annotated

from msgspec.structs import replace
from pydantic import Field

from penstock.application.uploads.upload_command import UploadCommand
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.limits import MAX_FILE_NAME_SENT, MAX_MAPPED_COLUMNS
from penstock.domain.requests.as_of import MAX_WRITTEN, parse_as_of
from services.uploader.api.mapping_bodies import Columns
from services.uploader.api.recipients import Recipients, written
from services.uploader.api.validation import MaxRejectsText, Model, ModeText, Name

MAX_ENCODING_NAME = 64  # characters
MAX_FILE_ID = 64  # characters


class FilePart(Model):
    """What a part `request` says about how its file is read; with `encoding`, it must come before the file."""

    encoding: Annotated[str, Field(max_length=MAX_ENCODING_NAME)] | None = None

    @property
    def file_options(self) -> FileOptions:
        return FileOptions(encoding=self.encoding)


class CheckPart(FilePart):
    """The part `request` of a dry run. Without `mapping` the data source's saved one is used; without `mode`, `notify`
    or `max_rejects`, its defaults; without `encoding`, `clean_headers` or `quoted`, its defaults or those of its last
    file.

    An attribute that `mapping` would create must be among `new_attributes` if its name is similar to an existing one.

    With `as_of`, a date or a time, the facts of the file were true then, unless a column of the mapping says so.

    With more rejects than `max_rejects`, a share such as "5%" or a number of rows, the request is held.

    With `create_data_source` the data source may be new, unless its name is nearly that of another. With `force`, the
    same file is ingested again. With `encoding`, this part must come before the file.
    """

    data_source: Name
    mode: ModeText | None = None
    segment: Name | None = None
    as_of: Annotated[str, Field(max_length=MAX_WRITTEN)] | None = None
    notify: Recipients | None = None
    max_rejects: MaxRejectsText | None = None
    clean_headers: bool | None = None
    quoted: bool | None = None
    mapping: Columns | None = None
    file_name: Annotated[str, Field(max_length=MAX_FILE_NAME_SENT)] | None = None
    create_data_source: bool = False
    force: bool = False
    new_attributes: Annotated[tuple[Name, ...], Field(strict=False, max_length=MAX_MAPPED_COLUMNS)] = ()

    @property
    def file_options(self) -> FileOptions:
        return FileOptions(encoding=self.encoding, clean_headers=self.clean_headers, quoted=self.quoted)

    def command(self, uploaded_by: str, file_name: str) -> UploadCommand:
        return UploadCommand(
            data_source=self.data_source,
            file_name=self.file_name or file_name,
            uploaded_by=uploaded_by,
            mode=self.mode,
            segment=self.segment,
            as_of=None if self.as_of is None else parse_as_of(self.as_of),
            notify=written(self.notify),
            max_rejects=None if self.max_rejects is None else str(self.max_rejects),
            file_options=self.file_options,
            columns=None if self.mapping is None else [column.spec() for column in self.mapping],
            create_source=self.create_data_source,
            force=self.force,
            new_attributes=self.new_attributes,
        )


class UploadPart(CheckPart):
    """The part `request` of an upload, as of a dry run. With `accept_suggestions`, columns that `mapping` leaves out
    are mapped as suggested with at least this confidence, from 0 to 1; the answer lists the others."""

    accept_suggestions: Annotated[float, Field(ge=0, le=1)] | None = None

    def command(self, uploaded_by: str, file_name: str) -> UploadCommand:
        return replace(super().command(uploaded_by, file_name), accept_suggestions=self.accept_suggestions)


class DraftUpload(UploadPart):
    """An upload of a file that arrived in parts (`POST /v1/files`), with what the part `request` of others has."""

    file_id: Annotated[str, Field(min_length=1, max_length=MAX_FILE_ID)]


class InspectPart(FilePart):
    """The part `request` of an inspection: with a data source, its saved mapping is checked as well.

    With `encoding`, this part must come before the file.
    """

    data_source: Name | None = None
    clean_headers: bool | None = None
    quoted: bool | None = None

    @property
    def file_options(self) -> FileOptions:
        return FileOptions(encoding=self.encoding, clean_headers=self.clean_headers, quoted=self.quoted)
