"""Data sources and attributes from the command line, and the question about an attribute with a similar name."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from penstock.config import Settings
from penstock.domain.access.permissions import Role
from services.cli.local_client import LocalClient
from services.cli.main import run
from tests.support.access import create_key
from tests.support.command_line import CommandLine
from tests.support.http_system import serving

TYPO = "crm_id\tcity\nC1\tUtrecht\n"


@pytest.fixture(params=["local", "http"])
def _system(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the environment of a command names: a data folder, or a running system."""
    if request.param == "local":
        monkeypatch.setenv("PENSTOCK_DATA", str(tmp_path / "data"))
        yield
        return
    with serving(tmp_path / "data", ingesting=False, sources=()) as system:
        secret, _ = create_key(system.keys, "default", Role.ADMIN, "someone")
        monkeypatch.setenv("PENSTOCK_URL", system.url)
        monkeypatch.setenv("PENSTOCK_API_KEY", secret)
        yield


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


def ran(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    assert run([*arguments, "--json"]) == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return document


@pytest.mark.usefixtures("_system")
def test_the_commands_of_sources(capsys: pytest.CaptureFixture[str]) -> None:
    made = ran(capsys, "source", "create", "crm", "--owner", "Ann", "--mode", "replace", "--notify", "a@example.com")
    assert (made["owner"], made["defaults"]["mode"], made["defaults"]["notify"]) == (
        "Ann",
        "replace",
        [{"address": "a@example.com", "level": "all"}],
    )
    edited = ran(capsys, "source", "edit", "crm", "--display-name", "Customers", "--unset", "mode", "--unset", "notify")
    assert (edited["display_name"], edited["defaults"]["mode"], edited["defaults"]["notify"]) == ("Customers", None, [])
    refused = ran(capsys, "source", "edit", "crm", "--owner", "Bob", "--revision", "1", code=1)
    assert refused["error"]["code"] == "precondition_failed"
    for useless in ([], ["--mode", "upsert", "--unset", "mode"]):
        assert ran(capsys, "source", "edit", "crm", *useless, code=2)["error"]["code"] == "invalid_options"
    assert ran(capsys, "source", "archive", "crm")["archived"]
    assert ran(capsys, "source", "list")["data_sources"] == []
    assert len(ran(capsys, "source", "list", "--archived")["data_sources"]) == 1
    assert not ran(capsys, "source", "unarchive", "crm")["archived"]
    assert run(["source", "show", "crm"]) == 0
    assert "Customers" in capsys.readouterr().out
    assert ran(capsys, "source", "delete", "crm") == {"deleted": "crm"}


@pytest.mark.usefixtures("_system")
def test_the_commands_of_attributes(capsys: pytest.CaptureFixture[str]) -> None:
    made = ran(capsys, "attribute", "create", "tier", "--format", "enum(gold|silver)", "--macro", "--no-segments")
    assert (made["macro"], made["segmentable"], made["macro_name"]) == (True, False, "TIER")
    both = ran(capsys, "attribute", "edit", "tier", "--pii", "--segments", code=1)
    assert both["error"]["code"] == "personal_in_segments"
    edited = ran(capsys, "attribute", "edit", "tier", "--macro-name", "LEVEL", "--display-name", "Level")
    assert (edited["macro_name"], edited["display_name"]) == ("LEVEL", "Level")
    assert ran(capsys, "attribute", "edit", "tier", "--macro-name", "")["macro_name"] == "TIER"
    assert ran(capsys, "attribute", "edit", "tier", code=2)["error"]["code"] == "invalid_options"
    assert ran(capsys, "attribute", "archive", "tier")["archived"]
    assert ran(capsys, "attribute", "list", "--custom")["attributes"] == []
    assert len(ran(capsys, "attribute", "list", "--custom", "--archived")["attributes"]) == 1
    assert not ran(capsys, "attribute", "unarchive", "tier")["archived"]
    assert ran(capsys, "attribute", "rank", "email", "crmid")["identifiers"] == ["email", "crmid"]
    for command, displayed in (("show email", "rank 1"), ("rank", "crmid")):
        assert run(["attribute", *command.split()]) == 0
        assert displayed in capsys.readouterr().out


@pytest.mark.usefixtures("_system")
def test_without_a_terminal_a_similar_attribute_has_to_be_confirmed(capsys: pytest.CaptureFixture[str]) -> None:
    mapping = ("mapping", "set", "crm", "--map", "crm_id=crm_id!")
    refused = ran(capsys, *mapping, code=1)
    assert refused["error"]["code"] == "similar_attribute"
    assert "Did you mean 'crmid'?" in refused["error"]["faults"][0]["hint"]
    assert ran(capsys, *mapping, "--new-attribute", "crm_id")["created_attributes"] == ["crm_id"]


@pytest.mark.usefixtures("_system")
def test_a_mistyped_source_is_not_an_empty_history(capsys: pytest.CaptureFixture[str]) -> None:
    ran(capsys, "source", "create", "loyalty")
    assert ran(capsys, "requests", "--source", "loyalty")["requests"] == []
    refused = ran(capsys, "requests", "--source", "loyalyt", code=1)
    assert refused["error"]["code"] == "unknown_data_source"
    assert "Did you mean 'loyalty'?" in refused["error"]["faults"][0]["hint"]


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"n\n", 1)])
def test_a_terminal_asks_about_a_similar_attribute(cli: CommandLine, answer: bytes, code: int) -> None:
    path, (ours, theirs) = cli.file(TYPO), pty.openpty()
    command = [*cli.command, "ingest", str(path), "--source", "crm", "--map", "crm_id=crm_id!", "--map", "city=city"]
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
    assert b"Create crm_id?" in printed
    with closing(LocalClient(Settings(data=cli.data))) as client:
        assert ("crm_id" in [each["name"] for each in client.catalog.attributes()]) is (code == 0)
        assert [each["status"] for each in client.request_page(limit=9)["requests"]] == ["COMPLETED"][code:]
