"""The import of a page as commands: `curl` and `penstock`. Corrected rows have two steps, because their file may never
have been on anybody's disk: a form of the console makes one."""

from __future__ import annotations

import json
from shlex import join
from typing import Any, NamedTuple

from penstock.documents.requests import RequestView
from penstock.domain.files.encodings import UTF_8
from penstock.domain.files.formats import FORMATS
from penstock.domain.files.tabular_format import FileFormat

_CURL = ("curl", "-H", "Authorization: Bearer $PENSTOCK_API_KEY")


class SameByHand(NamedTuple):
    """`first` are the commands that get the file `file` which a person is to correct; None for any other import."""

    curl: str
    penstock: str
    file: str = ""
    first: SameByHand | None = None


def same_by_hand(request: RequestView, url: str) -> SameByHand:
    """Commands for the file of `request`, in the folder where it is. The saved mapping of its source is used."""
    parent, file = request["parent_id"], request["file_name"]
    if parent is not None:
        return _corrections(parent, f"rejects-{parent}.{_extension(file)}", url)
    if file.startswith("-"):  # which `penstock` would take for an option
        file = f"./{file}"
    part = f"request={json.dumps(_arguments(request))};type=application/json"
    curl = [*_CURL, "-F", part, "-F", _file(file), f"{url}/v1/uploads"]
    return SameByHand(_with_key(curl), join(["penstock", "ingest", file, *_options(request)]))


def _corrections(parent: str, file: str, url: str) -> SameByHand:
    request = f"{url}/v1/requests/{parent}"
    first = SameByHand(
        _with_key([*_CURL, "-o", file, f"{request}/rejects"]), join(["penstock", "rejects", parent, "--output", file])
    )
    curl = [*_CURL, "-F", _file(file), f"{request}:resubmit"]
    return SameByHand(_with_key(curl), join(["penstock", "resubmit", parent, file]), file, first)


def _extension(file: str) -> str:
    """The format of a file by its name, which rejected rows have as well."""
    parts = file.lower().split(".")[:0:-1]
    return next((each for each in parts if each in FORMATS), FileFormat().name)


def _file(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'file=@"{escaped}"'


def _with_key(command: list[str]) -> str:
    """The shell has to put the key in."""
    quoted, plain = "'Authorization: Bearer $PENSTOCK_API_KEY'", '"Authorization: Bearer $PENSTOCK_API_KEY"'
    return join(command).replace(quoted, plain)


def _arguments(request: RequestView) -> dict[str, Any]:
    arguments: dict[str, Any] = {"data_source": request["data_source"], "mode": request["mode"]}
    if request["max_rejects"] is not None:
        arguments["max_rejects"] = request["max_rejects"]
    if request["segment"] is not None:
        arguments["segment"] = request["segment"]
    if request["as_of"] is not None:
        arguments["as_of"] = request["as_of"]
    if request["file_options"]["encoding"] != UTF_8:
        arguments["encoding"] = request["file_options"]["encoding"]
    return arguments


def _options(request: RequestView) -> list[str]:
    options = ["--source", request["data_source"], "--mode", request["mode"]]
    arguments = _arguments(request)
    for name in ("max_rejects", "segment", "as_of", "encoding"):
        if name in arguments:
            options += [f"--{name.replace('_', '-')}", arguments[name]]
    return options
