"""`penstock ingest` for a source without a mapping: shows what is suggested and asks, or names the commands."""

from __future__ import annotations

import shlex
from pathlib import Path

import msgspec
import typer
from rich.console import Group
from rich.text import Text

from penstock.application.uploads.suggesting import SUGGESTED_CONFIDENCE
from penstock.documents.inspections import suggestion_view
from penstock.domain.errors import Refused, refusal, refuse_all
from services.cli.ingest_backends import Backend
from services.cli.output import Output
from services.cli.suggestion_views import suggestions_view
from services.cli.upload_file import UploadFile


def confirmed(backend: Backend, file: UploadFile, source: str, out: Output) -> bool:
    """Show the suggestions and ask whether to use them. Raises `Refused` for a file with faults."""
    reviewed = backend.review(file, source)
    refuse_all(reviewed.faults)
    rows = [msgspec.to_builtins(suggestion_view(each)) for each in reviewed.suggested.columns]
    heading = Text(f"The data source {source} has no mapping yet. Names and values of the file suggest this one:")
    out.say(Group(heading, Text(), suggestions_view(rows), Text()))
    question = f"Ingest the file with the columns that are at least {SUGGESTED_CONFIDENCE:g} sure?"
    return typer.confirm(question, default=False, err=True)


def no_mapping(file: Path, source: str) -> Refused:
    """The error for a source without a mapping, with the commands that help."""
    name, quoted = shlex.quote(str(file)), shlex.quote(source[:64])
    return refusal(
        "no_mapping",
        f"the data source {source[:64]!r} has no saved mapping, and the command has no --map",
        f"See what is suggested: penstock inspect {name} --source {quoted}. Then add --accept-suggestions "
        f"{SUGGESTED_CONFIDENCE:g}, or at least one identifier, such as --map crmid=crmid!",
    )
