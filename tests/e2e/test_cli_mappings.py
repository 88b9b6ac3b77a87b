"""Mappings on the command line: versions, and files in a repository; local and over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.domain.access.permissions import Role
from tests.support.access import create_key
from tests.support.command_line import CommandLine
from tests.support.http_system import serving

ROWS = "crmid\tphone\nC1\t06 12345678\nC2\tnone\n"
TESTS = """tests:
- row: {crmid: C1, phone: 06 12345678}
  expect: {phone: '+31612345678'}
- name: a word
  row: {crmid: C2, phone: NO}
  expect: {phone: ''}
  dropped: {phone: not_a_phone}
"""


@pytest.fixture(params=["folder", "url"])
def variables(request: pytest.FixtureRequest, cli: CommandLine, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What a command needs to speak to the system."""
    if request.param == "folder":
        yield {}
        return
    with serving(tmp_path / "server", sources=()) as system:
        yield {"PENSTOCK_URL": system.url, "PENSTOCK_API_KEY": create_key(system.keys, "default", Role.ADMIN, "ann")[0]}


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


def test_a_mapping_is_exported_tested_imported_compared_and_restored(
    cli: CommandLine, variables: dict[str, str]
) -> None:
    def mapping(*arguments: object) -> tuple[int, dict[str, object]]:
        ran = cli.run("mapping", *arguments, "--json", **variables)
        return ran.code, ran.document

    maps = ("--map", "crmid=crmid!", "--map", "phone=phone:phone(NL)")
    assert mapping("set", "crm", *maps)[1]["version"] == 1
    file = cli.folder / "crm.yaml"
    exported = cli.run("mapping", "export", "crm", "--output", file, **variables)
    assert exported.code == 0, exported.stderr
    assert cli.run("mapping", "export", "crm", **variables).stdout == file.read_text("utf-8")
    file.write_text(file.read_text("utf-8") + TESTS, "utf-8")
    failed = cli.run("mapping", "test", file)
    assert failed.code == 1
    assert "1 of 2 tests failed" in failed.stdout
    assert "rejected: not_a_phone:phone" in failed.stdout
    file.write_text(
        file.read_text("utf-8").replace("format: phone(NL)", "format: phone(NL)\n  on_misfit: drop"), "utf-8"
    )
    assert cli.run("mapping", "test", file, "--json").document == {
        "files": [{"file": str(file), "tests": 2, "differences": []}]
    }

    uploaded = cli.run("ingest", cli.file(ROWS), "--source", "crm", "--mapping", file, "--json", **variables)
    assert (uploaded.code, uploaded.document["mapping_version"], uploaded.document["rows_rejected"]) == (0, 2, 0)
    states = [(each["version"], each["state"]) for each in mapping("versions", "crm")[1]["versions"]]
    assert states == [(2, "current"), (1, "earlier")]
    changed = cli.run("mapping", "diff", "crm", 2, **variables).stdout
    assert "~ phone -> phone" in changed
    assert "on_misfit: reject -> drop" in changed
    assert mapping("diff", "crm", 1, 2)[1] == mapping("diff", "crm", 2)[1]
    restored = cli.run("mapping", "restore", "crm", 1, **variables).stdout
    assert restored.startswith("The mapping of crm is now version 3.")
    assert mapping("restore", "crm", 1)[1]["version"] == 3
    assert mapping("import", "crm", file)[1]["version"] == 4
    again = cli.run("mapping", "import", "crm", file, **variables).stdout
    assert again.startswith("Nothing has changed: the mapping of crm is version 4, as before.")
    assert mapping("diff", "crm", 4, 2)[1]["changed"] == []
    code, document = mapping("import", "shop", file)
    assert (code, document["error"]["code"]) == (2, "invalid_options")
    assert cli.run("mapping", "export", "crm", "--output", file, **variables).code == 0
    assert "tests:" in file.read_text("utf-8"), "an export keeps the tests of its file"
    code, document = mapping("restore", "crm", 9)
    assert (code, document["error"]["code"]) == (1, "not_found")


def test_upload_takes_a_mapping(cli: CommandLine, variables: dict[str, str]) -> None:
    file = cli.file("columns:\n- {column: crmid, attribute: crmid, identifier: true}\n", "new.yaml")
    cli.run("source", "create", "crm", **variables)
    uploaded = cli.run("upload", cli.file(ROWS), "--source", "crm", "--mapping", file, "--json", **variables)
    assert uploaded.code == 0, uploaded.stderr
    assert uploaded.document["mapping_version"] == 1
    versions = cli.run("mapping", "versions", "crm", "--json", **variables).document["versions"]
    assert versions[0]["request_id"] == uploaded.document["request_id"]
