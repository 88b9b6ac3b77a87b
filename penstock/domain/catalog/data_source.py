"""A data source: a named category of uploads, with the defaults of its uploads."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import asdict, replace

from penstock.domain.errors import Fault, Refused, collecting, refusal, refuse_all
from penstock.domain.files.encodings import UTF_8, checked_encoding
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.limits import MAX_DESCRIPTION, MAX_DISPLAY_NAME, MAX_KEPT_NAMES, MAX_OWNER, check_length
from penstock.domain.mapping.attributes import check_name
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.max_rejects import parse_max_rejects
from penstock.domain.requests.recipients import Recipient, parse_recipients

_FILE_OPTIONS = ("encoding", "clean_headers", "quoted")


class UploadDefaults(msgspec.Struct, frozen=True, kw_only=True):
    """The defaults of the source's uploads, used for each option that an upload leaves out; `max_file_bytes` limits
    every upload.

    `encoding`, `clean_headers` and `quoted` as in `FileOptions`; None leaves them as they were for the last file."""

    mode: Mode | None = None
    notify: tuple[Recipient, ...] = ()
    max_rejects: str | None = None
    max_file_bytes: int | None = None
    encoding: str | None = None
    clean_headers: bool | None = None
    quoted: bool | None = None


class LastFile(msgspec.Struct, frozen=True, kw_only=True):
    """The last accepted file of a data source: the options that held for it, and its columns in their order.

    `columns` is empty when their names are too long together to be kept, or when its header was not read; `left_out`
    are those of them that its mapping did not have, None if that was not kept."""

    encoding: str | None = None
    clean_headers: bool | None = None
    quoted: bool | None = None
    columns: tuple[str, ...] = ()
    left_out: tuple[str, ...] | None = None


class DataSource(msgspec.Struct, frozen=True, kw_only=True):
    """`used`: a request was accepted for it. `revision` counts its changes. `deleted`: the record of an interrupted
    deletion; such a source does not exist."""

    name: str
    display_name: str = ""
    description: str = ""
    owner: str = ""
    defaults: UploadDefaults = UploadDefaults()
    last_file: LastFile | None = None
    archived: bool = False
    used: bool = False
    deleted: bool = False
    revision: int = 1

    def file_options(self, given: FileOptions) -> FileOptions:
        """`given`, and what it leaves open: the source's defaults, or else as its last file."""
        inherited = {name: value for name in _FILE_OPTIONS if (value := self._inherited(name, given)) is not None}
        if inherited.get("encoding") == UTF_8:  # as every file without a declared encoding
            del inherited["encoding"]
        return replace(given, **inherited, inherited=tuple(inherited))

    def _inherited(self, name: str, given: FileOptions) -> str | bool | None:
        if getattr(given, name) is not None:
            return None
        default: str | bool | None = getattr(self.defaults, name)
        return getattr(self.last_file, name, None) if default is None else default


class SourceChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The fields to change; None as a default removes it. `notify` as written, such as ann@example.com:problems."""

    display_name: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    owner: str | UnsetType = UNSET
    mode: Mode | UnsetType | None = UNSET
    notify: tuple[str, ...] | UnsetType = UNSET
    max_rejects: str | UnsetType | None = UNSET
    max_file_bytes: int | UnsetType | None = UNSET
    encoding: str | UnsetType | None = UNSET
    clean_headers: bool | UnsetType | None = UNSET
    quoted: bool | UnsetType | None = UNSET

    def applied(self, source: DataSource) -> DataSource:
        """Raises `Refused` with every field that is not valid."""
        faults: list[Fault] = []
        given = {name: value for name, value in asdict(self).items() if value is not UNSET}
        if "notify" in given:
            with collecting(faults):
                given["notify"] = parse_recipients(given.pop("notify"))
        if isinstance(self.encoding, str):
            with collecting(faults):
                given["encoding"] = checked_encoding(given.pop("encoding"))
        defaults = {name: given.pop(name) for name in UploadDefaults.__struct_fields__ if name in given}
        changed = replace(source, **given, defaults=replace(source.defaults, **defaults))
        with collecting(faults):
            check_data_source(changed)
        refuse_all(faults)
        return changed


def last_file(options: FileOptions, columns: Sequence[str], mapped: Collection[str]) -> LastFile:
    """What is kept of an accepted file, of which the columns `mapped` are imported."""
    kept = tuple(columns) if sum(map(len, columns)) + len(columns) <= MAX_KEPT_NAMES else ()
    return LastFile(
        encoding=options.encoding and checked_encoding(options.encoding),
        clean_headers=options.clean_headers,
        quoted=options.quoted,
        columns=kept,
        left_out=tuple(name for name in kept if name not in mapped),
    )


def check_data_source(source: DataSource) -> DataSource:
    """Return `source`; raise `Refused` with every field that is not valid."""
    faults: list[Fault] = []
    with collecting(faults):
        check_name(source.name)
    for field, maximum in (("display_name", MAX_DISPLAY_NAME), ("description", MAX_DESCRIPTION), ("owner", MAX_OWNER)):
        with collecting(faults):
            what = f"the {field.replace('_', ' ')}"
            check_length(getattr(source, field), maximum, what=what, pointer=f"/{field}")
    with collecting(faults):
        if source.defaults.max_rejects is not None:
            parse_max_rejects(source.defaults.max_rejects)
    with collecting(faults):
        _check_max_file_bytes(source.defaults.max_file_bytes)
    refuse_all(faults)
    return source


def _check_max_file_bytes(count: int | None) -> None:
    if count is not None and count < 1:
        raise refusal("invalid_max_file_bytes", "the largest file has less than one byte", "Use 1 or more bytes.")


def archived_source(name: str) -> Refused:
    return refusal(
        "data_source_archived",
        f"the data source {name!r} is archived and accepts no uploads",
        f"Use another data source, or unarchive this one. The command is: penstock source unarchive {name}",
    )
