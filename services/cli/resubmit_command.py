"""`penstock resubmit`: corrected rejects of a request, or its rows that were set aside, as a child of the request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from penstock.domain.errors import refusal
from penstock.domain.files.tabular_format import FileOptions
from services.cli.failures import BadUsage, exit_by_status, reporting
from services.cli.ingest import backend_of
from services.cli.ingest_backends import Backend
from services.cli.ingesting import follow_to_end
from services.cli.options import AsJson, Data, Encoding, Force, Key, RequestId, Url, where_of
from services.cli.output import Document
from services.cli.progress import show_progress
from services.cli.upload_file import UploadFile
from services.cli.views import AGAIN, corrections_text, request_view


def resubmit(
    request_id: RequestId,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="The corrected reject file; - is stdin. Without it: the chunks that were set aside."
        ),
    ] = None,
    encoding: Encoding = None,
    force: Force = False,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Ingest the corrected rejects of a request as its child, and wait until that has ended.

    penstock rejects ID --output rejects.tsv

    penstock resubmit ID rejects.tsv

    Corrected rows count in the place of those that were rejected, and are undone with their request. Without FILE, the
    rows of chunks that were set aside (processing_failed) run again. The same rows are ingested once.
    """
    document: dict[str, Any] = {"status": "FAILED", "request_id": None}
    with reporting(as_json=as_json, refused=document) as out:
        open_backend = backend_of(data, url, key)
        _check_force(file, force=force)
        with _opened(file, encoding) as opened, open_backend(opened, out) as backend:
            with show_progress(out) as progress:
                before = _root(backend, request_id)
                document.update(backend.resubmit(request_id, opened, progress, force=force))
                if document["duplicate"]:
                    again = "" if file is None else f" {AGAIN}"
                    out.say(f"Already done: this was resubmitted as {document['request_id']}.{again}")
                follow_to_end(backend, document, progress, out)
            parent = backend.request(document["parent_id"])
        out.result({**document, "parent": parent}, lambda: resubmitted_view(document, parent, where_of(data, url)))
        if corrected_nothing(document, before, parent):
            out.say("Nothing was corrected: each row lost cells again. Correct the cells that penstock_reasons names.")
        exit_by_status(document["status"])


def _check_force(file: Path | None, *, force: bool) -> None:
    """Raises `BadUsage`."""
    if force and file is None:
        hint = "Name the corrected file. Rows that were set aside run again once their child is cancelled or undone."
        raise BadUsage(refusal("invalid_options", "--force is for a file", hint).faults)


def _root(backend: Backend, request_id: str) -> Document:
    """The parent of a new child."""
    request = backend.request(request_id)
    return backend.request(request["parent_id"]) if request["parent_id"] else request


def corrected_nothing(child: Document, before: Document, after: Document) -> bool:
    """Whether each row of a child, which `before` did not have, lost cells as the row that it corrects had done."""
    totals, corrected = after["corrections"] or {}, [_corrected(each) for each in (before, after)]
    rows: int = child["rows_ingested"]
    is_new = bool(rows and child["dropped_cells"]) and not child["duplicate"]
    return is_new and corrected[0] == corrected[1] and totals.get("dropped_again", 0) >= rows


def _corrected(request: Document) -> list[int]:
    totals = request["corrections"] or {}
    return [totals.get(name, 0) for name in ("rejects_corrected", "dropped_corrected", "rows_without_line")]


def resubmitted_view(child: Document, parent: Document, where: str) -> RenderableType:
    """The child, and the number of rejects of its parent that are left."""
    line = f"Corrected of {parent['request_id']}: {corrections_text(parent)}"
    return Group(request_view(child, where=where), Text(), Text(line))


@contextmanager
def _opened(file: Path | None, encoding: str | None) -> Iterator[UploadFile | None]:
    if file is None:
        yield None
        return
    with UploadFile(file, FileOptions(encoding=encoding)) as opened:
        yield opened


def register(app: typer.Typer) -> None:
    app.command()(resubmit)
