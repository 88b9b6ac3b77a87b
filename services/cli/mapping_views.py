"""Mappings, their versions and the changes between these, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from penstock.domain.mapping.mapping import OnMisfit
from services.cli.output import Document, printable
from services.cli.views import counted, records_view

MAX_SHOWN = 200  # characters of an option's value


def mapping_view(mapping: Document) -> RenderableType:
    columns = [{**each, "column": _source(each), "options": _options(each)} for each in mapping["columns"]]
    return records_view(columns, "column", "attribute", "identifier", "pii", "format", "policy", "~options")


def versions_view(versions: Sequence[Document]) -> RenderableType:
    return records_view(versions, "version", "state", "columns", "saved_at", "saved_by", "request_id", "restored_from")


def changes_view(changes: Document) -> RenderableType:
    """As a diff: + added, - removed, ~ changed."""
    lines = [printable(line) for line in _changes(changes)] or ["The columns are the same."]
    return Group(Text(f"Version {changes['base']} -> {changes['version']}"), *map(Text, lines))


def _changes(changes: Document) -> Iterator[str]:
    for column in changes["added"]:
        yield f"+ {_line(column)}"
    for column in changes["removed"]:
        yield f"- {_line(column)}"
    for column in changes["changed"]:
        yield f"~ {column['column']} -> {column['attribute']}"
        for option in column["options"]:
            yield f"    {option['option']}: {_written(option['before'])} -> {_written(option['after'])}"
    if changes["identifiers"]:
        before, after = (", ".join(changes["identifiers"][each]) for each in ("before", "after"))
        yield f"~ priority of identifiers: {before} -> {after}"


def _line(column: Document) -> str:
    marks = "!" if column["identifier"] else ""
    personal = ", personal" if column["pii"] else ""
    options = _options(column)
    return (
        f"{_source(column)} -> {column['attribute']}{marks} ({column['format']}{personal}{options and '; ' + options})"
    )


def _written(value: object) -> str:
    match value:
        case None:
            text = "none"
        case bool():
            text = "yes" if value else "no"
        case dict():
            text = ", ".join(f"{cell!r}: {new!r}" for cell, new in value.items()) or "none"
        case list():
            text = ", ".join(map(repr, value)) or "none"
        case _:
            text = str(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _source(column: Document) -> str:
    """The source of a column's cells, in words."""
    if "constant" in column:
        return f"constant {column['constant']!r}"
    if "columns" in column:
        return f"{', '.join(column['columns'])}, joined"
    part = f", part {column.get('part', 1)} at {column['split']!r}" if "split" in column else ""
    return f"{column['column']}{part}"


def _options(column: Document) -> str:
    found = []
    if column.get("on_misfit") == OnMisfit.DROP:
        found.append("drops cells that do not fit")
    if "blanks" in column:
        found.append(f"blank: {', '.join(column['blanks'])}")
    if "values" in column:
        found.append(f"{counted(len(column['values']), 'value')} replaced")
    if column.get("trim"):
        found.append("trimmed")
    if column.get("as_of"):
        found.append("says which row is the newest")
    return "; ".join(found)
