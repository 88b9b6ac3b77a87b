"""The table of commands, and that each explains itself."""

from __future__ import annotations

import pytest

from services.cli.main import COMMANDS, application, run


def test_the_table_names_every_command_and_no_other() -> None:
    app = application("")
    named = [command.name or (command.callback and command.callback.__name__) for command in app.registered_commands]
    assert sorted([*map(str, named), *(str(group.name) for group in app.registered_groups)]) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_found_in_its_module_and_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"penstock {command}" in shown
    assert "--json" in shown or "COMMAND" in shown


def test_without_arguments_all_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert [command for command in COMMANDS if f" {command} " not in shown] == []
