"""What CI runs: every test, in one run, whose summary comes last and whose failure is CI's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKE = """#!/bin/sh
echo "made $*"
case "$*" in {failing}) echo "it failed" >&2; exit 2 ;; esac
"""


def runs_of_pytest(target: str) -> list[list[str]]:
    """What `make target` would run, word by word."""
    command = ["make", "--dry-run", "--always-make", target]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [line.split() for line in printed.splitlines() if "pytest" in line.split()]


def test_make_test_runs_every_test_in_one_run_against_the_wheel() -> None:
    (run,) = runs_of_pytest("test")
    assert [word for word in run if word.endswith("/python")] == ["build/wheel/bin/python"]
    assert "-m" not in run[run.index("pytest") :], "a marker leaves tests out"
    assert not [word for word in run[run.index("pytest") :] if word.startswith("tests")], "a path leaves tests out"


@pytest.mark.parametrize(("failing", "code"), [("none", 0), ("lint", 2), ("test", 2)])
def test_ci_fails_when_a_step_fails_and_prints_nothing_after_it(tmp_path: Path, failing: str, code: int) -> None:
    make = tmp_path / "make"
    make.write_text(MAKE.format(failing=failing))
    make.chmod(0o755)
    command = ["env", f"PATH={tmp_path}:/usr/bin:/bin", ROOT / ".ci" / "run"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == code
    assert ran.stdout.splitlines()[-1] == ("made lint" if failing == "lint" else "made test")
