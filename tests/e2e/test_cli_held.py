"""The gate on rejects from the command line: a request with too many rejects is held until a person decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, Ran

MAPS = ("crmid=crmid!", "points=points:integer")
GOOD = "crmid\tpoints\nC1\t1\nC2\t2\n"
MOSTLY_BAD = "crmid\tpoints\nC3\t3\nC4\tx\nC5\ty\nC6\tz\n"
HELD = 4


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


def held(cli: CommandLine) -> Ran:
    """A source with two people, and a replacement of them that is held."""
    assert cli.ingest(GOOD, maps=MAPS).code == 0
    return cli.ingest(MOSTLY_BAD, "--mode", "replace", maps=MAPS)


def test_a_replacement_with_most_rows_rejected_is_held_and_empties_nothing(cli: CommandLine) -> None:
    ran = held(cli)
    assert (ran.code, ran.document["status"]) == (HELD, "HELD")
    assert ran.document["held"]["reason"] == "too_many_rejects"
    assert "3 of 4 rows" in ran.document["held"]["message"]
    assert (ran.document["rows_ingested"], ran.document["rows_accepted"], ran.document["finished_at"]) == (0, 1, None)
    assert cli.profile("crmid", "C1") == {"crmid": "C1", "points": 1}
    assert cli.profile("crmid", "C3") == {}


def test_approve_finishes_the_request_as_usual(cli: CommandLine) -> None:
    request_id = held(cli).document["request_id"]
    approved = cli.run("approve", request_id, "--json")
    assert (approved.code, approved.document["status"], approved.document["held"]) == (0, "COMPLETED", None)
    assert (approved.document["rows_ingested"], approved.document["rows_rejected"]) == (1, 3)
    assert cli.profile("crmid", "C1") == {}
    assert cli.profile("crmid", "C3") == {"crmid": "C3", "points": 3}
    assert cli.run("approve", request_id, "--json").document == approved.document
    assert cli.run("undo", request_id, "--json").document["status"] == "REVERTED"
    assert cli.profile("crmid", "C1") == {"crmid": "C1", "points": 1}


def test_cancel_drops_a_held_request(cli: CommandLine) -> None:
    request_id = held(cli).document["request_id"]
    cancelled = cli.run("cancel", request_id, "--json")
    assert (cancelled.code, cancelled.document["status"], cancelled.document["rows_ingested"]) == (0, "CANCELLED", 0)
    assert cli.run("approve", request_id, "--json").fault_codes == ["cannot_approve"]
    assert cli.profile("crmid", "C1") == {"crmid": "C1", "points": 1}


def test_a_held_request_names_the_commands(cli: CommandLine) -> None:
    request_id = held(cli).document["request_id"]
    watched = cli.run("watch", request_id)
    assert watched.code == HELD
    for command in ("approve", "cancel", "rejects"):
        assert f"penstock {command} {request_id}" in watched.stdout
    assert "HELD" in cli.run("requests").stdout
    assert cli.run("rejects", request_id).stdout.count("not_an_integer") == 3


@pytest.mark.parametrize("command", ["undo", "resubmit"])
def test_a_held_request_must_be_decided_on_before_anything_else(cli: CommandLine, command: str) -> None:
    refused = cli.run(command, held(cli).document["request_id"], "--json")
    assert refused.code == 1
    [fault] = refused.document["error"]["faults"]
    assert "approve" in fault["hint"]
    assert "cancel" in fault["hint"]


@pytest.mark.parametrize(
    ("mode", "limit", "status"),
    [
        ("replace", "75%", "COMPLETED"),
        ("replace", "74.9%", "HELD"),
        ("replace", "3", "COMPLETED"),
        ("upsert", None, "COMPLETED"),
        ("upsert", "2", "HELD"),
        ("upsert", "0", "HELD"),
    ],
)
def test_the_limit_is_a_share_or_a_number(cli: CommandLine, mode: str, limit: str | None, status: str) -> None:
    options = ("--max-rejects", limit) if limit else ()
    ran = cli.ingest(MOSTLY_BAD, "--mode", mode, *options, maps=MAPS)
    assert ran.document["status"] == status
    assert ran.document["max_rejects"] == limit


def test_a_limit_that_is_none_is_refused_before_anything_is_stored(cli: CommandLine) -> None:
    ran = cli.ingest(MOSTLY_BAD, "--max-rejects", "many", maps=MAPS)
    assert (ran.code, ran.fault_codes) == (2, ["invalid_max_rejects"])
    assert not cli.data.exists()
