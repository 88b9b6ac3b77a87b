"""A long command is shown on lines that a shell reads as one command."""

from __future__ import annotations

import io
import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from services.cli.broken_commands import MAX_LINE, WIDTH, command_lines
from services.cli.views import commands_view

WORDS = ["Fatturato_(€)=fatturato:decimal(1.234,56)", "it's=a!", 'say "x"', "a --map b", "$HOME", "back\\slash", "a  b"]
COMMAND = shlex.join(["penstock", "ingest", "my file.csv", *(part for word in WORDS * 6 for part in ("--map", word))])


@given(st.lists(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=20), max_size=40))
def test_the_lines_are_the_same_command(values: list[str]) -> None:
    command = shlex.join(["penstock", "ingest", *(part for value in values for part in ("--map", value))])
    *broken, last = command_lines(command)
    assert all(line.endswith(" \\") for line in broken)
    joined = " ".join([*(line[:-1] for line in broken), last])
    assert shlex.split(joined) == shlex.split(command)
    assert broken or len(command) <= MAX_LINE


@pytest.mark.parametrize("width", [40, 160])
def test_a_shown_command_can_be_pasted(width: int) -> None:
    written = io.StringIO()
    Console(file=written, width=width, markup=False, highlight=False).print(
        commands_view([("By hand", COMMAND)]), crop=False
    )
    label, *lines = written.getvalue().splitlines()
    assert label.strip() == "By hand"
    assert len(lines) > 5
    assert max(map(len, lines)) <= WIDTH + 4
    pasted = "\n".join(lines).replace("penstock ", "printf '%s\\0' ", 1)
    ran = subprocess.run(["bash", "-c", pasted], capture_output=True, text=True, check=True)
    assert ran.stdout.split("\0")[:-1] == shlex.split(COMMAND)[1:]


def test_a_short_command_stays_on_one_line() -> None:
    assert command_lines("penstock ingest a.csv --source a") == ["penstock ingest a.csv --source a"]
