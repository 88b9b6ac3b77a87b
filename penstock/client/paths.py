"""The paths of single resources."""

from __future__ import annotations

from urllib.parse import quote


def resource_path(collection: str, name: str, rest: str = "") -> str:
    """The path of `name` in a collection such as `/requests`; `rest` follows it, such as `:cancel` or `/events`."""
    return f"{collection}/{quote(name, safe='')}{rest}"
