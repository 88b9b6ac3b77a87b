"""`penstock inspect`, and ingesting with what it suggests."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine

CONTENT = "klantnr\tkontakt\tgeboren\n" + "".join(f"K{n}\tp{n}@gmail.com\t{n % 28 + 1}-12-1990\n" for n in range(40))


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


def test_a_file_is_inspected_before_anything_exists(cli: CommandLine) -> None:
    ran = cli.run("inspect", cli.file(CONTENT), "--json")
    assert ran.code == 0
    found = [(each["column"], each["attribute"], each["format"]) for each in ran.document["suggested_mapping"]]
    assert found == [
        ("klantnr", "crmid", "text"),
        ("kontakt", "email", "email"),
        ("geboren", "birth_date", "date(d-M-yyyy)"),
    ]
    assert (ran.document["sampled_rows"], ran.document["every_row"], ran.document["faults"]) == (40, True, [])
    assert not cli.data.exists()


@pytest.mark.parametrize("width", ["60", "120"])
def test_suggestions_fit_the_terminal(cli: CommandLine, width: str) -> None:
    ran = cli.run("inspect", cli.file(CONTENT), COLUMNS=width)
    assert ran.code == 0
    assert "all 40 are e-mail addresses" in ran.stdout
    assert "--accept-suggestions 0.9" in ran.stdout
    assert "p1@gmail.com" not in ran.stdout


def test_a_file_of_which_little_is_sure_is_looked_through_first(cli: CommandLine) -> None:
    header = CONTENT.splitlines()[0]
    unnamed = CONTENT.replace(header, "klantnr\tf1\tf2", 1)
    unnamed = "".join(f"{line}\tx{at % 7}\t{at}\n" for at, line in enumerate(unnamed.splitlines())).replace(
        "x0\t0", "f3\tf4", 1
    )
    ran = cli.run("inspect", cli.file(unnamed), "--source", "crm", COLUMNS="200")
    assert "Most columns are not sure" in ran.stdout
    steps = re.findall(r"penstock (\w+) .*?(--save-mapping|--mapping|--accept-suggestions)", ran.stdout)
    assert steps == [("inspect", "--save-mapping"), ("ingest", "--mapping"), ("ingest", "--accept-suggestions")]


def test_a_file_that_would_make_families_one_person_can_be_edited_first(cli: CommandLine) -> None:
    rows = "".join(f"f{n // 2}@gmail.com\t{'Ann' if n % 2 else 'Bo'}\n" for n in range(40))
    ran = cli.run("inspect", cli.file(f"email\tfirst_name\n{rows}"), "--source", "crm", COLUMNS="200")
    assert "these people would become one" in ran.stdout
    labels = [line.split("  ")[0] for line in ran.stdout.splitlines()]
    assert {"To edit it first", "and then"} <= set(labels)


def test_a_file_is_ingested_with_suggested_columns(cli: CommandLine) -> None:
    path = cli.file(CONTENT.replace("klantnr", "klantnr\tnr_x", 1).replace("\tp", "\t\tp"))
    ran = cli.run("ingest", path, "--source", "crm", "--accept-suggestions", "0.9", "--json")
    assert (ran.code, ran.document["status"], ran.document["rows_ingested"]) == (0, "COMPLETED", 40)
    assert [each["column"] for each in ran.document["left_out_columns"]] == ["nr_x"]
    profile = cli.run("profile", "crmid", "K1", "--reveal", "--json").document
    assert profile["attributes"]["birth_date"] == "1990-12-02"


@pytest.mark.parametrize("padding", ["", " "])
def test_the_commands_that_are_printed_can_be_run(cli: CommandLine, padding: str) -> None:
    path = cli.file(CONTENT.replace("K", f"{padding}K"))
    commands = cli.run("inspect", path, "--source", "crm", "--json").document["commands"]
    for number, command in enumerate(commands):
        program, *arguments = shlex.split(command)
        assert program == "penstock"
        ran = cli.run(*arguments, "--json", PENSTOCK_DATA=str(cli.folder / f"data{number}"))
        assert ran.code == 0
        assert ran.document.get("rows_ingested", 40) == 40
    assert [command.split()[1] for command in commands] == (
        ["ingest", "inspect", "ingest"] if padding else ["ingest", "ingest"]
    )


def test_a_saved_mapping_is_suggested_again_and_changes_are_shown(cli: CommandLine) -> None:
    saved = cli.folder / "mapping.json"
    assert cli.run("inspect", cli.file(CONTENT), "--save-mapping", saved).code == 0
    assert [each["column"] for each in json.loads(saved.read_text())["columns"]] == ["klantnr", "kontakt", "geboren"]
    assert cli.run("mapping", "set", "crm", "--file", saved).code == 0
    changed = cli.file(CONTENT.replace("kontakt", "mail", 1))
    document = cli.run("inspect", changed, "--source", "crm", "--json").document
    assert [(each["column"], each["change"]) for each in document["changes"]] == [("kontakt", "gone"), ("mail", "new")]
    refused = cli.run("ingest", changed, "--source", "crm", "--json")
    assert (refused.code, refused.fault_codes) == (1, ["unknown_mapped_column"])
    hint = refused.document["error"]["faults"][0]["hint"]
    assert hint == "Renamed to mail? Then add --accept-suggestions 0.9, which maps it and the other changes."
    program, *arguments = shlex.split(document["commands"][0])
    assert (program, cli.run(*arguments, "--json").document["rows_ingested"]) == ("penstock", 40)


def test_a_saved_mapping_keeps_what_is_left_open_and_overwrites_no_other_file(cli: CommandLine) -> None:
    rows = "".join(f"K{n}\tq{n}@gmail.com\tx{n}@gmail.com\n" for n in range(40))
    path, saved = cli.file("klantnr\tmail\te_mailadres\n" + rows), cli.folder / "mapping.json"
    ran = cli.run("inspect", path, "--save-mapping", saved)
    assert f"Saved to {saved}; open_columns there has mail, e_mailadres, to be moved to columns" in ran.stderr
    document = json.loads(saved.read_text())
    assert [each["column"] for each in document["columns"]] == ["klantnr"]
    assert [each["column"] for each in document["open_columns"]] == ["mail", "e_mailadres"]
    assert cli.run("inspect", path, "--save-mapping", saved).code == 0  # it would be the same
    document["columns"].append(document.pop("open_columns")[0])
    saved.write_text(json.dumps(document))
    refused = cli.run("inspect", path, "--save-mapping", saved, "--json")
    assert (refused.code, refused.fault_codes) == (2, ["file_exists"])
    assert cli.run("ingest", path, "--source", "crm", "--mapping", saved, "--json").document["rows_ingested"] == 40
    assert cli.run("inspect", path, "--save-mapping", saved, "--force").code == 0
    assert cli.run("ingest", path, "--source", "other", "--mapping", saved, "--json").document["rows_ingested"] == 40


def test_the_command_by_hand_gives_the_mapping_that_is_suggested(cli: CommandLine) -> None:
    rows = "".join(f"K{n}\tn/a\t{n % 28 + 1}-12-1990\nL{n}\tq{n}@gmail.com\t-\n" for n in range(40, 60))
    path = cli.file(CONTENT + rows)
    mappings = []
    for source, position in (("first", 0), ("second", 1)):
        printed = cli.run("inspect", path, "--source", source, "--json").document["commands"]
        ran = cli.run(*shlex.split(printed[position])[1:], "--json")
        assert (ran.code, ran.document["rows_ingested"]) == (0, 80), ran.stderr
        mappings.append(cli.run("mapping", "show", source, "--json").document["columns"])
    assert printed[1].count("--blank-words") == 2
    assert mappings[0] == mappings[1]


def test_a_source_with_a_similar_name_is_created_first(cli: CommandLine) -> None:
    assert cli.run("source", "create", "crm").code == 0
    commands = cli.run("inspect", cli.file(CONTENT), "--source", "crmx", "--json").document["commands"]
    assert commands[0].startswith("penstock source create crmx")
    assert [cli.run(*shlex.split(command)[1:]).code for command in commands[:2]] == [0, 0]


def test_without_a_terminal_the_commands_are_named(cli: CommandLine) -> None:
    ran = cli.run("ingest", cli.file(CONTENT), "--source", "crm", "--json")
    assert (ran.code, ran.fault_codes) == (2, ["no_mapping"])
    hint = ran.document["error"]["faults"][0]["hint"]
    assert "penstock inspect" in hint
    assert "--accept-suggestions 0.9" in hint


def test_options_of_columns_apply_to_suggested_ones(cli: CommandLine) -> None:
    path = cli.file(CONTENT + "K9041\tunknown-mail\tnot yet\n")
    options = ("--accept-suggestions", "0.9", "--blank-words", "not yet", "--map", "kontakt=email")
    ran = cli.run("ingest", path, "--source", "crm", "--dry-run", *options, "--drop-misfits", "kontakt", "--json")
    assert (ran.code, ran.document["rows_accepted"]) == (0, 41)
    assert [(each["column"], each["invalid_cells"]) for each in ran.document["columns"]] == [("kontakt", 1)]
    mistyped = cli.run("ingest", path, "--source", "crm", "--dry-run", *options, "--drop-misfits", "kontkat", "--json")
    assert (mistyped.code, mistyped.fault_codes) == (2, ["column_not_mapped"])


def test_no_identifier_is_refused(cli: CommandLine) -> None:
    path = cli.file("voornaam\nJan\nEva\n")
    ran = cli.run("ingest", path, "--source", "crm", "--accept-suggestions", "0.9", "--json")
    assert (ran.code, ran.fault_codes) == (1, ["no_identifier_suggested"])


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"n\n", 2)])
def test_a_terminal_shows_the_suggestions_and_asks(cli: CommandLine, answer: bytes, code: int) -> None:
    path, (ours, theirs) = cli.file(CONTENT), pty.openpty()
    command = [*cli.command, "ingest", str(path), "--source", "crm"]
    os.write(ours, answer)
    with subprocess.Popen(
        command, cwd=cli.folder, env=cli.environment(), stdin=theirs, stdout=subprocess.PIPE, stderr=theirs
    ) as ingesting:
        os.close(theirs)
        printed = b""
        with suppress(OSError):  # the terminal is closed
            while piece := os.read(ours, 65_536):
                printed += piece
        assert ingesting.wait(120) == code
    os.close(ours)
    assert b"all 40 are e-mail addresses" in printed
    assert b"Ingest the file with the columns" in printed


def test_another_kind_of_file_is_refused_and_not_shown(cli: CommandLine) -> None:
    ran = cli.run("inspect", cli.file('[{"id":1,"email":"a@b.de"}]'))
    assert ran.code == 1
    assert "not_tabular" in ran.stderr
    assert "a@b.de" not in ran.stdout + ran.stderr


def test_the_printed_command_has_the_options_that_a_file_needs(cli: CommandLine) -> None:
    path = cli.file(CONTENT.replace("klantnr", "klant-nr").replace("p1@", "zoë@").encode("utf-16"))
    ran = cli.run("inspect", path, "--source", "crm", "--json")
    assert [each["code"] for each in ran.document["faults"]] == ["not_utf8", "hyphen_in_column_name"]
    _, *arguments = shlex.split(ran.document["commands"][0])
    assert arguments[-3:] == ["--encoding", "utf-16", "--clean-headers"]
    assert cli.run(*arguments, "--json").document["rows_read"] == 40


def test_of_the_rows_of_one_person_the_one_that_was_changed_last_wins(cli: CommandLine) -> None:
    newest_first = [(f"K{n}", "Ghent", f"{n % 28 + 1:02}-06-2024 10:15") for n in range(40)]
    oldest_last = [(f"K{n}", "Oslo", f"{n % 28 + 1:02}-06-2023 10:15") for n in range(0, 40, 5)]
    rows = "".join("\t".join(row) + "\n" for row in newest_first + oldest_last)
    file = cli.file("klantnr\tcity\tgewijzigd_op\n" + rows)
    assert "datetime(dd-MM-yyyy HH:mm), says which row is the newest" in cli.run("inspect", file, COLUMNS="200").stdout
    *_, changed = cli.run("inspect", file, "--json").document["suggested_mapping"]
    assert changed["as_of"]
    assert "it says which row is the newest: 8 people have several rows that differ" in changed["evidence"]

    ran = cli.run("ingest", file, "--source", "crm", "--accept-suggestions", "0.9", "--json")
    assert (ran.code, ran.document["rows_ingested"]) == (0, 48)
    assert cli.profile("crmid", "K5") == {"crmid": "K5", "city": "Ghent", "gewijzigd_op": "2024-06-06T10:15:00"}
    assert "says which row is the newest" in cli.run("mapping", "show", "crm", COLUMNS="200").stdout


TOWNS = ("Ghent", "Oslo")


def test_without_a_time_of_the_last_change_the_later_line_wins_as_inspect_says(cli: CommandLine) -> None:
    rows = "".join(f"K{n % 35}\t{TOWNS[n // 35]}\n" for n in range(40))
    file = cli.file("klantnr\tcity\n" + rows)
    assert "the later line wins" in cli.run("inspect", file, COLUMNS="200").stdout
    identifier, *_ = cli.run("inspect", file, "--json").document["suggested_mapping"]
    assert any("5 people have several rows that differ: the later line wins" in each for each in identifier["against"])
    assert cli.run("ingest", file, "--source", "crm", "--accept-suggestions", "0.9").code == 0
    assert cli.profile("crmid", "K3")["city"] == "Oslo"


def test_a_saved_mapping_corrects_what_may_be_misspelt(cli: CommandLine, tmp_path: Path) -> None:
    states = [*["Member"] * 20, "Memeber", "Memeber", *["Guest"] * 18]
    file = cli.file("klantnr\tStatus\n" + "".join(f"K{n}\t{states[n % 40]}\n" for n in range(80)))
    saved = tmp_path / "mapping.json"
    output = cli.run("inspect", file, "--save-mapping", str(saved), COLUMNS="250").stdout
    assert "a value map corrects them (--save-mapping FILE writes it, --mapping FILE uses it)" in " ".join(
        output.split()
    )
    (column,) = [each for each in json.loads(saved.read_text())["columns"] if each["column"] == "Status"]
    assert column["values"] == {"Memeber": "Member"}
    assert cli.run("ingest", file, "--source", "crm", "--mapping", str(saved)).code == 0
    assert cli.profile("crmid", "K20")["status"] == "Member"


def test_the_faults_of_a_file_that_can_be_ingested_do_not_look_like_a_refusal(cli: CommandLine) -> None:
    spaced = cli.run("inspect", cli.file(CONTENT.replace("klantnr", "klant nr")), COLUMNS="120").stdout.splitlines()
    assert spaced[0] == "Read with cleaned column names. To ingest it, use --clean-headers."
    assert spaced[2] == "Without --clean-headers it would be refused:"
    quoted = "klant nr\tnote\n" + "".join(f'C{n}\t"note {n}"\n' for n in range(40))
    guessed = cli.run("inspect", cli.file(quoted), COLUMNS="250").stdout
    assert "use --clean-headers. The quotes are a guess" in guessed
    assert "Without --clean-headers it would be refused:" in guessed
    wide = cli.file("\t".join(f"c{n}" for n in range(6000)) + "\n" + "\t" * 5999 + "\n")
    assert cli.run("inspect", wide, COLUMNS="120").stdout.startswith("The file would be refused:")
