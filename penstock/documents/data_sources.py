"""A data source, as the API and the command line return it."""

from __future__ import annotations

from typing import cast

import msgspec
from typing_extensions import TypedDict

from penstock.documents.requests import RecipientView
from penstock.domain.catalog.data_source import DataSource
from penstock.domain.mapping.mapping import Mode


class DefaultsView(TypedDict):
    mode: Mode | None
    notify: list[RecipientView]
    max_rejects: str | None
    max_file_bytes: int | None
    encoding: str | None
    clean_headers: bool | None
    quoted: bool | None


class LastFileView(TypedDict):
    """The last accepted file: the options that held for it, and its columns unless their names are too long to keep.

    `left_out` are the columns that its mapping did not have; null if that was not kept."""

    encoding: str | None
    clean_headers: bool | None
    quoted: bool | None
    columns: list[str]
    left_out: list[str] | None


class DataSourceView(TypedDict):
    """`used`: a request was accepted for it, so it cannot be deleted; `revision` counts its changes and is its ETag."""

    name: str
    display_name: str
    description: str
    owner: str
    defaults: DefaultsView
    last_file: LastFileView | None
    archived: bool
    used: bool
    revision: int


class DataSourceList(TypedDict):
    """`next` goes into `after` for the next page; null when this is the last one."""

    data_sources: list[DataSourceView]
    next: str | None


def source_view(source: DataSource) -> DataSourceView:
    fields = msgspec.structs.asdict(source)
    defaults = msgspec.structs.asdict(fields.pop("defaults"))
    defaults["notify"] = [RecipientView(address=each.address, level=each.level) for each in source.defaults.notify]
    last_file = msgspec.to_builtins(source.last_file)
    del fields["deleted"]
    return cast(DataSourceView, {**fields, "defaults": defaults, "last_file": last_file})
