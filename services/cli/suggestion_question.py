"""`penstock ingest` for a source without a mapping: displays suggestions and asks, or names the commands."""

from __future__ import annotations

import shlex
from pathlib import Path

import msgspec
import typer
from msgspec.structs import replace
from rich.console import Group
from rich.text import Text

from penstock.application.uploads.renames import renamed_columns
from penstock.application.uploads.suggesting import SUGGESTED_CONFIDENCE
from penstock.documents.inspections import composed_views, suggestion_view
from penstock.domain.errors import Refused, refusal, refuse_all
from penstock.domain.suggestions import SuggestedMapping
from services.cli.ingest_backends import Backend
from services.cli.map_options import map_option
from services.cli.output import Output
from services.cli.suggestion_views import suggestions_view
from services.cli.upload_file import UploadFile

_UNKNOWN_COLUMN = "unknown_mapped_column"


def confirmed(backend: Backend, file: UploadFile, source: str, out: Output) -> bool:
    """Show the suggestions and ask whether to use them. Raises `Refused` for a file with faults."""
    reviewed = backend.review(file, source)
    refuse_all(reviewed.faults)
    rows = [msgspec.to_builtins(suggestion_view(each)) for each in reviewed.suggested.columns]
    composed = msgspec.to_builtins(composed_views(reviewed.suggested))
    heading = Text(f"The data source {source} has no mapping yet. Names and values of the file suggest this one:")
    out.say(Group(heading, Text(), suggestions_view(rows, composed), Text()))
    question = f"Ingest the file with the columns that are at least {SUGGESTED_CONFIDENCE:g} sure?"
    return typer.confirm(question, default=False, err=True)


def lacks_mapped_columns(refused: Refused) -> bool:
    return any(fault.code == _UNKNOWN_COLUMN for fault in refused.faults)


def with_renames(refused: Refused, suggested: SuggestedMapping) -> Refused:
    """The faults of a header that lacks columns of the saved mapping, with those that they most likely became."""
    renamed = {each.column: each.renamed_to for each in suggested.changes if each.renamed_to}
    options = {str(spec.column): f" --map {shlex.quote(map_option(spec, None))}" for spec in renamed_columns(suggested)}
    faults = [
        replace(fault, hint=_rename_hint(new, options.get(new, "")))
        if fault.code == _UNKNOWN_COLUMN and (new := renamed.get(fault.column or ""))
        else fault
        for fault in refused.faults
    ]
    return Refused(faults, code=refused.code)


def _rename_hint(renamed: str, option: str) -> str:
    accept = f"--accept-suggestions {SUGGESTED_CONFIDENCE:g}{option}"
    return f"Renamed to {renamed}? Then add {accept}, which maps it and the other changes."


def no_mapping(file: Path, source: str) -> Refused:
    """The error for a source without a mapping, with the commands that help."""
    name, quoted = shlex.quote(str(file)), shlex.quote(source[:64])
    return refusal(
        "no_mapping",
        f"the data source {source[:64]!r} has no saved mapping, and the command has no --map",
        f"See the suggestions: penstock inspect {name} --source {quoted}. Then add --accept-suggestions "
        f"{SUGGESTED_CONFIDENCE:g}, or at least one identifier, such as --map crmid=crmid!",
    )
