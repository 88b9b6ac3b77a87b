"""What commands read and write on this machine: nothing is overwritten unasked, nothing is open to others, and a place
that cannot be used is named."""

from __future__ import annotations

import os
import pty
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine

ROOT = 0
PEOPLE = "crmid\temail\tcity\nC1\ta@example.com\tUtrecht\nC2\tnobody\tGouda\n"


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


def with_a_reject(cli: CommandLine) -> str:
    """The id of a request that has one."""
    request_id: str = cli.ingest(PEOPLE).document["request_id"]
    return request_id


def test_rejects_never_overwrite_corrections_unasked(cli: CommandLine) -> None:
    request_id, output = with_a_reject(cli), cli.folder / "rejects.tsv"
    output.write_text("corrected")
    refused = cli.run("rejects", request_id, "-o", output, "--json")
    assert (refused.code, refused.fault_codes) == (2, ["file_exists"])
    assert "--force" in refused.stderr
    assert output.read_text() == "corrected"
    forced = cli.run("rejects", request_id, "-o", output, "--force", "--json")
    assert (forced.code, forced.document["rows"]) == (0, 1)
    assert "(not_an_email)" in output.read_text()


def test_corrections_stay_when_the_rejects_cannot_be_had(cli: CommandLine) -> None:
    with_a_reject(cli)
    output = cli.folder / "rejects.tsv"
    output.write_text("corrected")
    assert cli.run("rejects", "none", "-o", output, "--force", "--json").code == 1
    assert output.read_text() == "corrected"


def test_rejects_go_to_a_device_as_they_are(cli: CommandLine) -> None:
    assert "(not_an_email)" in cli.run("rejects", with_a_reject(cli), "-o", "/dev/stdout").stdout


def test_files_that_a_command_writes_are_private(cli: CommandLine) -> None:
    request_id = with_a_reject(cli)
    cli.run("rejects", request_id, "-o", cli.folder / "rejects.tsv")
    cli.run("key", "create", "--role", "viewer")
    written = [cli.folder / "rejects.tsv", cli.data, *cli.data.rglob("*")]
    open_to_others = [path for path in written if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert open_to_others == []


PLACES = {
    "a file in place of the folder": ("people.tsv", "is a file, but a folder is needed"),
    "below a file": ("people.tsv/data", "is below a file"),
    "where no folder can be made": ("/proc/data", "its folder does not exist"),
}


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("command", ["ingest", "up"])
def test_an_unusable_output_path_is_refused_with_a_hint(cli: CommandLine, command: str, name: str) -> None:
    place, what = PLACES[name]
    file = cli.file(PEOPLE)
    arguments = (file, "--source", "crm", "--map", "crmid=crmid!") if command == "ingest" else ("--port", "0")
    ran = cli.run(command, *arguments, "--data", place, "--json")
    assert (ran.code, ran.fault_codes) == (2, ["path_not_usable"])
    (fault,) = ran.document["error"]["faults"]
    assert fault["message"].startswith(f"{place!r}")
    assert what in fault["message"]
    assert fault["hint"]


def without_roots_power(command: list[str]) -> list[str]:
    """So that a folder's permissions hold for root too."""
    if os.geteuid() != ROOT:
        return command
    if shutil.which("setpriv") is None:
        pytest.skip("root may write anywhere, and there is no setpriv")
    return ["setpriv", "--bounding-set", "-dac_override", *command]


@pytest.mark.parametrize("place", ["data", "data/below"])
def test_a_folder_that_may_not_be_written_is_named(cli: CommandLine, place: str) -> None:
    (cli.folder / "data").mkdir(0o500)
    bound = CommandLine(without_roots_power(cli.command), cli.folder)
    ran = bound.run("ingest", cli.file(PEOPLE), "--source", "crm", "--map", "crmid=crmid!", "--data", place, "--json")
    assert (ran.code, ran.fault_codes) == (2, ["path_not_usable"])
    (fault,) = ran.document["error"]["faults"]
    assert fault["message"].startswith(f"{place!r} cannot be used: permission denied")


def test_an_identifier_is_read_from_standard_input(cli: CommandLine) -> None:
    with_a_reject(cli)
    asked = ("profile", "crmid", "-", "--json")
    assert cli.run(*asked, stdin=b"C1\n").document["attributes"]["city"] == "Utrecht"
    assert cli.run(*asked, stdin=b"C1\r\n").document == cli.run(*asked, stdin=b"C1").document
    for wrong in (b"", b"\n", b"C1\nC2\n", b"\xff", b"x" * 70_000):
        ran = cli.run(*asked, stdin=wrong)
        assert (ran.code, ran.fault_codes) == (2, ["usage"]), wrong[:9]
    missing = cli.run("profile", "crmid", "--json")
    assert (missing.code, missing.fault_codes) == (2, ["usage"])


def test_a_person_is_asked_for_an_identifier_that_is_not_shown(cli: CommandLine) -> None:
    with_a_reject(cli)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*cli.command, "profile", "crmid"],
        env=cli.environment(),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        start_new_session=True,
    )
    os.close(theirs)
    asked = os.read(ours, 1024)
    os.write(ours, b"C1\n")
    stdout, _ = process.communicate()
    echoed = os.read(ours, 1024)
    os.close(ours)
    assert b"crmid: " in asked
    assert b"C1" not in asked + echoed
    assert "Utrecht" in stdout
