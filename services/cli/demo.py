"""`penstock demo`: the first minutes with a file, each step a command that one can type."""

from __future__ import annotations

import io
import shlex
from contextlib import closing, nullcontext, redirect_stdout
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from services.cli.failures import ExitCode, reporting
from services.cli.fitting import Unbroken
from services.cli.foreground import foreground_settings, refuse_cluster
from services.cli.local_client import LocalClient
from services.cli.options import AsJson
from services.cli.output import Document, Output
from services.cli.sample import MAPS, SPARSE_MAP, correct_sample, crmid, write_cities, write_sample

FOLDER = Path("demo")
ROWS = 20_000
FAULTY = 120
SEED = 7
WORKERS = 2
MISTAKES = 1_000
WRONG_CITY = "Atlantis"
SHOWN_CUSTOMER = crmid(42)
MAPPED = [part for each in (*MAPS, SPARSE_MAP) for part in ("--map", each)]


def demo(
    data: Annotated[
        Path, typer.Option("--data", metavar="DIR", help="The folder for the sample and its profiles.")
    ] = FOLDER,
    as_json: AsJson = False,
) -> None:
    """Take 20,000 invented customers through the first minutes: inspect, check, ingest, correct, undo."""
    document: dict[str, Any] = {"status": "FAILED", "request_id": None}
    with reporting(as_json=as_json, refused=document) as out:
        settings = foreground_settings(data=data)
        refuse_cluster(settings, "Run make demo-cluster, or penstock ingest on the cluster")
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(LocalClient(settings)) as client:
            document.update(_Demonstration(settings.data, client, out, quiet=as_json).run())
        if as_json:
            out.result(document, lambda: "")
        if document["status"] != "COMPLETED":
            raise typer.Exit(ExitCode.REFUSED)


class _Demonstration:
    """The commands, each displayed as it would be typed, on the data folder `folder`. `quiet`: nothing is displayed."""

    def __init__(self, folder: Path, client: LocalClient, out: Output, *, quiet: bool) -> None:
        self._folder, self._client, self._out, self._quiet = folder, client, out, quiet

    def run(self) -> Document:
        """The request of the customers, the request of the corrections, and one customer masked and revealed."""
        customers = self._folder / "customers.tsv"
        self._out.say(f"{ROWS:,} invented customers, {FAULTY} of them with errors, are in {customers}")
        write_sample(customers, ROWS, seed=SEED, faulty=FAULTY, sparse_column=True)
        self._command("What is in the file?", "inspect", str(customers), "--source", "crm")
        ingest = ["ingest", str(customers), "--source", "crm", *MAPPED]
        self._command(
            "What would become of its rows, with what is suggested, and slot_num as a whole number?",
            *ingest,
            "--dry-run",
        )
        self._command("Ingest it", *ingest, "--workers", str(WORKERS))
        request = self._newest()
        corrections = self._correct(request)
        self._command("One customer, personal values masked", "profile", "crmid", SHOWN_CUSTOMER)
        profiles = [self._profile(reveal=reveal) for reveal in (False, True)]
        self._command(
            "The same customer revealed, which is audited, with the file and row of each value",
            *("profile", "crmid", SHOWN_CUSTOMER, "--reveal", "--lineage"),
        )
        self._undo_a_mistake()
        self._next_steps()
        return {**request, "corrections": corrections, "profile": profiles[0], "revealed": profiles[1]}

    def _correct(self, request: Document) -> Document:
        rejects, corrected = self._folder / "rejects.tsv", self._folder / "corrected.tsv"
        rejects.unlink(missing_ok=True)  # of an earlier demonstration
        self._command("Get the rejected rows", "rejects", request["request_id"], "--output", str(rejects))
        correct_sample(rejects, corrected, ROWS, seed=SEED)
        self._out.say(f"Somebody corrects them: {corrected}")
        self._command("Ingest the corrected rows", "resubmit", request["request_id"], str(corrected))
        return self._newest()

    def _undo_a_mistake(self) -> None:
        wrong = self._folder / "wrong.tsv"
        write_cities(wrong, MISTAKES, WRONG_CITY)
        maps = ("--map", "crmid=crmid!", "--map", "city=city")
        self._command(
            f"By mistake, {MISTAKES:,} customers move to {WRONG_CITY}",
            *("ingest", str(wrong)),
            "--source",
            "partner",
            *maps,
        )
        self._command("Undo it: each value is again as before", "undo", self._newest()["request_id"])
        self._command("The customer's city", "profile", "crmid", SHOWN_CUSTOMER)

    def _command(self, title: str, *arguments: str) -> None:
        """Run one command in this process."""
        from services.cli.main import run  # noqa: PLC0415 - it imports the module of each command

        command = [*arguments, "--data", str(self._folder)]
        self._show(heading(title), Unbroken(f"$ {shlex.join(['penstock', *command])}"))
        with redirect_stdout(io.StringIO()) if self._quiet else nullcontext():
            code = run(command)
        if code != ExitCode.DONE:
            raise typer.Exit(code)

    def _newest(self) -> Document:
        found: Document = self._client.request_page(limit=1)["requests"][0]
        return found

    def _profile(self, *, reveal: bool) -> Document:
        return self._client.profile("crmid", SHOWN_CUSTOMER, reveal=reveal)

    def _next_steps(self) -> None:
        where = f" --data {shlex.quote(str(self._folder))}"
        self._show(
            heading("Next steps"),
            Unbroken(f"  penstock profile crmid C0000007 --lineage{where}"),
            Unbroken(f"  penstock requests{where}"),
            Unbroken(f"  penstock ingest FILE --source shop --map 'crmid=crmid!' --map email=email{where}"),
            Unbroken(f"  penstock up{where}"),
        )

    def _show(self, *parts: RenderableType) -> None:
        if not self._quiet:
            self._out.print(*parts)


def heading(text: str) -> RenderableType:
    return Group(Text(), Text(text, style="bold"))


def register(app: typer.Typer) -> None:
    app.command()(demo)
