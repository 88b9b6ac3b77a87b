"""How a file was read, as requests, dry runs and inspections show it."""

from __future__ import annotations

from typing import cast

from typing_extensions import TypedDict

from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.requests.public_view import file_options


class FileOptionsView(TypedDict):
    """How a file was read. `inherited` names the options that the upload left to its data source: its defaults, or else
    those of its last file."""

    encoding: str
    clean_headers: bool
    quoted: bool
    inherited: list[str]


def file_options_view(options: FileOptions) -> FileOptionsView:
    return cast(FileOptionsView, file_options(options))
