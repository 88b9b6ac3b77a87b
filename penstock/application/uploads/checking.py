"""Checks an upload before anything is written, and reports all faults at once.

The HTTP API, the offers of other services and the command line use the same check. The command line may run it on
another machine, with the catalog read from the API.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from penstock.application.catalog.column_specs import ColumnSpec, options_of
from penstock.application.catalog.known_catalog import KnownCatalog, ResolvedMapping, check_uploadable, resolve_mapping
from penstock.application.uploads.upload_command import UploadCommand, UploadSettings, file_options_of, settings_of
from penstock.domain.catalog.data_source import UploadDefaults
from penstock.domain.errors import Fault, NotFound, Refused, collecting, refusal, refuse_all
from penstock.domain.files.encodings import checked_encoding
from penstock.domain.files.header import Header, no_rows, parse_header
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.attributes import Attribute, ValueFormat, check_name, parse_format
from penstock.domain.mapping.mapping import ColumnMapping, Limits, Mapping
from penstock.domain.mapping.rules import validated_attributes


class FileHead(NamedTuple):
    """The first plain bytes of a file in UTF-8; `complete` when they are all. `encoding`: in which they were read."""

    head: bytes
    complete: bool
    encoding: str | None = None


class CheckedUpload(NamedTuple):
    """A valid upload, with the settings that its request would get.

    `mapping` has version 0 when it is not saved yet; `missing` are attributes that it needs and that do not exist yet.
    `header` is None when the check had no file.
    """

    settings: UploadSettings
    mapping: Mapping
    attributes: Sequence[Attribute]
    missing: Sequence[Attribute]
    header: Header | None = None

    @property
    def unmapped_columns(self) -> list[str]:
        mapped = {name for column in self.mapping.columns for name in column.needed_columns}
        return [name for name in self.header.columns if name not in mapped] if self.header else []

    @property
    def renamed_columns(self) -> dict[str, str]:
        """The new names by those in the file."""
        return self.header.renamed if self.header else {}


def check_upload(
    command: UploadCommand, catalog: KnownCatalog, limits: Limits, file: FileHead | None = None
) -> CheckedUpload:
    """Raise `Refused` with every fault of the command, its mapping and, if `file` is given, the header."""
    faults: list[Fault] = []
    with collecting(faults):
        if command.segment is not None:
            check_name(command.segment)
    source = mapping = resolved = None
    with collecting(faults):
        source = check_uploadable(catalog, command.data_source, create=command.create_source)
        mapping = _mapping(command, catalog)
    settings = None
    with collecting(faults):
        settings = settings_of(command, source.defaults if source else UploadDefaults(), limits)
    with collecting(faults):
        resolved = _check_mapping(command, mapping, catalog)
    with collecting(faults):
        if command.file_options.encoding is not None:
            checked_encoding(command.file_options.encoding)
    header = None
    with collecting(faults):
        if file is not None and mapping is not None:
            options = file_options_of(command, source).read_as(file.encoding)
            header = _check_header(file, mapping, limits, options)
    refuse_all(faults)
    assert settings is not None, "settings that are not valid have a fault"
    assert resolved is not None, "an upload without a mapping has a fault"
    return CheckedUpload(settings, *resolved, header=header)


def _mapping(command: UploadCommand, catalog: KnownCatalog) -> Mapping:
    """The mapping to check the header with."""
    if command.columns is not None:
        return _unsaved(command.data_source, command.columns)
    return command.mapping or _saved(command.data_source, catalog)


def _check_mapping(command: UploadCommand, mapping: Mapping | None, catalog: KnownCatalog) -> ResolvedMapping | None:
    """None without a mapping, which is already a fault."""
    if command.columns is not None:
        return resolve_mapping(command.data_source, command.columns, catalog, command.new_attributes)
    if mapping is None:
        return None
    known = catalog.attributes_named([column.attribute for column in mapping.columns])
    return ResolvedMapping(mapping, validated_attributes(mapping.columns, known), ())


def _unsaved(source: str, columns: Sequence[ColumnSpec]) -> Mapping:
    """A mapping that is sufficient to check a header."""
    mapped = (
        ColumnMapping(attribute=each.attribute, format=_format(each.format), **options_of(each)) for each in columns
    )
    return Mapping(data_source=source, version=0, columns=tuple(mapped))


def _format(written: str | None) -> ValueFormat | None:
    """None also for an invalid format, which `resolve_mapping` reports."""
    with suppress(Refused):
        return None if written is None else parse_format(written)
    return None


def _saved(source: str, catalog: KnownCatalog) -> Mapping:
    try:
        return catalog.mapping(source)
    except NotFound:
        raise refusal(
            "no_mapping",
            f"the data source {source[:64]!r} has no mapping: none yet, or only of undone uploads",
            "See the suggestions: penstock inspect FILE. Then ingest the file with --accept-suggestions 0.9 "
            "(accept_suggestions over HTTP), or send a mapping with it.",
        ) from None


def _check_header(file: FileHead, mapping: Mapping, limits: Limits, options: FileOptions) -> Header:
    header = parse_header(file.head, mapping=mapping, limits=limits, complete=file.complete, options=options)
    if file.complete and len(file.head) <= header.body_start:
        raise no_rows()
    return header
