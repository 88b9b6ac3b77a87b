"""The report of `penstock ingest --dry-run`, as the terminal shows it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.uploads.suggesting import SUGGESTED_CONFIDENCE
from penstock.domain.dry_run.fixes import FixOption
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import OnMisfit
from penstock.domain.profiles.junk_identifiers import JUNK_IDENTIFIER
from penstock.domain.requests.request import Status
from penstock.domain.suggestions.unknown_countries import ANY_COUNTRY
from services.cli.blank_words import blank_words_text
from services.cli.map_options import map_options
from services.cli.output import Document, all_printable
from services.cli.views import counted, facts_view, read_as_facts, reasons_view, records_view, renamed_text


def outcome(run: Document) -> Status:
    """The status that the request would end with."""
    if not run["rows_accepted"]:
        return Status.FAILED
    return Status.HELD if run["would_be_held"] else Status.COMPLETED


def check_report(run: Document, *, mapped_here: bool = True) -> RenderableType:
    """The report of a dry run: counts, reasons, fixes for invalid cells, and the sample. `mapped_here`: the
    command has the mapping or takes suggestions, so that options of columns have an effect."""
    run = all_printable(run)
    facts: list[tuple[str, RenderableType]] = [
        ("Checked", Text(f"{counted(run['rows_read'], 'row')}; nothing was stored")),
        ("Would be ingested", Text(counted(run["rows_accepted"], "row"))),
        ("Would be rejected", Text(counted(run["rows_rejected"], "row"))),
        ("Would be", Text(_status(run))),
    ]
    facts[1:1] = read_as_facts(run["file_options"])
    if run["renamed_columns"]:
        facts.append(("Renamed", Text(renamed_text(run["renamed_columns"]))))
    facts += [
        (label, Text(", ".join(run[field])))
        for label, field in (("Would create", "created_attributes"), ("Ignored", "unmapped_columns"))
        if run[field]
    ]
    parts: list[RenderableType] = [facts_view(facts)]
    if run["reject_reasons"]:
        parts.append(reasons_view(run["reject_reasons"]))
    parts += [Group(Text(), *map(Text, _column(column, mapped_here=mapped_here))) for column in run["columns"]]
    if run["blank_words"]:
        parts.append(Group(Text(), blank_words_text(run["blank_words"])))
    parts += [Group(Text(), Text(f"{each['message']}. {each['hint']}")) for each in run["warnings"]]
    return Group(*parts, Text(), Text("A sample, personal values masked:", style="dim"), _sample(run))


def _status(run: Document) -> str:
    status = outcome(run)
    return f"{status}: the limit of rejects is {run['max_rejects']}" if status is Status.HELD else str(status)


def _column(column: Document, *, mapped_here: bool) -> Iterator[str]:
    label, junk = column["column"], column["reasons"].get(JUNK_IDENTIFIER, 0)
    if junk:
        identify = "1 cell identifies" if junk == 1 else f"{junk:,} cells identify"
        yield f"{label}: {identify} nobody (such as 0000 or none@none.com) and would be left out"
    if invalid := column["invalid_cells"] - junk:
        effect = "left out" if column["drops"] else "rejected with their rows"
        fit = "1 cell does" if invalid == 1 else f"{invalid:,} cells do"
        yield f"{label}: {fit} not fit and would be {effect}"
    for fix in column["fixes"]:
        yield f"  {fix['message']}"
        if options := _options(column, fix):
            alone = mapped_here or fix["option"] == FixOption.VALUES
            yield f"    {'' if alone else f'--accept-suggestions {SUGGESTED_CONFIDENCE:g} '}{options}"


def _options(column: Document, fix: Document) -> str:
    """The options of the command that apply a fix, ready to copy, or the lines of a mapping file; none for a format,
    which its message has."""
    label = column["column"]
    match FixOption(fix["option"]):
        case FixOption.BLANKS:
            return f"--blank-words {shlex.quote(label + '=' + fix['value'])}"
        case FixOption.ON_MISFIT:
            return f"--drop-misfits {shlex.quote(label)}"
        case FixOption.VALUES if fix["value"]:
            code = f" ({ANY_COUNTRY}: the code of the country)" if f'"{ANY_COUNTRY}"' in fix["value"] else ""
            return f'in a mapping file: "values": {fix["value"]}{code}'
        case FixOption.IDENTIFIER:
            spec = ColumnSpec(
                column=label,
                attribute=column["attribute"],
                pii=column["pii"] or None,
                format=column["format"],
                on_misfit=OnMisfit.DROP,
                blanks=tuple(column["blanks"]),
            )
            return " ".join(map_options([spec], BUILTIN))
    return ""


def _sample(run: Document) -> RenderableType:
    rows = [
        {
            "attribute": attribute,
            "before": " · ".join(cell["before"] for cell in cells),
            "after": " · ".join("(does not fit)" if cell["after"] is None else cell["after"] for cell in cells),
        }
        for attribute, cells in run["sample"].items()
    ]
    return records_view(rows, "attribute", "before", "after")
