"""Which version of a mapping a command made the current one, or that it changed nothing."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.domain.errors import NotFound, Refused
from services.cli.client import Client
from services.cli.mapping_views import mapping_view
from services.cli.output import Document, printable
from services.cli.similar_attributes import may_ask, with_confirmed


def current_version(client: Client, source: str) -> int | None:
    """None for a data source that does not exist, or has no mapping."""
    try:
        return client.mapping(source)["version"]
    except (NotFound, Refused):
        return None


def save_confirmed(
    client: Client, source: str, columns: Sequence[ColumnSpec], new_attributes: Sequence[str] | None, *, as_json: bool
) -> Document:
    """Save a mapping, whose source and attributes are created; a person may confirm attributes with similar names."""
    return with_confirmed(
        lambda confirmed: client.save_mapping(source, columns, new_attributes=confirmed),
        columns,
        new_attributes or (),
        may_ask=may_ask(as_json=as_json),
    )


def saved_view(saved: Document, before: int | None) -> RenderableType:
    source, version = printable(saved["data_source"]), saved["version"]
    same = f"Nothing has changed: the mapping of {source} is version {version}, as before."
    return Group(
        Text(same if version == before else f"The mapping of {source} is now version {version}."), mapping_view(saved)
    )
