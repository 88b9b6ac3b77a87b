"""A dry run, from the command line and over HTTP: the counts of the ingestion itself, and nothing stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine
from tests.support.http_system import CRMID, HttpSystem, form, serving

HEADER = "crmid\tphone\tborn\tleft_out\n"
ROWS = [
    "C1\t020 123 4567\t1980-01-31\tSecretive",
    "C2\t06 12345678\t31/01/1980\t",
    "C3\t+31612345678\tn/a\t",
    "C4\t+31612345679\t1980-01-31\t",
    "\t+31612345670\t1980-01-31\t",
    "C6",
]
CONTENT = HEADER + "\n".join(ROWS) + "\n"
MAPS = ("crmid=crmid!", "phone=phone", "born=birth_date")
COLUMNS = [CRMID, {"column": "phone", "attribute": "phone"}, {"column": "born", "attribute": "birth_date"}]
COUNTS = ("rows_read", "rows_accepted", "rows_rejected", "reject_reasons")


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpSystem]:
    with serving(tmp_path_factory.mktemp("dry_run") / "data") as running:
        yield running


def columns(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["column"]: each for each in run["columns"]}


def test_a_dry_run_has_the_counts_of_the_ingestion_and_stores_nothing(cli: CommandLine) -> None:
    checked = cli.ingest(CONTENT, "--dry-run", maps=MAPS)
    assert (checked.code, checked.document["unmapped_columns"]) == (0, ["left_out"])
    assert cli.run("requests", "--json").document["requests"] == []
    assert cli.run("mapping", "show", "crm", "--json").code == 1
    assert cli.run("source", "list", "--json").document["data_sources"] == []
    ingested = cli.ingest(CONTENT, maps=MAPS)
    assert {name: checked.document[name] for name in COUNTS} == {name: ingested.document[name] for name in COUNTS}
    assert checked.document["rows_accepted"] == 1


def test_a_dry_run_lists_fixes_for_rejected_rows(cli: CommandLine) -> None:
    found = columns(cli.ingest(CONTENT, "--dry-run", maps=MAPS).document)
    phone, born = found["phone"], found["born"]
    assert (phone["invalid_cells"], phone["reasons"]) == (2, {"not_a_phone": 2})
    messages = [fix["message"] for fix in phone["fixes"]]
    assert "phone(NL) would take 2 of 2 cells" in messages
    assert "leaving out the cells that do not fit would keep 1 row" in messages
    assert {(fix["option"], fix["value"]) for fix in born["fixes"]} >= {
        ("format", "date(yyyy-MM-dd|dd/MM/yyyy)"),
        ("blanks", "n/a"),
    }
    fixed = cli.ingest(CONTENT, "--dry-run", maps=("crmid=crmid!", "phone=phone:phone(NL)", "born=birth_date"))
    assert fixed.document["rows_accepted"] == 2


def test_no_personal_value_is_in_the_report(cli: CommandLine) -> None:
    report = cli.run(
        "ingest",
        cli.file(CONTENT),
        "--source",
        "crm",
        "--dry-run",
        *(part for each in MAPS for part in ("--map", each)),
    )
    assert report.code == 0
    assert "0***********" in report.stdout
    for value in ("123 4567", "31612345678", "1980-01-31", "Secretive"):
        assert value not in report.stdout + report.stderr


def test_cells_that_are_not_personal_show_how_they_are_read(cli: CommandLine) -> None:
    maps = ("crmid=crmid!", "spent=ltv:decimal(1.234,56)", "joined=member:boolean")
    content = "crmid\tspent\tjoined\nC1\t1.234,50\tYES\nC2\tmuch\tno\n"
    sample = cli.ingest(content, "--dry-run", maps=maps).document["sample"]
    assert sample["ltv"] == [{"before": "1.234,50", "after": "1234.50"}, {"before": "much", "after": None}]
    assert sample["member"] == [{"before": "YES", "after": "true"}, {"before": "no", "after": "false"}]


@pytest.mark.parametrize(
    ("content", "options", "code"),
    [
        (CONTENT, ("--mode", "replace"), 4),
        (CONTENT, ("--mode", "replace", "--max-rejects", "100%"), 0),
        (HEADER + ROWS[0] + "\n", (), 1),
        (HEADER, (), 1),
        ("crmid\tphone\n", (), 1),
    ],
)
def test_the_exit_code_is_that_of_the_ingestion(
    cli: CommandLine, content: str, options: tuple[str, ...], code: int
) -> None:
    assert cli.ingest(content, "--dry-run", *options, maps=MAPS).code == code
    assert cli.ingest(content, *options, maps=MAPS).code == code


def test_a_dry_run_over_http_gives_the_same_report(cli: CommandLine, system: HttpSystem) -> None:
    here = cli.ingest(CONTENT, "--dry-run", maps=MAPS).document
    key = {"PENSTOCK_API_KEY": system.uploader.headers["Authorization"].removeprefix("Bearer ")}
    there = cli.ingest(CONTENT, "--dry-run", "--url", system.url, source="fresh", maps=MAPS, **key)
    assert (there.code, there.document) == (0, here)
    assert system.viewer.get("/v1/requests").json()["requests"] == []
    sources = system.viewer.get("/v1/data-sources").json()["data_sources"]
    assert "fresh" not in [each["name"] for each in sources]


def test_the_call_takes_the_request_before_the_file(system: HttpSystem) -> None:
    request, file = form(CONTENT.encode(), data_source="crm", mapping=COLUMNS, create_data_source=True)
    checked = system.uploader.post("/v1/files:check", files=[request, file])
    assert (checked.status_code, checked.json()["rows_accepted"]) == (200, 1)
    refused = system.uploader.post("/v1/files:check", files=[file, request])
    assert (refused.status_code, refused.json()["code"]) == (400, "missing_part")
    assert system.viewer.post("/v1/files:check", files=[request, file]).status_code == 403


def test_faults_of_the_file_are_those_of_an_upload(system: HttpSystem) -> None:
    parts = form(b"crm-id\tcrm-id\n1\t2\n", data_source="crm", mapping=COLUMNS, create_data_source=True)
    refused = system.uploader.post("/v1/files:check", files=parts)
    assert refused.status_code == 422
    assert {fault["code"] for fault in refused.json()["faults"]} >= {"hyphen_in_column_name", "unknown_mapped_column"}


def test_a_nested_value_rejects_its_row_as_in_the_ingestion(cli: CommandLine) -> None:
    content = '{"crmid": "C1", "phone": "+31612345678"}\n{"crmid": "C2", "phone": {"home": "020"}}\n'
    maps = ("crmid=crmid!", "phone=phone")
    checked, ingested = (cli.ingest(content, *options, maps=maps).document for options in (("--dry-run",), ()))
    assert {name: checked[name] for name in COUNTS} == {name: ingested[name] for name in COUNTS}
    assert (checked["rows_accepted"], checked["rows_rejected"]) == (1, 1)
