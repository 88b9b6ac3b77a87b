"""`penstock demo`: ingests sample customers and shows one of them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from penstock.config import Settings
from services.cli.client import UploadOrder
from services.cli.failures import ExitCode, reporting
from services.cli.fitting import Unbroken
from services.cli.foreground import foreground_settings, refuse_cluster
from services.cli.ingest import done_view
from services.cli.ingest_backends import open_local
from services.cli.ingesting import Ingested, Order, ingest_file
from services.cli.local_client import LocalClient
from services.cli.mapping_options import MappingOptions
from services.cli.options import AsJson
from services.cli.output import Document, Output
from services.cli.sample import MAPS, SPARSE_MAP, write_sample
from services.cli.views import profile_view

FOLDER = Path("demo")
ROWS = 20_000
FAULTY = 120
SEED = 7
CHUNK_BYTES = 128 * 1024  # small, so that a small file has work for several workers
WORKERS = 2
SHOWN_CUSTOMER = "C0000042"


def demo(
    data: Annotated[
        Path, typer.Option("--data", metavar="DIR", help="The folder for the sample and its profiles.")
    ] = FOLDER,
    as_json: AsJson = False,
) -> None:
    """Ingest a sample of 20,000 invented customers and show one of them."""
    document: Document = {"status": "FAILED", "request_id": None}
    with reporting(as_json=as_json, refused=document) as out:
        settings = foreground_settings(data=data, workers=WORKERS, chunk_bytes=CHUNK_BYTES)
        refuse_cluster(settings, "Run make demo-cluster, or penstock ingest on the cluster")
        done = ingest_file(
            lambda file, _: open_local(settings, file), _order(settings.data, out), out, document, lambda _: None
        )
        masked, revealed = _look(settings)
        if as_json:
            out.result({**done.document(), "profile": masked, "revealed": revealed}, lambda: "")
        else:
            _show(out, settings, done, masked, revealed)
        if done.request["status"] != "COMPLETED":
            raise typer.Exit(ExitCode.REFUSED)


def _order(folder: Path, out: Output) -> Order:
    """Write the sample to the data folder."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / "customers.tsv"
    out.say(f"Writing {ROWS:,} invented customers to {file}, {FAULTY} of them with errors")
    write_sample(file, ROWS, seed=SEED, faulty=FAULTY, sparse_column=True)
    return Order(file=file, upload=UploadOrder(data_source="crm"), mapping=MappingOptions(maps=[*MAPS, SPARSE_MAP]))


def _look(settings: Settings) -> tuple[Document, Document]:
    """One customer, masked and revealed."""
    with closing(LocalClient(settings)) as client:
        return (
            client.profile("crmid", SHOWN_CUSTOMER, reveal=False),
            client.profile("crmid", SHOWN_CUSTOMER, reveal=True),
        )


def _show(out: Output, settings: Settings, done: Ingested, masked: Document, revealed: Document) -> None:
    without_lineage = {name: part for name, part in masked.items() if name != "lineage"}
    where = f" --data {settings.data}"
    out.print(done_view(done, where))
    out.print(heading(f"Customer {SHOWN_CUSTOMER}, personal values masked"), profile_view(without_lineage))
    out.print(
        heading("The same customer revealed (audited), with the file and line of each value"), profile_view(revealed)
    )
    out.print(
        heading("Next steps"),
        Unbroken(f"  penstock profile crmid C0000007 --lineage{where}"),
        Unbroken(f"  penstock requests{where}"),
        Unbroken(f"  penstock ingest FILE --source shop --map 'crmid=crmid!' --map email=email{where}"),
        Unbroken(f"  penstock up{where}"),
    )


def heading(text: str) -> RenderableType:
    return Group(Text(), Text(text, style="bold"))


def register(app: typer.Typer) -> None:
    app.command()(demo)
