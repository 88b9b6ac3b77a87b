"""Checks an upload before anything is written, and reports all faults at once.

The HTTP API, the offers of other services and the command line use the same check. The command line may run it on
another machine, with the catalog read from the API.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Dict
from typing import NamedTuple, Protocol

from penstock.application.catalog.column_specs import ColumnSpec, resolve_columns
from penstock.application.uploads.upload_command import UploadCommand
from penstock.domain.delivery.email_address import check_addresses
from penstock.domain.errors import Fault, NotFound, Refused, collecting, refusal
from penstock.domain.files.header import no_rows, parse_header
from penstock.domain.limits import MAX_DATA_SOURCES, check_number
from penstock.domain.mapping.attributes import Attribute, check_name
from penstock.domain.mapping.mapping import ColumnMapping, Limits, Mapping
from penstock.domain.mapping.rules import check_formats, check_size, mapped_formats, validate_mapping
from penstock.domain.near_names import nearest_name


class KnownCatalog(Protocol):
    """The part of a tenant's catalog that a check needs."""

    def has_source(self, name: str) -> bool: ...

    def source_names(self) -> Iterable[str]: ...

    def attributes_named(self, names: Iterable[str]) -> Dict[str, Attribute]:
        """The existing attributes among `names`, by name."""
        ...

    def mapping(self, source: str) -> Mapping:
        """The saved mapping of a data source. Raises `NotFound`."""
        ...

    def check_new_attributes(self, attributes: Sequence[Attribute]) -> None:
        """Raise `Refused` when they could not be created."""
        ...


class FileHead(NamedTuple):
    """The first plain bytes of a file; `complete` when they are all."""

    head: bytes
    complete: bool


class CheckedUpload(NamedTuple):
    """A valid upload. `mapping` has version 0 when it is not saved yet; `missing` are attributes that it needs and that
    do not exist yet; `unmapped_columns` is empty when the check had no file."""

    mapping: Mapping
    attributes: Sequence[Attribute]
    missing: Sequence[Attribute]
    unmapped_columns: list[str]


def check_upload(
    command: UploadCommand, catalog: KnownCatalog, limits: Limits, file: FileHead | None = None
) -> CheckedUpload:
    """Raise `Refused` with every fault of the command, its mapping and, if `file` is given, the header."""
    faults: list[Fault] = []
    with collecting(faults):
        check_addresses(command.notify)
    with collecting(faults):
        if command.segment is not None:
            check_name(command.segment)
    mapping = None
    with collecting(faults):
        check_source(catalog, command.data_source, create=command.create_source)
        mapping = _mapping(command, catalog)
    checked = None
    with collecting(faults):
        checked = _check_mapping(command, mapping, catalog)
    unmapped: list[str] = []
    with collecting(faults):
        if file is not None and mapping is not None:
            unmapped = _check_header(file, mapping, limits)
    if faults or checked is None:
        raise Refused(faults, code=faults[0].code if len({fault.code for fault in faults}) == 1 else None)
    return checked._replace(unmapped_columns=unmapped)


def check_source(catalog: KnownCatalog, name: str, *, create: bool) -> None:
    """Raise `Refused` for a data source that does not exist, for example because it is mistyped.

    With `create` it may be new, unless its name is similar to an existing one.
    """
    if catalog.has_source(name):
        return
    names = list(catalog.source_names())
    similar = nearest_name(name, names)
    if not create or similar:
        raise unknown_source(name, similar)
    check_name(name)
    check_number(
        1 + len(names),
        MAX_DATA_SOURCES,
        code="too_many_data_sources",
        what="data sources",
        hint="Use an existing data source.",
    )


def unknown_source(name: str, similar: str | None) -> Refused:
    shortened = name[:64]
    create = f"Create it first: penstock source create {shortened}"
    hint = f"Did you mean {similar!r}? If not: {create}" if similar else create
    return refusal("unknown_data_source", f"there is no data source {shortened!r}", hint)


def _mapping(command: UploadCommand, catalog: KnownCatalog) -> Mapping:
    """The mapping to check the header with."""
    if command.columns is not None:
        return _unsaved(command.data_source, command.columns)
    return command.mapping or _saved(command.data_source, catalog)


def _check_mapping(command: UploadCommand, mapping: Mapping | None, catalog: KnownCatalog) -> CheckedUpload | None:
    """None without a mapping, which is already a fault."""
    if command.columns is not None:
        return _resolved(command.data_source, command.columns, catalog)
    return CheckedUpload(mapping, _attributes_of(mapping, catalog), (), []) if mapping else None


def _unsaved(source: str, columns: Sequence[ColumnSpec]) -> Mapping:
    """A mapping that is sufficient to check a header."""
    mapped = (ColumnMapping(column=each.column, attribute=each.attribute) for each in columns)
    return Mapping(data_source=source, version=0, columns=tuple(mapped))


def _resolved(source: str, columns: Sequence[ColumnSpec], catalog: KnownCatalog) -> CheckedUpload:
    check_size(columns)
    known = catalog.attributes_named([each.attribute for each in columns])
    resolved = resolve_columns(columns, known)
    catalog.check_new_attributes(resolved.missing)
    mapping = Mapping(data_source=source, version=0, columns=tuple(resolved.columns))
    by_name = {**known, **{each.name: each for each in resolved.missing}}
    return CheckedUpload(mapping, [by_name[each.attribute] for each in resolved.columns], resolved.missing, [])


def _saved(source: str, catalog: KnownCatalog) -> Mapping:
    try:
        return catalog.mapping(source)
    except NotFound:
        raise refusal(
            "no_mapping",
            f"the data source {source[:64]!r} has no mapping yet",
            "Save a mapping first, or send one with the upload.",
        ) from None


def _attributes_of(mapping: Mapping, catalog: KnownCatalog) -> list[Attribute]:
    """The attributes of a saved mapping, in the order of its columns."""
    check_size(mapping.columns)
    known = catalog.attributes_named([column.attribute for column in mapping.columns])
    check_formats(mapped_formats(mapping.columns, known))
    faults = validate_mapping(mapping.columns, known)
    if faults:
        raise Refused(faults)
    return [known[column.attribute] for column in mapping.columns]


def _check_header(file: FileHead, mapping: Mapping, limits: Limits) -> list[str]:
    """The columns that `mapping` leaves out."""
    header = parse_header(file.head, mapping=mapping, limits=limits, complete=file.complete)
    if file.complete and len(file.head) <= header.body_start:
        raise no_rows()
    mapped = {column.column for column in mapping.columns}
    return [name for name in header.columns if name not in mapped]
