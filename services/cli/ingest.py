"""`penstock ingest`: the whole job in one command, from a file to profiles, on the embedded runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from penstock.domain.mapping import Mode
from services.cli.failures import ExitCode, reporting
from services.cli.foreground import foreground_settings
from services.cli.ingesting import Ingested, Order, ingest_file
from services.cli.options import AsJson, Data, Maps, Policies, Source, where_of
from services.cli.output import Document
from services.cli.views import request_view


def ingest(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A TSV, plain, gzip or zstd; - is stdin.")],
    source: Source,
    maps: Maps = None,
    policies: Policies = None,
    mode: Annotated[Mode, typer.Option(help="replace: what the source said before stops counting.")] = Mode.UPSERT,
    segment: Annotated[str | None, typer.Option(help="A segment that the profiles become part of.")] = None,
    notify: Annotated[list[str] | None, typer.Option(metavar="ADDRESS", help="Who gets e-mails about it.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes; otherwise what suits the file.")] = None,
    max_bytes: Annotated[int | None, typer.Option(min=1, help="The largest file that is taken, decompressed.")] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Ingest a file, and wait until its request has ended.

    penstock ingest customers.tsv --source crm --map crmid=crmid! --map phone=hm:pii

    Without --map the saved mapping of the source is used. Killed and run again with the same arguments, it goes on
    with the unfinished request.
    """
    document: Document = {"status": "FAILED", "request_id": None}
    with reporting(as_json=as_json, refused=document) as out:
        settings = foreground_settings(data=data, workers=workers, max_file_bytes=max_bytes)
        order = Order(
            file=file,
            source=source,
            maps=maps or [],
            policies=policies or [],
            mode=mode,
            segment=segment,
            notify=notify or [],
        )

        def tell(done: Ingested) -> None:
            out.result(done.document(), lambda: done_view(done, where_of(data)))

        done = ingest_file(settings, order, out, document, tell)
        if done.request["status"] != "COMPLETED":
            raise typer.Exit(ExitCode.REFUSED)


def done_view(done: Ingested, where: str) -> RenderableType:
    """The request, and what was created or left out on the way."""
    return request_view(
        done.request,
        where=where,
        notes=[("Created", ", ".join(done.created_attributes)), ("Left out", ", ".join(done.unmapped_columns))],
    )


def register(app: typer.Typer) -> None:
    app.command()(ingest)
