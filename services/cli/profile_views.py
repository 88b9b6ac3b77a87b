"""A profile and the history of its values, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from services.cli.output import Document, all_printable, printable
from services.cli.views import records_view, table_of


def profile_view(profile: Document) -> RenderableType:
    """A profile's attributes, with their origins and their history if the document has any."""
    profile = all_printable(profile)
    lineage = profile.get("lineage")
    who = ", ".join(f"{each['namespace']} {printable(each['value'])}" for each in profile["identifiers"])
    table = table_of("attribute", "value", *(["from", ">line"] if lineage is not None else []))
    for name, value in profile["attributes"].items():
        origin = (lineage or {}).get(name)
        place = [origin["file_name"], f"{origin['row']:,}"] if origin else []
        table.add_row(name, printable(value), *place)
    parts: list[RenderableType] = [Text(who, style="bold"), table]
    if "history" in profile:
        parts += [Text(), _history_view(profile["history"])]
    return Group(*parts)


def _history_view(history: Mapping[str, Sequence[Document]]) -> RenderableType:
    """The values of each attribute, the one that counts last first."""
    records = [
        {
            "attribute": name,
            "value": _value_text(each),
            "said_at": each["accepted_at"],
            "by": each["uploaded_by"],
            "from": each["file_name"],
            "line": f"{each['row']:,}",
        }
        for name, values in history.items()
        for each in values
    ]
    return records_view(records, "attribute", "~value", "said_at", "by", "from", "line")


def _value_text(past: Document) -> str:
    value = "removed by a blank cell" if past["value"] is None else printable(past["value"])
    return f"{value} (current)" if past["is_current"] else f"{value} (not taken)" if past["ignored"] else value
