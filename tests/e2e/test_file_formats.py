"""Files of every format and of another encoding, from outside: values, lines, rejects and their corrections."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from penstock.config import Settings
from services.cli.local_client import LocalClient
from tests.support.command_line import CommandLine


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


class Example(NamedTuple):
    """A file in which one row is rejected, and the correction of its rejects."""

    content: bytes
    options: tuple[str, ...]
    city: str  # of C1
    line: int  # of C2
    reject: tuple[int, list[str]]
    correct: Callable[[str], str]


EXAMPLES = {
    "csv": Example(
        b'crmid,email,city\r\nC1,,"Utrecht, ""Oost""\r\nline 2"\r\nC3,"nobody,x\r\nC2,b@example.com,Gouda\r\n',
        (),
        'Utrecht, "Oost"\r\nline 2',
        5,
        (4, ["invalid_quotes"]),
        lambda text: text.replace('"""nobody",x', "c@example.com,x"),
    ),
    "ndjson": Example(
        b'{"crmid": "C1", "city": "0012.50", "email": null}\n{"crmid": "C3", "city": {"a": 1}}\n'
        b'{"crmid": "C2", "email": "b@example.com"}\n',
        (),
        "0012.50",
        3,
        (2, ["nested_value:city"]),
        lambda text: text.replace('{"a": 1}', '"x"'),
    ),
    "cp1252": Example(
        "crmid;email;city\nC1;;Zoëtermeer €\nC3;nobody;Köln\nC2;b@example.com;Gouda\n".encode("cp1252"),
        ("--encoding", "cp1252"),
        "Zoëtermeer €",
        4,
        (3, ["not_an_email:email"]),
        lambda text: text.replace("nobody", "c@example.com"),
    ),
}


def line_of(cli: CommandLine, crmid: str, attribute: str) -> int:
    with closing(LocalClient(Settings(data=cli.data))) as client:
        row: int = client.profile("crmid", crmid, reveal=True)["lineage"][attribute]["row"]
    return row


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_file_is_ingested_and_its_corrected_rejects_too(cli: CommandLine, name: str) -> None:
    example = EXAMPLES[name]
    ran = cli.ingest(example.content, *example.options)
    assert (ran.document["status"], ran.document["rows_ingested"]) == ("COMPLETED", 2), ran.stderr
    assert cli.profile("crmid", "C1")["city"] == example.city
    assert cli.rejects(ran.document["request_id"]) == [example.reject]
    assert line_of(cli, "C2", "email") == example.line
    path = cli.folder / "rejects"
    cli.run("rejects", ran.document["request_id"], "--output", path)
    again = cli.ingest(example.correct(path.read_bytes().decode()))
    assert (again.document["status"], again.document["rows_ingested"]) == ("COMPLETED", 1), again.stderr
    assert cli.profile("crmid", "C3")["crmid"] == "C3"


def test_a_file_in_another_encoding_is_refused_with_the_option(cli: CommandLine) -> None:
    ran = cli.ingest(EXAMPLES["cp1252"].content)
    assert (ran.code, ran.fault_codes) == (1, ["not_utf8"])
    assert "--encoding cp1252" in ran.document["error"]["faults"][0]["hint"]
    assert "termeer" not in ran.stdout + ran.stderr


def test_the_next_file_of_a_source_needs_no_options(cli: CommandLine) -> None:
    first = cli.file("crmid;last name\nC1;Zoë\nC2;José\n".encode("cp1252"))
    maps = ("--map", "crmid=crmid!", "--map", "last_name=last_name")
    options = ("--encoding", "cp1252", "--clean-headers")
    assert cli.run("ingest", first, "--source", "letters", *maps, *options, "--json").document["rows_ingested"] == 2
    file = cli.file("crmid;last name\nC3;Chloë\nC4;Renée\n".encode("cp1252"))
    seen = cli.run("inspect", file, "--source", "letters", "--json").document
    assert (seen["faults"], seen["needed_options"]["encoding"], seen["commands"][0].count("--encoding")) == (
        [],
        None,
        0,
    )
    ran = cli.run("ingest", file, "--source", "letters", "--json").document
    assert (ran["rows_ingested"], ran["renamed_columns"]) == (2, {"last name": "last_name"})
    assert ran["file_options"]["inherited"] == ["encoding", "clean_headers"]
    assert cli.profile("crmid", "C3")["last_name"] == "Chloë"
    assert "cp1252 (as the last file)" in cli.run("source", "show", "letters").stdout


def test_headers_are_cleaned_on_request(cli: CommandLine) -> None:
    content = b"crmid,e mail,city ,city\nC1,,Utrecht,x\n,,a,b\n"
    content = content.replace(b"e mail", b"email ")
    assert "--clean-headers" in cli.ingest(content).document["error"]["faults"][0]["hint"]
    ran = cli.ingest(content, "--clean-headers")
    assert ran.document["renamed_columns"] == {"email ": "email", "city ": "city_2"}
    assert (ran.document["rows_ingested"], cli.profile("crmid", "C1")["city"]) == (1, "x")
    path = cli.folder / "rejects"
    cli.run("rejects", ran.document["request_id"], "--output", path)
    again = cli.ingest(path.read_text().replace(",,,a,b", ",C2,,a,b").replace("no_identifier,,", "no_identifier,C2,"))
    assert again.document["rows_ingested"] == 1
    assert cli.profile("crmid", "C2")["city"] == "b"


def test_suggestions_are_accepted_of_a_file_with_names_to_clean(cli: CommandLine) -> None:
    file = cli.file("crmid;e-mail;first name\nC1;a@example.com;Zoë\nC2;b@example.com;José\n".encode("cp1252"))
    options = ("--encoding", "cp1252", "--clean-headers")
    commands = cli.run("inspect", file, *options, "--json").document["commands"]
    assert all("--encoding cp1252 --clean-headers" in command for command in commands)
    command = ("ingest", file, "--source", "crm", "--accept-suggestions", "0.5", *options, "--json")
    assert cli.run(*command, "--dry-run").document["rows_accepted"] == 2
    ran = cli.run(*command)
    assert (ran.code, ran.document["rows_ingested"]) == (0, 2), ran.stdout
    assert cli.profile("crmid", "C1")["first_name"] == "Zoë"


def test_quotes_of_a_spreadsheet_in_tab_separated_text(cli: CommandLine) -> None:
    content = 'crmid\tname\tspend\nC1\t"Bob ""Bobby"" Jones"\t"1,000.50"\n\t"two\nlines"\t"2,000.00"\n'.encode("utf-16")
    file = cli.file(content)
    options = ("--map", "crmid=crmid!", "--map", "name=full_name", "--map", "spend=ltv:decimal(1,234.56)")
    command = ("ingest", file, "--source", "crm", "--encoding", "utf-16", *options, "--json")
    warning = cli.run(*command, "--dry-run").document["warnings"][0]
    assert (warning["code"], "--quoted" in warning["hint"]) == ("quoted_cells", True)
    needed = cli.run("inspect", file, "--json").document["needed_options"]
    assert needed == {"encoding": "utf-16", "clean_headers": False, "quoted": True}
    ran = cli.run(*command, "--quoted")
    assert (ran.code, ran.document["rows_ingested"], ran.document["rows_rejected"]) == (0, 1, 1), ran.stdout
    profile = cli.profile("crmid", "C1")
    assert (profile["full_name"], profile["ltv"]) == ('Bob "Bobby" Jones', "1000.50")
    path = cli.folder / "rejects"
    cli.run("rejects", ran.document["request_id"], "--output", path)
    path.write_text(path.read_text().replace('\t\t"two', '\tC2\t"two'))
    again = cli.run("resubmit", ran.document["request_id"], path, "--json")
    assert (again.code, again.document["rows_ingested"]) == (0, 1), again.stdout
    assert cli.profile("crmid", "C2")["full_name"] == "two\nlines"
