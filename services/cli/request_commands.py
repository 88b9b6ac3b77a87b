"""Commands around upload requests: upload, request, watch, rejects, approve, cancel, undo."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from penstock.client.upload_order import UploadOrder
from penstock.domain.files.rows import NO_ROWS_OF_DATA
from services.cli.column_options import check_as_of, check_max_rejects, check_segment
from services.cli.connecting import connect
from services.cli.failures import exit_by_status, reporting
from services.cli.following import follow, with_idle_hint
from services.cli.ingesting import with_problems
from services.cli.mapping_file import columns_of_file
from services.cli.options import (
    AsJson,
    CleanHeaders,
    Data,
    Encoding,
    Force,
    Key,
    MappingFile,
    MaxRejects,
    NewAttributes,
    Quoted,
    RequestId,
    Source,
    Url,
    where_of,
)
from services.cli.output import Document
from services.cli.plan_views import plan_view
from services.cli.progress import show_progress
from services.cli.reject_files import as_records, check_not_shown, check_output, save
from services.cli.upload_file import UploadFile
from services.cli.upload_options import AsOf, Notify, UploadMode
from services.cli.views import counted, duplicate_text, request_view


def upload(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A CSV, TSV or NDJSON file, plain, gzip or zstd; - is stdin.")
    ],
    source: Source,
    mapping: MappingFile = None,
    new_attributes: NewAttributes = None,
    mode: UploadMode = None,
    segment: Annotated[str | None, typer.Option(help="The segment for the profiles.")] = None,
    as_of: AsOf = None,
    notify: Notify = None,
    max_rejects: MaxRejects = None,
    encoding: Encoding = None,
    clean_headers: CleanHeaders = None,
    quoted: Quoted = None,
    force: Force = False,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Upload a file to a running system, with the current mapping of its source.

    With --mapping, another mapping: it becomes the current one when the request completes.
    """
    with reporting(as_json=as_json, refused={"status": "FAILED", "request_id": None}) as out:
        check_segment(segment)
        check_as_of(as_of)
        check_max_rejects(max_rejects)
        columns = () if mapping is None else columns_of_file(mapping)
        order = UploadOrder(
            data_source=source,
            mode=mode,
            segment=segment,
            as_of=as_of,
            notify=tuple(notify) if notify else None,
            max_rejects=max_rejects,
            encoding=encoding,
            clean_headers=clean_headers,
            quoted=quoted,
            force=force,
            new_attributes=tuple(new_attributes or ()),
        )
        with (
            UploadFile(file, order.file_options) as opened,
            connect(data, url, key) as client,
            show_progress(out) as progress,
        ):
            request = client.upload(opened, order, progress, columns)
        if request.get("duplicate"):
            out.say(duplicate_text(request))
        out.result(request, lambda: request_view(request, where=where_of(data, url)))


def request(
    request_id: RequestId,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show what it ran with: its mapping, and how its file was read.")
    ] = False,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show one request, or the plan that was fixed when it was accepted."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        if plan:
            fixed = client.plan(request_id)
            out.result(fixed, lambda: plan_view(fixed))
            return
        found = client.request(request_id)
        out.result(found, lambda: request_view(found, where=where_of(data, url)))


def watch(request_id: RequestId, data: Data = None, url: Url = None, key: Key = None, as_json: AsJson = False) -> None:
    """Follow a request until it has ended or is held; the exit code is 0 only if it is COMPLETED."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:

        def hint() -> None:
            out.say(f"The request has not started yet. Is the system running? penstock up{where_of(data)}")

        with show_progress(out) as progress:
            states = with_idle_hint(client.changes(request_id), hint, time.monotonic)
            ended = follow(with_problems(states, client.problems, time.monotonic, out), progress.show)
        out.result(ended, lambda: request_view(ended, where=where_of(data, url)))
        exit_by_status(ended["status"])


def rejects(
    request_id: RequestId,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The file to write; default: stdout, if it is a pipe or a file."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    dropped: Annotated[
        bool, typer.Option("--dropped", help="The rows that were ingested without cells that did not fit.")
    ] = False,
    bom: Annotated[
        bool, typer.Option("--bom", help="Begin with a byte-order mark, by which Excel recognises UTF-8.")
    ] = False,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Get the rejected rows in the format of the file, with lines and reasons, to correct and to resubmit them."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        if output is not None:
            check_output(output, force=force)
        else:
            check_not_shown(request_id, " --dropped" if dropped else "")
        lines = client.rejects(request_id, dropped=dropped, bom=bom)
        if output is not None:
            reasons = {} if dropped else client.request(request_id)["reject_reasons"]
            rows = save(lines, output)
            out.result(
                {"request_id": request_id, "rows": rows, "output": str(output)},
                lambda: saved_view(rows, output, dropped=dropped, reasons=reasons),
            )
        elif as_json:
            found = as_records(lines)
            out.result({"request_id": request_id, "rows": len(found), "rejects": found}, lambda: "")
        else:
            out.write(lines)


def cancel(request_id: RequestId, data: Data = None, url: Url = None, key: Key = None, as_json: AsJson = False) -> None:
    """Cancel a request that has not ended; none of its rows will count."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        cancelled = client.cancel(request_id)
        out.result(cancelled, lambda: request_view(cancelled, where=where_of(data, url)))


def approve(
    request_id: RequestId, data: Data = None, url: Url = None, key: Key = None, as_json: AsJson = False
) -> None:
    """Approve a held request; its rows count from now on, except the rejected ones."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        approved = client.approve(request_id)
        out.result(approved, lambda: request_view(approved, where=where_of(data, url)))


def undo(request_id: RequestId, data: Data = None, url: Url = None, key: Key = None, as_json: AsJson = False) -> None:
    """Undo a completed request and its corrections; none of their rows count any more."""
    with reporting(as_json=as_json) as out, connect(data, url, key) as client:
        undone = client.undo(request_id)
        out.result(undone, lambda: undone_view(undone, where_of(data, url)))


def undone_view(undone: Document, where: str) -> RenderableType:
    """The request, and its children, which are undone or cancelled with it."""
    children = (undone["corrections"] or {}).get("request_ids", ())
    return request_view(undone, where=where, notes=[("Undone too", ", ".join(children))])


def saved_view(rows: int, output: Path, *, dropped: bool, reasons: Mapping[str, int]) -> str:
    """What was written, and how many rejected rows were not, given the reasons of the request's rejects."""
    saved = f"{counted(rows, 'row')} {'with dropped cells' if dropped else 'rejected'}: {output}"
    left_out = sum(reasons.get(reason, 0) for reason in NO_ROWS_OF_DATA)
    if not left_out:
        return saved
    are = "line of totals or repeated header is" if left_out == 1 else "lines of totals or repeated headers are"
    return f"{saved}; {left_out:,} {are} left out, which nobody has to correct"


def register(app: typer.Typer) -> None:
    for command in (upload, request, watch, rejects, approve, cancel, undo):
        app.command()(command)
