"""The table of commands, and that each explains itself."""

from __future__ import annotations

import importlib
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any, cast

import pytest
import typer

from services.cli.command_list import COMMANDS
from services.cli.main import run


def test_the_table_names_every_command_and_no_other() -> None:
    named = {name for each in {each.module for each in COMMANDS.values()} for name in commands_of(each)}
    assert named == set(COMMANDS)


def commands_of(module: str) -> dict[str, Any]:
    app = typer.Typer()
    app.callback()(lambda: None)
    importlib.import_module(f"services.cli.{module}").register(app)
    commands: dict[str, Any] = cast(Any, typer.main.get_command(app)).commands
    return commands


@pytest.mark.parametrize("name", COMMANDS)
def test_a_summary_is_the_beginning_of_the_help(name: str) -> None:
    command = commands_of(COMMANDS[name].module)[name]
    assert " ".join(command.help.split("\n\n")[0].split()) == COMMANDS[name].summary


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["ingst"]])
def test_a_list_of_commands_loads_none_of_them(arguments: list[str]) -> None:
    script = (
        f"import sys; from services.cli.main import run; run({arguments})\n"
        "print(file=sys.stderr)\n"
        "print(*(name for name in sys.modules if name.startswith(('services', 'penstock'))), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(ran.stderr.splitlines()[-1].split())
    assert "services.cli.main" in loaded
    assert loaded.isdisjoint({"penstock.wiring", *(f"services.cli.{each.module}" for each in COMMANDS.values())})


def test_a_command_is_found_behind_a_double_dash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--", "requests", "--data", str(tmp_path)]) == 0
    assert "There are no requests yet." in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_found_in_its_module_and_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    displayed = capsys.readouterr().out
    assert f"penstock {command}" in displayed
    assert "--json" in displayed or "COMMAND" in displayed


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("before", [[], ["ingest"], ["key", "create"]])
def test_help_has_a_short_name_everywhere(before: list[str], option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*before, option]) == 0
    assert "Usage:" in capsys.readouterr().out


def test_the_command_prints_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"penstock {metadata.version('penstock')}\n"


def completed(words: str, place: int, shell: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> list[str]:
    monkeypatch.setenv("_PENSTOCK_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("COMP_WORDS" if shell == "bash" else "_TYPER_COMPLETE_ARGS", words)
    monkeypatch.setenv("COMP_CWORD", str(place))
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    with pytest.raises(SystemExit) as ended:
        run([])
    assert ended.value.code == 0
    found: list[str] = capsys.readouterr().out.split()
    return found


def test_a_shell_completes_every_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert completed("penstock ", 1, "bash", monkeypatch, capsys) == list(COMMANDS)
    assert completed("penstock dead", 1, "bash", monkeypatch, capsys) == ["dead-letters"]


def test_a_shell_completes_options_and_subcommands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert completed("penstock ingest --sou", 2, "bash", monkeypatch, capsys) == ["--source"]
    assert completed("penstock key ", 2, "bash", monkeypatch, capsys) == ["create", "list", "revoke"]
    assert "revoke" in completed("penstock key ", 2, "fish", monkeypatch, capsys)


def test_a_mistyped_setting_leads_to_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PENSTOCK_MAX_FILE_BYTE", "1")
    assert run(["--version"]) == 0
    warning = "Warning: PENSTOCK_MAX_FILE_BYTE is not a setting and is ignored. Did you mean PENSTOCK_MAX_FILE_BYTES?\n"
    assert capsys.readouterr().err == warning


def test_without_arguments_all_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    printed = capsys.readouterr().out
    assert [command for command in COMMANDS if f" {command} " not in printed] == []


@pytest.mark.parametrize(
    "module",
    ["request_commands", "attribute_commands", "mapping_commands", "source_commands", "key_commands", "profile"],
)
def test_a_client_does_not_wait_for_the_web_framework_to_load(module: str) -> None:
    slow = "{'fastapi', 'pydantic', 'uvicorn', 'cassandra'}"
    script = f"import sys, services.cli.{module}; print({slow} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def test_a_mistyped_choice_is_named_with_its_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["upload", "x", "--source", "a", "--mode", "replce"]) == 2
    error = capsys.readouterr().err
    assert "Invalid value for '--mode': 'replce' is not one of" in error
    assert "Did you mean replace? Add --help" in error


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        (["ingest", "x", "--souce", "a"], "Did you mean --source? Add --help"),
        (["ingst", "x"], "Did you mean 'ingest'"),
        (["mapping", "exprot", "x"], "Did you mean 'export'"),
        (["ingest", "x", "--entirely-other"], "Add --help"),
    ],
)
def test_a_mistyped_option_or_command_leads_to_the_nearest(
    arguments: list[str], near: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert near in capsys.readouterr().err


def test_a_status_may_be_in_lower_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["requests", "--status", "in_progress", "--data", str(tmp_path)]) == 0
    assert "No request fits the filters." in capsys.readouterr().out
