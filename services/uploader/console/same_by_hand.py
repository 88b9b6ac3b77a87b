"""The import of a page as commands: `curl` and `penstock`."""

from __future__ import annotations

import json
from shlex import join
from typing import Any, NamedTuple

from penstock.documents.requests import RequestView
from penstock.domain.files.encodings import UTF_8


class SameByHand(NamedTuple):
    curl: str
    penstock: str


def same_by_hand(request: RequestView, url: str) -> SameByHand:
    """Commands for the file of `request`, in the folder where it is. The saved mapping of its source is used."""
    parent, file = request["parent_id"], request["file_name"]
    if file.startswith("-"):  # which `penstock` would take for an option
        file = f"./{file}"
    key = ["curl", "-H", "Authorization: Bearer $PENSTOCK_API_KEY"]
    if parent is not None:
        curl = [*key, "-F", _file(file), f"{url}/v1/requests/{parent}:resubmit"]
        return SameByHand(_with_key(curl), join(["penstock", "resubmit", parent, file]))
    part = f"request={json.dumps(_arguments(request))};type=application/json"
    curl = [*key, "-F", part, "-F", _file(file), f"{url}/v1/uploads"]
    return SameByHand(_with_key(curl), join(["penstock", "ingest", file, *_options(request)]))


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
