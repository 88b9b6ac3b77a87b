"""From rejects to a corrected file that finishes the request: on the command line and over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.http_system import CRMID, HttpSystem, serving

MAPS = ("crmid=crmid!", "phone=hm:pii", "points=points:integer")
FILE = "crmid\tphone\tpoints\nC1\t\t1\nC2\t+31201234567\ttwo\nC3\t\tthree\n"
BOM = "\ufeff"


def _counts(corrected: int, left: int, *, dropped: int = 0) -> dict[str, int]:
    rejects = {"rejects_corrected": corrected, "rejects_left": left, "rows_without_line": 0}
    return {**rejects, "dropped_corrected": 0, "dropped_left": dropped, "dropped_again": 0}


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


def test_a_corrected_file_finishes_its_request(cli: CommandLine) -> None:
    root = cli.ingest(FILE, maps=MAPS).document
    assert (root["rows_ingested"], root["rows_rejected"], root["corrections"]) == (1, 2, None)
    rejects = cli.folder / "rejects.tsv"
    saved = cli.run("rejects", root["request_id"], "--bom", "-o", rejects)
    assert (saved.code, "2 rows" in saved.stdout) == (0, True)
    text = rejects.read_text()
    assert text.startswith(BOM + "penstock_line\tpenstock_reasons\tcrmid")
    reason = "points: The value is not a whole number. Write digits only, such as 42 or -7 (not_an_integer)"
    assert f"3\t{reason}\tC2\t'+31201234567\ttwo" in text
    rejects.write_text(text.replace("two", "2"))
    again = cli.run("rejects", root["request_id"], "-o", rejects, "--json")
    assert (again.code, again.fault_codes) == (2, ["file_exists"])  # it has the corrections
    child = cli.run("resubmit", root["request_id"], rejects, "--json").document
    assert (child["status"], child["parent_id"]) == ("COMPLETED", root["request_id"])
    totals = {"request_ids": [child["request_id"]], "rows_ingested": 1, **_counts(1, 1)}
    assert child["parent"]["corrections"] == totals
    assert "1 of 2 rejects, 1 left" in cli.run("request", root["request_id"]).stdout
    left = cli.run("rejects", child["request_id"]).stdout
    last = cli.run("resubmit", child["request_id"], cli.file(left.replace("three", "3"), "left.tsv"))
    assert last.code == 0
    assert f"Corrected of {root['request_id']}: 2 of 2 rejects, none left" in last.stdout
    assert cli.profile("crmid", "C2") == {"crmid": "C2", "hm": "+31201234567", "points": 2}
    lineage = cli.run("profile", "crmid", "C3", "--lineage", "--json").document["lineage"]["points"]
    assert (lineage["request_id"], lineage["row"]) == (root["request_id"], 4)
    assert cli.run("undo", root["request_id"], "--json").document["status"] == "REVERTED"
    assert [cli.profile("crmid", crmid) for crmid in ("C1", "C2", "C3")] == [{}, {}, {}]
    refused = cli.run("resubmit", root["request_id"], rejects, "--json")
    assert (refused.code, refused.fault_codes, refused.document["status"]) == (1, ["cannot_resubmit"], "FAILED")


def test_a_file_with_nothing_corrected_and_one_sent_twice_say_so(cli: CommandLine) -> None:
    options = ("--map", "crmid=crmid!", "--map", "points=points:integer", "--drop-misfits", "points")
    root = cli.run(
        "ingest", cli.file("crmid\tpoints\nC1\t1\nC2\ttwo\n"), "--source", "crm", *options, "--json"
    ).document
    dropped = cli.folder / "dropped.tsv"
    cli.run("rejects", root["request_id"], "--dropped", "-o", dropped)
    untouched = cli.run("resubmit", root["request_id"], dropped)
    assert "Nothing was corrected: each row lost cells again." in untouched.stderr
    assert "0 rows have the cells now that were dropped; 1 row lost cells again" in untouched.stdout
    again = cli.run("resubmit", root["request_id"], dropped)
    assert "Already done: this was resubmitted as" in again.stderr
    assert "Run with --force" in again.stderr
    assert "Nothing was corrected" not in again.stderr
    dropped.write_text(dropped.read_text().replace("two", "2"))
    done = cli.run("resubmit", root["request_id"], dropped)
    assert "1 row has the cells now that were dropped" in done.stdout
    assert "lost cells again" not in done.stdout
    assert "Nothing was corrected" not in done.stderr


COLUMNS = [
    CRMID,
    {"column": "points", "attribute": "points", "format": "integer"},
    {"column": "born", "attribute": "birth_date", "format": "date", "on_misfit": "drop"},
]
CONTENT = b"crmid,points,born\nC1,1,1990-01-31\nC2,two,\nC3,3,someday\n"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpSystem]:
    with serving(tmp_path_factory.mktemp("resubmit") / "data") as running:
        yield running


def test_a_corrected_file_goes_up_over_http(system: HttpSystem) -> None:
    root = system.ingest(CONTENT, mapping=COLUMNS)
    path = f"/v1/requests/{root['request_id']}"
    text = system.uploader.get(f"{path}/rejects", params={"bom": "true"}).text
    assert text.startswith(BOM)
    form = [("file", ("fixed.csv", text.replace("two", "2").encode(), "text/csv"))]
    for content, code in ((None, "nothing_set_aside"), ([("other", ("x", b""))], "unknown_part")):
        assert system.uploader.post(f"{path}:resubmit", files=content).json()["code"] == code
    answer = system.uploader.post(f"{path}:resubmit", files=form)
    assert (answer.status_code, answer.json()["parent_id"]) == (202, root["request_id"])
    same = system.uploader.post(f"{path}:resubmit", files=form).json()
    assert (answer.json()["duplicate"], same["duplicate"]) == (False, True)
    assert same["request_id"] == answer.json()["request_id"]
    child = system.ended(answer.json()["request_id"])
    assert answer.headers["location"] == f"/v1/requests/{child['request_id']}"
    assert (child["status"], child["file_name"], child["rows_ingested"]) == ("COMPLETED", "fixed.csv", 1)
    parent = system.viewer.get(path).json()
    assert parent["corrections"] == {
        "request_ids": [child["request_id"]],
        "rows_ingested": 1,
        **_counts(1, 0, dropped=1),
    }
    assert parent in system.viewer.get("/v1/requests").json()["requests"]
    assert system.events(root["request_id"])[-1] == parent
    forced = system.uploader.post(f"{path}:resubmit", files=[("request", (None, '{"force": true}')), *form]).json()
    assert (forced["duplicate"], forced["parent_id"]) == (False, root["request_id"])
    assert forced["request_id"] != child["request_id"]
    refused = system.viewer.post(f"{path}:resubmit", files=form)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


def test_rows_that_lost_cells_can_be_downloaded(system: HttpSystem) -> None:
    root = system.ingest(CONTENT.replace(b"C", b"D"), mapping=COLUMNS)
    path = f"/v1/requests/{root['request_id']}"
    answer = system.uploader.get(f"{path}/rejects", params={"dropped": "true"})
    assert answer.headers["content-disposition"] == f'attachment; filename="dropped-{root["request_id"]}.csv"'
    header, row = answer.text.splitlines()
    assert header == "penstock_line,penstock_reasons,crmid,points,born"
    reason = "The value is not a date in any of the column's patterns. Write an existing day as 2024-01-31 (not_a_date)"
    assert row == f"4,born: {reason},D3,3,someday"
    clean = system.ingest(CONTENT.replace(b"someday", b"").replace(b"C", b"E"), mapping=COLUMNS)
    missing = system.uploader.get(f"/v1/requests/{clean['request_id']}/rejects", params={"dropped": "true"})
    assert (missing.status_code, missing.json()["code"]) == (404, "no_dropped_cells")


def test_a_corrected_file_says_which_words_mean_yes_and_no(cli: CommandLine) -> None:
    options = ("--map", "crmid=crmid!", "--map", "active=active:boolean(y,x|n)")
    root = cli.run(
        "ingest", cli.file("crmid\tactive\nC1\tn\nC2\tYes\n"), "--source", "crm", *options, "--json"
    ).document
    rejects = cli.folder / "rejects.tsv"
    cli.run("rejects", root["request_id"], "-o", rejects)
    text = rejects.read_text()
    assert "active: The value is neither yes nor no. Write y or x for yes, n for no (not_a_boolean)" in text
    found = cli.run("rejects", root["request_id"], "--json").document["rejects"]
    assert [row["reasons"] for row in found] == [["not_a_boolean:active"]]
    listed = cli.run("rejected-rows", root["request_id"], COLUMNS="200").stdout
    assert "active: Write y or x for yes, n for no, or give the column more words." in listed
    rejects.write_text(text.replace("C2\tYes", "C2\tX"))
    assert cli.run("resubmit", root["request_id"], rejects, "--json").document["rows_ingested"] == 1
