"""A messy file is ingested with the options of its columns: dropped cells, words for blank, PII per column."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.clear_text import found_under
from tests.support.command_line import CommandLine

CONTENT = (
    "crmid\ttel\tpoints\ttier\tname\n"
    "C1\t0612345678\t7\tGoud\tQm8Zk3VwAnna van Berg\n"
    "C2\tnope\tmany\tn/a\tQm8Zk3VwBo\n"
    "C3\tNULL\t3\tZilver\tQm8Zk3VwCy Dee\n"
    "0000\t\t1\tGoud\tQm8Zk3VwNobody\n"
)
MAPPING = {
    "columns": [
        {"column": "crmid", "attribute": "crmid", "identifier": True},
        {"column": "tel", "attribute": "phone", "format": "phone(NL)", "on_misfit": "drop", "blanks": ["null"]},
        {"column": "points", "attribute": "loyalty_points", "on_misfit": "drop"},
        {"column": "tier", "attribute": "loyalty_tier", "blanks": ["N/A"], "values": {"Goud": "gold"}, "pii": True},
        {"column": "name", "attribute": "first_name", "split": " "},
        {"column": "name", "attribute": "last_name", "split": " ", "part": -1},
        {"columns": ["crmid", "tier"], "separator": "/", "attribute": "customer_type"},
        {"constant": "NL", "attribute": "country"},
    ]
}


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


def test_a_messy_file_is_ingested_with_a_mapping_file(cli: CommandLine) -> None:
    mapping = cli.file(json.dumps(MAPPING), "mapping.json")
    ran = cli.ingest(CONTENT, "--mapping", mapping, maps=())
    assert (ran.code, ran.document["rows_ingested"], ran.document["rows_rejected"]) == (0, 3, 1)
    assert ran.document["dropped_cells"] == {"points": 1, "tel": 1}
    assert ran.document["blank_words"] == {"tel": {"null": 1}, "tier": {"N/A": 1}}
    checked = cli.run(
        "ingest", cli.folder / "people.tsv", "--source", "crm", "--mapping", mapping, "--dry-run", "--json"
    )
    assert checked.document["blank_words"] == ran.document["blank_words"]
    dropped = cli.run("rejects", ran.document["request_id"], "--dropped", "--json").document["rejects"]
    assert [(row["line"], row["reasons"]) for row in dropped] == [(3, ["not_a_phone:tel", "not_a_decimal:points"])]
    assert cli.rejects(ran.document["request_id"]) == [(5, ["no_identifier", "junk_identifier:crmid"])]
    assert cli.profile("crmid", "C1") == {
        "crmid": "C1",
        "phone": "+31612345678",
        "loyalty_points": "7",
        "loyalty_tier": "gold",
        "first_name": "Qm8Zk3VwAnna",
        "last_name": "Berg",
        "customer_type": "C1/Goud",
        "country": "NL",
    }
    assert cli.profile("crmid", "C2") == {
        "crmid": "C2",
        "first_name": "Qm8Zk3VwBo",
        "last_name": "Qm8Zk3VwBo",
        "customer_type": "C2/n/a",
        "country": "NL",
    }
    assert "phone" not in cli.profile("crmid", "C3")
    masked = cli.run("profile", "crmid", "C1", "--lineage", "--json").document
    assert masked["attributes"]["loyalty_tier"] == masked["attributes"]["first_name"] == "***"
    assert masked["lineage"]["loyalty_tier"]["row"] == 2
    assert found_under(cli.data, "Qm8Zk3Vw") == {}


def test_a_value_is_masked_only_while_the_source_that_marks_it_wins(cli: CommandLine) -> None:
    content = "crmid\tgender\nC1\tf\n"
    assert cli.ingest(content, source="clinic", maps=["crmid=crmid!", "gender=gender:pii"]).code == 0
    assert cli.run("profile", "crmid", "C1", "--json").document["attributes"] == {"crmid": "C1", "gender": "***"}
    assert cli.profile("crmid", "C1")["gender"] == "f"
    assert cli.ingest(content, source="shop", maps=["crmid=crmid!", "gender=gender"]).code == 0
    assert cli.run("profile", "crmid", "C1", "--json").document["attributes"] == {"crmid": "C1", "gender": "f"}


def test_options_for_several_columns(cli: CommandLine) -> None:
    maps = ["crmid=crmid!", "tel=phone:phone(NL)", "points=loyalty_points"]
    ran = cli.ingest(CONTENT, "--drop-misfits", "tel,points", "--blank-words", "n/a,NULL", maps=maps)
    assert (ran.code, ran.document["dropped_cells"]) == (0, {"points": 1, "tel": 1})


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--drop-misfits", "phone"], "column_not_mapped"),
        (["--drop-misfits", "crmid"], "drop_on_identifier"),
        (["--mapping", "mapping.json", "--policy", "phone=keep_first"], "column_not_mapped"),
    ],
)
def test_options_that_cannot_work_are_refused(cli: CommandLine, options: list[str], code: str) -> None:
    cli.file(json.dumps(MAPPING), "mapping.json")
    ran = cli.ingest(CONTENT, *options, maps=["crmid=crmid!", "tel=phone:phone(NL)"])
    assert ran.code != 0
    assert ran.fault_codes == [code]
    assert ran.document["request_id"] is None
