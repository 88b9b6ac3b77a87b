"""Words for what the API and the command line call by names: modes, formats, policies, the source of a column."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.documents.mappings import ColumnView
from penstock.domain.catalog.attribute_changes import default_display_name
from penstock.domain.mapping.attributes import Attribute, ValueType, parse_format
from penstock.domain.mapping.joining import separator_words
from penstock.domain.mapping.mapping import ColumnOptions, Mode, OnMisfit, WritePolicy

MODES = {Mode.UPSERT: "Add and update", Mode.REPLACE: "Remove existing and add new"}
KINDS = {
    ValueType.TEXT: "Text",
    ValueType.INTEGER: "Whole number",
    ValueType.DECIMAL: "Decimal number",
    ValueType.BOOLEAN: "Yes or no",
    ValueType.DATE: "Date",
    ValueType.DATETIME: "Date and time",
    ValueType.EMAIL: "E-mail address",
    ValueType.PHONE: "Phone number",
    ValueType.URL: "Web address",
    ValueType.ENUM: "One of a list",
}
POLICIES = {
    WritePolicy.OVERWRITE: "The newest value wins",
    WritePolicy.KEEP_FIRST: "The first value stays",
    WritePolicy.CLEAR_ON_BLANK: "The newest value wins; a blank cell removes it",
}
INVALID_CELLS = {OnMisfit.REJECT: "rejects its row", OnMisfit.DROP: "is left out, its row is not"}
OPTIONS = {
    "column": "Column",
    "columns": "Columns",
    "separator": "Joined with",
    "split": "Split at",
    "part": "Part",
    "constant": "The same in every row",
    "attribute": "Attribute",
    "identifier": "Identifier",
    "pii": "Personal",
    "format": "Format",
    "policy": "Which value counts",
    "on_misfit": "A cell that does not fit",
    "blanks": "Words for blank",
    "values": "Replaced values",
    "trim": "White space around is removed",
    "as_of": "Says which row is the newest",
}
# What a column does that does not have an option.
_WITHOUT = {"blanks": "none", "values": "none", "identifier": "no", "pii": "no", "trim": "no", "as_of": "no"}


def format_words(written: str) -> str:
    """The format `date(dd/MM/yyyy)` is "Date, dd/MM/yyyy"."""
    format = parse_format(written)
    words = KINDS[format.kind]
    if format.region_column is not None:
        return f"{words}, country in the column {format.region_column}"
    if format.kind is ValueType.PHONE and format.argument:
        return f"{words}, country {format.argument}"
    return f"{words}, {format.argument.replace('|', ' | ')}" if format.argument else words


def attribute_words(name: str, known: Mapping[str, Attribute]) -> str:
    """The display name of an attribute; for one that would be new, as it would be called."""
    return known[name].display_name if name in known else default_display_name(name)


def source_words(name: str, called: Mapping[str, str]) -> str:
    """What a data source is called; its name if it has no other, or may not be known."""
    return called.get(name) or name


def policy_words(column: ColumnView) -> str:
    """The policy, and what happens to a cell that does not fit unless it rejects its row."""
    words = POLICIES[WritePolicy(column["policy"])]
    invalid = OnMisfit(column.get("on_misfit", OnMisfit.REJECT))
    return words if invalid is OnMisfit.REJECT else f"{words}; a cell that does not fit {INVALID_CELLS[invalid]}"


def column_words(column: ColumnView) -> str:
    """The columns of the file that a column of a mapping is made of."""
    if "constant" in column:
        return f"“{column['constant']}” in every row"
    if "columns" in column:
        joined = separator_words(column.get("separator", ColumnOptions().separator))
        return f"{' + '.join(column['columns'])}, joined with {joined}"
    name = column.get("column", "")
    return f"{name}, part {column.get('part', 1)} between “{column['split']}”" if "split" in column else name


def spec_words(spec: ColumnSpec) -> str:
    """As `column_words`, of a mapping that is being written."""
    return column_words(msgspec.to_builtins(spec))


def option_words(name: str, value: object) -> str:
    """An option of a column, before or after a change."""
    match value:
        case None:
            return _WITHOUT.get(name, "—")
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(str, value)) or "none"
        case dict():
            return ", ".join(f"{old} → {new}" for old, new in value.items()) or "none"
    match name:
        case "separator":
            return separator_words(str(value))
        case "split" | "constant":
            return f"“{value}”"
        case "policy":
            return POLICIES[WritePolicy(str(value))]
        case "on_misfit":
            return INVALID_CELLS[OnMisfit(str(value))]
        case "format":
            return format_words(str(value))
    return str(value)
