"""Odd and broken files through the command line: refused as a whole, or row by row, and nothing else is lost."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.command_line import CommandLine

HEADER = "crmid\temail\tcity\n"
GOOD = "C1\ta@example.com\tUtrecht\n"
RARE = os.urandom(900_000).hex().encode()  # does not compress, so that cutting the compressed file cuts rows


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("people.tsv", HEADER + GOOD)
    return buffer.getvalue()


REFUSED = {
    "empty": (b"", {"empty_file"}),
    "only a byte-order mark": (b"\xef\xbb\xbf", {"empty_file"}),
    "only line ends": (b"\r\n\n", {"empty_file"}),
    "header only": (HEADER, {"no_rows"}),
    "a CSV with an open quote in its header": ('crmid,"email,city\nC1,a@example.com,Utrecht\n', {"invalid_quotes"}),
    "an archive": (zipped(), None),
    "UTF-16": ((HEADER + GOOD).encode("utf-16"), None),
    "several header faults": (
        "crmid\t email\tcity\tfirst name\tb-c\t\tcrmid\n" + GOOD,
        {
            "space_around_column_name",
            "space_in_column_name",
            "hyphen_in_column_name",
            "blank_column_name",
            "duplicate_column_name",
        },
    ),
    "a mapped column that is not there": ("crmid\tEmail\tcity\n" + GOOD, {"unknown_mapped_column"}),
    "a gzip cut short": (gzip.compress(HEADER.encode() + RARE + b"\n")[:-500_000], {"truncated_file"}),
    "a gzip that is damaged": (gzip.compress((HEADER + GOOD).encode())[:-8] + b"12345678", {"corrupt_file"}),
    "a gzip that expands a thousandfold": (gzip.compress(HEADER.encode() + b"x" * 20_000_000), {"expands_too_much"}),
    "41 MB": (HEADER.encode() + GOOD.encode() * 1_600_000, {"file_too_large"}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_refused_as_a_whole(cli: CommandLine, name: str) -> None:
    content, codes = REFUSED[name]
    ran = cli.ingest(content)
    assert (ran.code, ran.document["status"], ran.document["request_id"]) == (1, "FAILED", None)
    assert codes is None or set(ran.fault_codes) == codes
    assert all(fault["hint"] and fault["message"] for fault in ran.document["error"]["faults"])
    assert not list((cli.data / "objects").rglob("*@")), "something of the file was kept"


def test_a_file_in_another_format_is_refused_by_its_name(cli: CommandLine) -> None:
    assert "UTF-8" in cli.ingest((HEADER + GOOD).encode("utf-16")).document["error"]["detail"]


class Taken(NamedTuple):
    """A file that is taken: what becomes of its rows, and of two customers."""

    content: bytes | str
    ingested: int
    rejects: list[tuple[int, list[str]]]
    city: str | None = "Utrecht"  # of C1


LONG = "x" * 5_000_000
TAKEN = {
    "a byte-order mark and CRLF": Taken(
        b"\xef\xbb\xbf" + (HEADER + GOOD + "C2\t\tGouda\n").replace("\n", "\r\n").encode(), 2, []
    ),
    "no final newline": Taken(HEADER + GOOD.rstrip("\n"), 1, []),
    "blank lines": Taken(HEADER + "\n" + GOOD + "\n\r\nC2\t\tGouda\n\n", 2, []),
    "lone carriage returns and the like are text": Taken(
        HEADER + "C1\t\tU\rt\x0br\u2028e\u0085cht\n", 1, [], "U\rt\x0br\u2028e\u0085cht"
    ),
    "quotes are text": Taken(HEADER + 'C1\t\t"Utrecht, ""Oost"\n', 1, [], '"Utrecht, ""Oost"'),
    "ragged rows": Taken(
        HEADER + "C7\n" + GOOD + "C8\t\tGouda\textra\n", 1, [(2, ["wrong_field_count"]), (4, ["wrong_field_count"])]
    ),
    "NUL and broken UTF-8": Taken(
        HEADER.encode() + b"C7\t\tGo\0uda\n" + GOOD.encode() + b"C8\t\tGou\xffda\n",
        1,
        [(2, ["contains_nul"]), (4, ["not_utf8"])],
    ),
    "a cell of 5 MB": Taken(HEADER + f"C7\t\t{LONG}\n" + GOOD, 1, [(2, ["cell_too_large"])]),
    "rows without an identifier": Taken(HEADER + "\t\tGouda\n" + GOOD, 1, [(2, ["no_identifier"])]),
    "a value that does not fit": Taken(HEADER + "C7\tnobody\tGouda\n" + GOOD, 1, [(2, ["not_an_email:email"])]),
    "the same row twice": Taken(HEADER + GOOD + GOOD, 2, []),
    "the same person on many rows": Taken(
        HEADER + "".join(f"C1\ta@example.com\tcity {n}\n" for n in range(500)) + GOOD, 501, []
    ),
    "a gzip of several members": Taken(gzip.compress(HEADER.encode()) + gzip.compress(GOOD.encode()), 1, []),
    "2,000 columns": Taken(
        "crmid\temail\tcity\t" + "\t".join(f"c{n}" for n in range(1997)) + "\n" + GOOD.rstrip() + "\tv" * 1997 + "\n",
        1,
        [],
    ),
}


@pytest.mark.parametrize("name", TAKEN)
def test_a_file_that_is_taken(cli: CommandLine, name: str) -> None:
    taken = TAKEN[name]
    ran = cli.ingest(taken.content)
    assert (ran.code, ran.document["status"]) == (0, "COMPLETED"), ran.stderr
    assert ran.document["rows_ingested"] == taken.ingested
    assert ran.document["rows_read"] == taken.ingested + len(taken.rejects)
    assert sum(ran.document["reject_reasons"].values()) == ran.document["rows_rejected"] == len(taken.rejects)
    assert cli.profile("crmid", "C1")["city"] == taken.city
    if taken.rejects:
        assert cli.rejects(ran.document["request_id"]) == taken.rejects


def test_every_row_faulty_fails_and_gives_the_rejects_back(cli: CommandLine) -> None:
    ran = cli.ingest(HEADER + "\t\tGouda\nC1\n")
    assert (ran.code, ran.document["status"], ran.document["error"]["code"]) == (1, "FAILED", "no_rows_ingested")
    fixed = cli.folder / "rejects.tsv"
    cli.run("rejects", ran.document["request_id"], "--output", fixed)
    assert fixed.stat().st_mode & 0o777 == 0o600
    text = fixed.read_text()
    assert text.splitlines()[0].split("\t") == ["penstock_line", "penstock_reasons", "crmid", "email", "city"]
    again = cli.ingest(text.replace("\t\t\tGouda", "\tC9\t\tGouda"))
    assert (again.document["status"], again.document["rows_ingested"]) == ("COMPLETED", 1)
    assert cli.profile("crmid", "C9") == {"city": "Gouda", "crmid": "C9"}


NASTY = {
    "sql": "Robert'); DROP TABLE profiles;--",
    "html": "<script>alert(1)</script>&amp;",
    "formula": '=HYPERLINK("http://example.com","x")',
    "at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "right_to_left": "\u202eabc\u202c שלום",
    "emoji": "👩‍👩‍👧‍👦 🇳🇱",
    "zero_width": "a\u200bb\ufeffc",
    "combining": "e\u0301 \u00e9",
    "leading_zeros": "000123",
    "spaces": "  padded  ",
    "number": "1e400",
    "null": "NULL",
    "template": "{{7*7}} ${jndi:ldap://x} %s %n",
    "escape": "\x1b[31mred\x1b[0m \\n \\x00",
    "astral": "\U0001f600\U00010348",
}


def test_values_that_are_nasty_to_other_systems_read_back_exactly(cli: CommandLine) -> None:
    header = "\t".join(["crmid", *NASTY]) + "\n"
    maps = ["crmid=crmid!", *(f"{name}=nasty_{name}" for name in NASTY)]
    ran = cli.ingest(header + "\t".join(["C1", *NASTY.values()]) + "\n", maps=maps)
    assert ran.code == 0, ran.stderr
    revealed = cli.run("profile", "crmid", "C1", "--reveal", "--json").document["attributes"]
    assert revealed == {"crmid": "C1", **{f"nasty_{name}": value for name, value in NASTY.items()}}
    displayed = cli.run("profile", "crmid", "C1").stdout
    assert "\x1b" not in displayed
    assert "\u202e" not in displayed


@pytest.mark.parametrize(
    ("name", "displayed"),
    [("a\nb\r.tsv", "ab.tsv"), ("-rf.tsv", "rf.tsv"), ("gpj.\u202evst.tsv", "gpj.vst.tsv"), ("x" * 250 + ".tsv", None)],
)
def test_a_file_name_is_made_harmless(cli: CommandLine, name: str, displayed: str | None) -> None:
    path = cli.file(HEADER + GOOD, name)
    ran = cli.run("ingest", path, "--source", "crm", "--map", "crmid=crmid!", "--json")
    assert (ran.code, ran.document["file_name"]) == (0, displayed or name)


def test_a_file_comes_through_stdin(cli: CommandLine) -> None:
    content = gzip.compress((HEADER + GOOD).encode())
    ran = cli.run("ingest", "-", "--source", "crm", "--map", "crmid=crmid!", "--json", stdin=content)
    assert (ran.document["status"], ran.document["file_name"]) == ("COMPLETED", "stdin")


def test_rejects_say_how_many_lines_nobody_has_to_correct(cli: CommandLine) -> None:
    ran = cli.ingest(HEADER + GOOD + "\t\tGouda\n" + HEADER + "Total\t\t12\n")
    assert ran.document["reject_reasons"] == {"no_identifier": 1, "repeated_header": 1, "total_line": 1}
    saved = cli.run("rejects", ran.document["request_id"], "--output", cli.folder / "rejects.tsv")
    assert "1 row rejected: " in saved.stdout
    assert "2 lines of totals or repeated headers are left out, which nobody has to correct" in " ".join(
        saved.stdout.split()
    )
