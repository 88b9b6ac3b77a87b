"""Which version of a mapping a command made the current one, or that it changed nothing."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from penstock.domain.errors import NotFound, Refused
from services.cli.client import Client
from services.cli.mapping_views import mapping_view
from services.cli.output import Document, printable


def current_version(client: Client, source: str) -> int | None:
    """None for a data source that does not exist, or has no mapping."""
    try:
        return client.mapping(source)["version"]
    except (NotFound, Refused):
        return None


def saved_view(saved: Document, before: int | None) -> RenderableType:
    source, version = printable(saved["data_source"]), saved["version"]
    same = f"Nothing has changed: the mapping of {source} is version {version}, as before."
    return Group(
        Text(same if version == before else f"The mapping of {source} is now version {version}."), mapping_view(saved)
    )
