"""`penstock inspect`: what is in a file, and the mapping that its names and values suggest."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from msgspec.structs import replace

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.uploads.renames import renamed_columns
from penstock.application.uploads.review import Review
from penstock.application.uploads.suggesting import SUGGESTED_CONFIDENCE, accept, column_spec
from penstock.documents.inspections import inspection_view as inspection_document
from penstock.domain.errors import Refused, refuse_all
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.suggestions import ColumnSuggestion
from penstock.domain.suggestions.identifiers import WOULD_MERGE
from services.cli.failures import reporting
from services.cli.map_options import (
    are_options,
    ingest_command,
    inspect_command,
    map_options,
    options_text,
    write_mapping,
)
from services.cli.options import AsJson, CleanHeaders, Data, Encoding, Key, Quoted, Url, where_of
from services.cli.reviewing import review_file
from services.cli.suggestion_views import REFUSED, inspection_view
from services.cli.upload_file import UploadFile

EDITED = "mapping.json"
HEADER_BELOW = "header_below"  # then the names of the columns are none
WITH_CELLS = 0.31  # confidence of a suggestion for a column that has cells in the sample, however weak
MIN_SURE = 0.5  # share of such columns; with fewer, ingesting what is sure would leave out most of the file
MAX_COMMAND = 4_000  # characters; a longer mapping is better saved in a file
_GUESSED_QUOTES = " The quotes are a guess from its cells: use --quoted, unless they are part of the values."


def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of customers, plain, gzip or zstd; - is stdin.")],
    source: Annotated[
        str | None,
        typer.Option("--source", help="The data source: its mapping is used, and changes since then are listed."),
    ] = None,
    save_mapping: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the suggested mapping to a file, for penstock mapping set --file."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    encoding: Encoding = None,
    clean_headers: CleanHeaders = None,
    quoted: Quoted = None,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show what is in a file, and suggest a mapping from its names and values. Stores nothing.

    penstock inspect customers.tsv

    The suggestions come from a sample drawn from the whole file. The last lines are the commands that ingest it.
    """
    options = FileOptions(encoding=encoding, clean_headers=clean_headers, quoted=quoted)
    with reporting(as_json=as_json) as out:
        with UploadFile(file, options) as opened:
            reviewed = review_file(opened, source, data, url, key)
        if not reviewed.columns or any(fault.code == HEADER_BELOW for fault in reviewed.faults):
            refuse_all(reviewed.faults)
        if save_mapping is not None:
            left_open = _save(save_mapping, source, reviewed, force=force)
            about = f"; open_columns there has {left_open}, to be moved to columns" if left_open else ""
            out.say(f"Saved to {save_mapping}{about}")
        where = where_of(data, url)
        commands = _commands(reviewed, file, options_text(reviewed.needed_options) + where)
        if commands and reviewed.source_step:
            step = f"penstock source {reviewed.source_step} {shlex.quote(reviewed.source)}{where}"
            commands.insert(0, (f"First {reviewed.source_step} the data source", step))
        document: dict[str, Any] = msgspec.to_builtins(inspection_document(reviewed))
        document["commands"] = [command for _, command in commands]
        note, refused = _needed(options, reviewed), _refused(options, reviewed)
        out.result(document, lambda: inspection_view(document, reviewed.faults, commands, note, refused))


def _save(file: Path, source: str | None, reviewed: Review, *, force: bool) -> str:
    """Write the suggested mapping, and beside it the columns that are left to a person, of which it returns the
    names."""
    accepted = accept(reviewed.suggested, WITH_CELLS, renamed_columns(reviewed.suggested))
    corrections = {each.column: each.corrections for each in reviewed.suggested.columns}
    columns = [_corrected(each, corrections.get(each.column, {})) for each in accepted.columns]
    left_out = {each.column for each in accepted.left_out}
    found = [each for each in reviewed.suggested.columns if each.column in left_out and _has_cells(each)]
    write_mapping(file, source, columns, list(map(column_spec, found)), force=force)
    return ", ".join(each.column for each in found)


def _corrected(spec: ColumnSpec, corrections: Mapping[str, str]) -> ColumnSpec:
    """A column whose value map also replaces what may be misspelt: the file is looked through before it is used."""
    return replace(spec, values={**corrections, **spec.values}) if corrections else spec


def _needed(options: FileOptions, reviewed: Review) -> str:
    """A note for a file that is read with more options than were declared."""
    needed = reviewed.needed_options
    if needed == options:
        as_source = options_text(_inherited(reviewed.file_options))
        return f"Read with{as_source}, as its data source says." if as_source else ""
    encoding = "" if needed.encoding == options.encoding else f" as {needed.encoding}, as detected from its bytes"
    names = "" if needed.clean_headers == options.clean_headers else " with cleaned column names"
    quotes = "" if needed.quoted == options.quoted else " with quotes around cells"
    surely = _surely_needed(options, reviewed)
    use = f" To ingest it, use{options_text(surely)}." if surely != options else ""
    return f"Read{','.join(filter(None, (encoding, names, quotes)))}.{use}{_GUESSED_QUOTES if quotes else ''}"


def _refused(options: FileOptions, reviewed: Review) -> str:
    """When the file would be refused: a list of its faults alone looks as if it could not be ingested."""
    if not reviewed.fits:
        return REFUSED
    surely = _surely_needed(options, reviewed)
    if surely == options:
        return "With the present mapping of its data source it would be refused:"
    return f"Without{options_text(surely)} it would be refused:"


def _surely_needed(options: FileOptions, reviewed: Review) -> FileOptions:
    """The options without which the file would be refused: quotes around cells are a guess, and no fault."""
    return replace(reviewed.needed_options, quoted=options.quoted)


def _inherited(options: FileOptions) -> FileOptions:
    return FileOptions(**{name: getattr(options, name) for name in options.inherited})


def _commands(reviewed: Review, file: Path, where: str) -> list[tuple[str, str]]:
    """The commands that ingest the file with what is suggested; none for a file that would be refused, or that has its
    header below its first line."""
    if not reviewed.fits or any(each.code == HEADER_BELOW for each in reviewed.warnings):
        return []
    source, renamed = reviewed.source, renamed_columns(reviewed.suggested)
    try:
        accept(reviewed.suggested, SUGGESTED_CONFIDENCE, renamed)
        accepted = accept(reviewed.suggested, _least(reviewed), renamed)
    except Refused:
        return []
    sure = f"--accept-suggestions {SUGGESTED_CONFIDENCE:g}"
    unseen = ingest_command(file, source, [sure, *map_options(renamed, {})], where)
    if _least(reviewed) < SUGGESTED_CONFIDENCE:
        return [*_edited(file, source, where), ("Or only what is sure", unseen)]
    commands = [("Ingest", unseen)]
    known = {each.attribute.name: each.attribute for each in reviewed.suggested.columns if each.exists}
    by_hand = ingest_command(file, source, map_options(accepted.columns, known), where)
    if len(by_hand) <= MAX_COMMAND and are_options(accepted.columns):
        commands.append(("The same by hand", by_hand))
        if not _merges_people(reviewed):
            return commands
    return [*commands, *_edited(file, source, where)]


def _merges_people(reviewed: Review) -> bool:
    """Whether an identifier that is suggested would make different people one: a mapping file can join columns."""
    identifiers = [each for each in reviewed.suggested.columns if each.identifier]
    return any(WOULD_MERGE in against for each in identifiers for against in each.against)


def _edited(file: Path, source: str, where: str) -> list[tuple[str, str]]:
    return [
        ("To edit it first", inspect_command(file, source, ["--save-mapping", EDITED], where)),
        ("and then", ingest_command(file, source, ["--mapping", EDITED], where)),
    ]


def _least(reviewed: Review) -> float:
    """The confidence of what a person is shown first: where few columns are sure, that of all that have cells."""
    sure = [each.confidence >= SUGGESTED_CONFIDENCE for each in reviewed.suggested.columns if _has_cells(each)]
    return SUGGESTED_CONFIDENCE if sum(sure) >= len(sure) * MIN_SURE else WITH_CELLS


def _has_cells(suggestion: ColumnSuggestion) -> bool:
    return suggestion.confidence >= WITH_CELLS


def register(app: typer.Typer) -> None:
    app.command()(inspect)
