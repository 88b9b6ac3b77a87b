"""Suggestions as the terminal shows them: what needs the person first, then every column of the file in its order.

Those of the mapping that are made of several, of a part of one or of none stand before them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from itertools import islice

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.domain.errors import Fault
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import OnMisfit
from penstock.domain.suggestions.texts import MISSPELT
from services.cli.fitting import Fitting, block
from services.cli.map_options import map_options
from services.cli.output import Document, all_printable, printable
from services.cli.views import commands_view, faults_view

REFUSED = "The file would be refused:"
SURE = 0.9  # confidence from which a suggestion needs no look
MAX_LISTED = 200  # columns; --json has all
MAX_NAMED = 8  # columns that need a look
MAX_REPLACED = 4  # replacements of a value map
_SAVED = "--save-mapping FILE writes it, --mapping FILE uses it"
WHY_WIDTH = 30  # columns, at least


def inspection_view(
    inspection: Document,
    faults: Sequence[Fault],
    commands: Sequence[tuple[str, str]],
    note: str = "",
    refused: str = REFUSED,
) -> RenderableType:
    """An inspection as `--json` has it, with a note on how it was read, its faults below `refused`, which says when the
    file would be refused for them, and the next commands."""
    escaped = all_printable(inspection)
    suggested = escaped["suggested_mapping"]
    parts: list[RenderableType] = []
    if note:
        parts += [Text(note), Text()]
    if faults:
        parts += [Text(refused, style="bold"), faults_view(faults), Text()]
    parts += [Text(f"Warning: {each['message']}. {each['hint']}") for each in escaped["warnings"]]
    composed = escaped["composed_columns"]
    parts += [Text(_summary(escaped)), *map(Text, _needed(suggested, composed)), Text()]
    parts += [suggestions_view(suggested, composed)]
    if left_out := inspection["left_out_columns"]:
        reasons = [(each["column"], each["reason"]) for each in left_out]
        parts += [Text(), left_out_view(reasons, of=len(suggested) + len(left_out))]
    if escaped["changes"]:
        parts += [Text(), Text("What changed:", style="bold")]
        parts += [Text(f"  {each['column']}: {each['change']}, {each['detail']}") for each in escaped["changes"]]
    if commands:
        parts += [Text(), commands_view(commands)]
    return Group(*parts)


def suggestions_view(suggested: Sequence[Document], composed: Sequence[Document] = ()) -> RenderableType:
    """A line for each column, or a few on a narrow terminal; the `composed` ones first."""
    suggested = [*({"blanks": [], "values": {}, **each, "column": _label(each)} for each in composed), *suggested]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", show_edge=False, padding=(0, 1))
    for heading in ("column", "attribute", "format"):
        table.add_column(heading, overflow="fold", min_width=len(heading))
    table.add_column("sure", justify="right", no_wrap=True)
    table.add_column("why", overflow="fold", min_width=WHY_WIDTH)
    blocks = []
    for each in suggested[:MAX_LISTED]:
        sure = Text(f"{each['confidence']:.2f}", style="" if each["confidence"] >= SURE else "yellow")
        table.add_row(each["column"], _attribute(each), _format(each), sure, _why(each))
        first = f"{each['column']} → {_attribute(each)}"
        blocks.append(block(first, Text.assemble(_format(each), ", sure ", sure), _why(each)))
    left = len(suggested) - MAX_LISTED
    more = [Text(f"… and {left:,} more; --json has them all")] if left > 0 else []
    return Group(Fitting(table, Group(*blocks)), *more)


def left_out_view(left_out: Sequence[tuple[str, str]], *, of: int) -> RenderableType:
    """The columns that are not mapped, and why; the file has so many."""
    lines = [Text(printable(f"  {column}: {reason}")) for column, reason in left_out[:MAX_LISTED]]
    return Group(Text(f"Left out: {len(left_out):,} of {_counted(of)}", style="yellow"), *lines)


def _summary(inspection: Document) -> str:
    rows = f"{inspection['sampled_rows']:,}"
    drawn = f"all {rows} rows" if inspection["every_row"] else f"{rows} rows drawn from the whole file"
    return f"{_counted(len(inspection['columns']))}, judged by {drawn}."


def _label(composed: Document) -> str:
    """What a column of the mapping is made of."""
    if "constant" in composed:
        return "constant"
    if "columns" in composed:
        return " + ".join(composed["columns"])
    return f"{composed['column']}, part {composed.get('part', 1)}"


def _needed(suggested: Sequence[Document], composed: Sequence[Document]) -> list[str]:
    """What a person has to decide."""
    tied = [each for each in suggested if each["tied_with"]]
    weak = [each for each in suggested if each["confidence"] < SURE and not each["tied_with"]]
    found = [each for each in suggested if each["identifier"] and each["confidence"] >= SURE and not each["tied_with"]]
    found += [each for each in composed if each["identifier"] and each["confidence"] >= SURE]
    lines = (
        [] if found or not suggested else [f"No column surely identifies a person: mark one, {_example(suggested)}."]
    )
    if tied:
        lines += [f"Choose one: {_some([each['column'] for each in tied])}", *_mapped_by_hand(tied)]
    if weak:
        lines += [f"Look at: {_some([each['column'] for each in weak])}", *_mapped_by_hand(weak)]
    if len(weak) + len(tied) > len(suggested) / 2:
        lines.append("Most columns are not sure: ingest the file with a mapping that you have looked through.")
    return lines


def _mapped_by_hand(suggested: Sequence[Document]) -> list[str]:
    """The options that take the first of these columns as suggested, and what speaks against each."""
    return [f"  {_by_hand(each)}{_doubt(each)}" for each in suggested[:MAX_NAMED]]


def _by_hand(suggested: Document) -> str:
    spec = ColumnSpec(
        column=suggested["column"],
        attribute=suggested["attribute"],
        identifier=suggested["identifier"],
        pii=suggested["pii"] or None,
        format=suggested["format"],
        on_misfit=OnMisfit(suggested["on_misfit"]),
    )
    return " ".join(map_options([spec], BUILTIN))


def _doubt(suggested: Document) -> str:
    """Why the confidence is low, unless it is for the others that fit as well."""
    against = "" if suggested["tied_with"] else "; ".join(suggested["against"])
    return f"   ({against})" if against else ""


def _example(suggested: Sequence[Document]) -> str:
    """The option that marks a column of the file as an identifier: the likeliest one, or the first."""
    likeliest = next((each for each in suggested if each["identifier"]), suggested[0])
    return f"such as --map {shlex.quote(likeliest['column'] + '=' + likeliest['attribute'] + '!')}"


def _some(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - MAX_NAMED:,} more" if len(columns) > MAX_NAMED else ""
    return ", ".join(columns[:MAX_NAMED]) + more


def _counted(columns: int) -> str:
    return "1 column" if columns == 1 else f"{columns:,} columns"


def _attribute(suggested: Document) -> str:
    return f"{suggested['attribute']}{'!' if suggested['identifier'] else ''}{' (new)' if suggested['new'] else ''}"


def _format(suggested: Document) -> str:
    marks = [
        "personal" if suggested["pii"] else "",
        "says which row is the newest" if suggested.get("as_of") else "",
        _replaced(suggested["values"]),
        f"blank: {' '.join(suggested['blanks'])}" if suggested["blanks"] else "",
    ]
    return ", ".join([suggested["format"], *filter(None, marks)])


def _replaced(values: Mapping[str, str]) -> str:
    """Some of the replacements of a value map, and how many others there are."""
    if not values:
        return ""
    listed = ", ".join(f"{cell} → {value or 'blank'}" for cell, value in islice(values.items(), MAX_REPLACED))
    more = f" and {len(values) - MAX_REPLACED:,} more" if len(values) > MAX_REPLACED else ""
    return f"{'1 spelling' if len(values) == 1 else f'{len(values):,} spellings'} replaced: {listed}{more}"


def _why(suggested: Document) -> str:
    why = "; ".join(suggested["evidence"])
    against = "; ".join(suggested["against"]).replace(MISSPELT, f"{MISSPELT} ({_SAVED})")
    return f"{why}; but {against}" if against else why
