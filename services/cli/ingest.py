"""`penstock ingest`: the whole job in one command, from a file to profiles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from penstock.application.uploads.missing_identifiers import map_of
from penstock.application.uploads.shared_identifiers import SHARED_IDENTIFIER, simplest_way_out
from penstock.application.uploads.suggesting import SUGGESTED_CONFIDENCE
from penstock.client.upload_order import UploadOrder
from penstock.domain.errors import refusal
from penstock.domain.files.tabular_format import FileOptions
from services.cli.check_report import check_report, outcome
from services.cli.failures import BadUsage, exit_by_status, reporting
from services.cli.foreground import foreground_settings
from services.cli.ingest_backends import OpenBackend, open_local, open_remote, open_without_services
from services.cli.ingesting import Ingested, Order, dry_run_file, ingest_file
from services.cli.map_options import ingest_command, options_text
from services.cli.mapping_options import MappingOptions
from services.cli.options import (
    AsJson,
    BlankWords,
    CleanHeaders,
    Data,
    DropMisfits,
    Encoding,
    Force,
    Key,
    MappingFile,
    Maps,
    MaxRejects,
    NewAttributes,
    Policies,
    Quoted,
    Source,
    Url,
    where_of,
)
from services.cli.similar_attributes import may_ask
from services.cli.upload_options import AsOf, Notify, UploadMode
from services.cli.views import mail_problems, renamed_text, request_view


def ingest(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A CSV, TSV or NDJSON file, plain, gzip or zstd; - is stdin.")
    ],
    source: Source,
    maps: Maps = None,
    policies: Policies = None,
    mapping: MappingFile = None,
    drop_misfits: DropMisfits = None,
    blank_words: BlankWords = None,
    accept_suggestions: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="CONFIDENCE",
            help="Map the columns without --map as penstock inspect suggests, from this confidence on, such as 0.9.",
        ),
    ] = None,
    mode: UploadMode = None,
    segment: Annotated[str | None, typer.Option(help="The segment for the profiles.")] = None,
    as_of: AsOf = None,
    notify: Notify = None,
    max_rejects: MaxRejects = None,
    encoding: Encoding = None,
    clean_headers: CleanHeaders = None,
    quoted: Quoted = None,
    force: Force = False,
    new_attributes: NewAttributes = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only check the file: report the rows that would be rejected, and fixes."),
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Worker processes; default: by the size of the file.")
    ] = None,
    max_bytes: Annotated[int | None, typer.Option(min=1, help="The largest accepted file, decompressed.")] = None,
    data: Data = None,
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Ingest a file and wait until its request has ended, or is held because too many rows were rejected.

    penstock ingest customers.tsv --source crm --map 'crmid=crmid!' --map phone=hm:pii

    penstock ingest customers.tsv --source crm --accept-suggestions 0.9

    Without --map or --mapping, the saved mapping of the source is used; if there is none, a terminal shows what is
    suggested and asks. If the command is killed, run it again with the same arguments: it continues with the
    unfinished request. With --url, a running system ingests the file; under
    PENSTOCK_RUNTIME=cluster, the services of the cluster do. With --dry-run nothing is stored, not even the mapping.
    """
    document: dict[str, Any] = {"status": "FAILED", "request_id": None}
    with reporting(as_json=as_json, refused=document) as out:
        open_backend = backend_of(data, url, key, workers, max_bytes, dry_run=dry_run)
        order = Order(
            file=file,
            upload=UploadOrder(
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
            ),
            mapping=MappingOptions(maps or [], policies or [], mapping, drop_misfits or [], blank_words or []),
            accept_suggestions=accept_suggestions,
            may_ask=may_ask(as_json=as_json),
        )

        if dry_run:
            document.clear()  # there is no request
            found = dry_run_file(open_backend, order, out)
            mapped_here = bool(maps or mapping) or accept_suggestions is not None
            out.result(found, lambda: check_report(found, mapped_here=mapped_here))
            exit_by_status(outcome(found))
            return

        def report(done: Ingested) -> None:
            out.result(done.document(), lambda: done_view(done, where_of(data, url), again_command(order, done)))

        done = ingest_file(open_backend, order, out, document, report)
        exit_by_status(done.request["status"])


def again_command(order: Order, done: Ingested) -> str:
    """The command that ingests the file once more, with an identifier of the rows that have none."""
    if done.identifier is None or order.mapping.file:  # of which a person has to change the file
        return ""
    upload = order.upload
    options = FileOptions(encoding=upload.encoding, clean_headers=upload.clean_headers, quoted=upload.quoted)
    mapped = order.mapping.typed(without=done.identifier.column)
    if order.accept_suggestions is not None or not mapped:
        mapped.insert(0, f"--accept-suggestions {order.accept_suggestions or SUGGESTED_CONFIDENCE:g}")
    mapped.append(map_of(done.identifier))
    return ingest_command(order.file, upload.data_source, mapped, options_text(options))


def done_view(done: Ingested, where: str, again: str = "") -> RenderableType:
    """The request, with renamed columns, created attributes and ignored columns. `again` is the command that ingests
    the file better."""
    known = set(done.mail_problems)
    notify = [
        {**each, "problem": None} if known.issuperset(mail_problems([each])) else each
        for each in done.request["notify"]
    ]
    return request_view(
        {**done.request, "notify": notify},
        where=where,
        again=again and again + where,
        notes=[
            (
                "Identifier",
                f"rows without an identifier have one in {done.identifier.column!r}" if done.identifier else "",
            ),
            ("Shared", shared_text(done)),
            ("Renamed", renamed_text(done.renamed_columns)),
            ("Created", ", ".join(done.created_attributes)),
            ("Ignored", ", ".join(done.unmapped_columns)),
        ],
    )


def shared_text(done: Ingested) -> str:
    """The warnings about people who became one, which the result repeats since nothing corrects them, and the way out.

    A request that is held has made nobody one yet, but is undone alike."""
    shared = [each for each in done.warnings if each.code == SHARED_IDENTIFIER]
    if not shared:
        return ""
    undo = "To ingest the file again, undo this request first"
    return f"{' '.join(f'{each.message}. {simplest_way_out(each)}' for each in shared)} {undo}."


def backend_of(
    data: Path | None,
    url: str | None,
    key: str | None,
    workers: int | None = None,
    max_bytes: int | None = None,
    *,
    dry_run: bool = False,
) -> OpenBackend:
    """The system that ingests the file. Raises `BadUsage` for an option that has no effect there."""
    if url:
        _refuse_option("--workers", workers, "the running system has its own workers")
        _refuse_option("--max-bytes", max_bytes, "the running system has its own limit")
        return lambda _, out: open_remote(url, key, out)
    settings = foreground_settings(data=data, workers=workers, max_file_bytes=max_bytes)
    if settings.runtime == "cluster":
        _refuse_option("--workers", workers, "the workers of the cluster ingest the file")
    return lambda file, _: open_without_services(settings) if dry_run else open_local(settings, file)


def _refuse_option(option: str, value: object, why: str) -> None:
    if value is not None:
        raise BadUsage(refusal("invalid_options", f"{option} has no effect here: {why}", f"Omit {option}.").faults)


def register(app: typer.Typer) -> None:
    app.command()(ingest)
