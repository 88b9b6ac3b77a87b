"""`penstock ingest`: the whole job in one command, from a file to profiles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from penstock.domain.errors import refusal
from penstock.domain.mapping.mapping import Mode
from services.cli.failures import BadUsage, ExitCode, reporting
from services.cli.foreground import foreground_settings
from services.cli.ingest_backends import OpenBackend, open_elsewhere, open_here
from services.cli.ingesting import Ingested, Order, ingest_file
from services.cli.options import AsJson, Data, Key, Maps, Policies, Source, Url, where_of
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
    url: Url = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Ingest a file, and wait until its request has ended.

    penstock ingest customers.tsv --source crm --map crmid=crmid! --map phone=hm:pii

    Without --map the saved mapping of the source is used. Killed and run again with the same arguments, it goes on
    with the unfinished request. With --url the file is ingested by a running system, under PENSTOCK_RUNTIME=cluster by
    the services of the cluster.
    """
    document: Document = {"status": "FAILED", "request_id": None}
    with reporting(as_json=as_json, refused=document) as out:
        open_backend = _backend(data, url, key, workers, max_bytes)
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
            out.result(done.document(), lambda: done_view(done, where_of(data, url)))

        done = ingest_file(open_backend, order, out, document, tell)
        if done.request["status"] != "COMPLETED":
            raise typer.Exit(ExitCode.REFUSED)


def done_view(done: Ingested, where: str) -> RenderableType:
    """The request, and what was created or left out on the way."""
    return request_view(
        done.request,
        where=where,
        notes=[("Created", ", ".join(done.created_attributes)), ("Left out", ", ".join(done.unmapped_columns))],
    )


def _backend(
    data: Path | None, url: str | None, key: str | None, workers: int | None, max_bytes: int | None
) -> OpenBackend:
    """Where the file goes. Raises `BadUsage` for an option that would do nothing there."""
    if url:
        _refuse_option("--workers", workers, "the running system has workers of its own")
        _refuse_option("--max-bytes", max_bytes, "the running system has a limit of its own")
        return lambda _, out: open_elsewhere(url, key, out)
    settings = foreground_settings(data=data, workers=workers, max_file_bytes=max_bytes)
    if settings.runtime == "cluster":
        _refuse_option("--workers", workers, "the file is ingested by the workers of the cluster")
    return lambda file, _: open_here(settings, file)


def _refuse_option(option: str, value: object, why: str) -> None:
    if value is not None:
        raise BadUsage(refusal("invalid_options", f"{option} does nothing here: {why}", f"Leave {option} out.").faults)


def register(app: typer.Typer) -> None:
    app.command()(ingest)
