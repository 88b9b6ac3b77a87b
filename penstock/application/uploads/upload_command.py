"""The settings of an upload."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.domain.catalog.data_source import DataSource, UploadDefaults
from penstock.domain.errors import Fault, collecting, refuse_all
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.mapping import Limits, Mapping, Mode
from penstock.domain.requests.max_rejects import max_rejects_of
from penstock.domain.requests.recipients import Recipient, parse_recipients


class UploadCommand(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of an upload; where `mode`, `notify` and `max_rejects` are None, the data source's defaults apply,
    and so they do for `file_options`.

    `columns` is a mapping to save with it, `mapping` an already saved one; without
    either, the data source's current mapping is used. With `create_source` the data source may be new. The names of
    `new_attributes` may be similar to those of existing ones."""

    data_source: str
    file_name: str
    uploaded_by: str
    mode: Mode | None = None
    segment: str | None = None
    as_of: int | None = None  # microseconds since 1970: when its facts were true
    notify: Sequence[str] | None = None  # recipients as written, such as ann@example.com:problems
    max_rejects: str | None = None  # a share or a number of rows
    file_options: FileOptions = FileOptions()
    columns: Sequence[ColumnSpec] | None = None
    mapping: Mapping | None = None
    create_source: bool = False
    new_attributes: tuple[str, ...] = ()
    parent_id: str | None = None
    accept_suggestions: float | None = None  # columns that are not mapped are mapped as suggested, from this confidence
    force: bool = False  # also if the same file was ingested before


def file_hash(
    content: str, command: UploadCommand, mapping: Mapping, attributes: Sequence[Attribute], mode: Mode
) -> str:
    """Equal for the same bytes with the same effect; `mode` is the one that applies. A column without a format of its
    own has another effect once its attribute has another format."""
    columns = [
        replace(column, format=column.format or attribute.format, pii=column.pii or attribute.pii)
        for column, attribute in zip(mapping.columns, attributes, strict=True)
    ]
    digest = blake2b(content.encode(), digest_size=16, person=b"penstock same")
    quoted = command.file_options.quoted
    effect = [command.data_source, columns, mode, command.segment, command.as_of, command.parent_id, quoted]
    digest.update(msgspec.json.encode(effect))
    return digest.hexdigest()


class UploadSettings(NamedTuple):
    """The settings of a request, after the defaults of its data source are applied."""

    mode: Mode
    notify: tuple[Recipient, ...]
    max_rejects: str | None
    limits: Limits


def settings_of(command: UploadCommand, defaults: UploadDefaults, limits: Limits) -> UploadSettings:
    """`limits` are the tenant's. A child has no limit of rejects by default, because its rows were rejected before.

    Raises `Refused` with every fault of the recipients and of the limit of rejects.
    """
    mode = command.mode or defaults.mode or Mode.UPSERT
    faults: list[Fault] = []
    notify: tuple[Recipient, ...] = ()
    max_rejects = None
    with collecting(faults):
        notify = defaults.notify if command.notify is None else parse_recipients(command.notify)
    with collecting(faults):
        default = defaults.max_rejects if command.parent_id is None else None
        max_rejects = max_rejects_of(default if command.max_rejects is None else command.max_rejects, mode)
    refuse_all(faults)
    return UploadSettings(mode, notify, max_rejects, limits_of(defaults, limits))


def file_options_of(command: UploadCommand, source: DataSource | None) -> FileOptions:
    """How the file is read. A corrected one is read as that of its root, but for the encoding, which is UTF-8."""
    return command.file_options if source is None or command.parent_id else source.file_options(command.file_options)


def limits_of(defaults: UploadDefaults, limits: Limits) -> Limits:
    """The tenant's `limits` for uploads of a data source, which may allow less."""
    return replace(limits, file_bytes=min(limits.file_bytes, defaults.max_file_bytes or limits.file_bytes))


def not_notified(command: UploadCommand, recipients: Sequence[Recipient]) -> list[str]:
    """The addresses of an upload that its request does not notify, because another upload of the file had led to it."""
    notified = {recipient.address for recipient in recipients}
    return [each.address for each in parse_recipients(command.notify or ()) if each.address not in notified]


def fingerprint(content: str, command: UploadCommand) -> str:
    """Equal only for the same bytes with the same arguments.

    The names of `new_attributes` are none: once the attributes exist, nobody has to confirm them again.
    """
    digest = blake2b(content.encode(), digest_size=16, person=b"penstock upload")
    digest.update(msgspec.json.encode(replace(command, new_attributes=())))
    return digest.hexdigest()
