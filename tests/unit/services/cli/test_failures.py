"""Every error gets words, a code and an exit code, and none of a foreign error's words."""

from __future__ import annotations

import errno
import json

import pytest
import typer

from penstock.domain.errors import (
    Conflict,
    Corrupt,
    Fault,
    KeyRevoked,
    NotFound,
    PartFailed,
    Refused,
    Unavailable,
    refusal,
)
from penstock.domain.mapping.coercion import CoercionError
from services.cli.failures import BadUsage, ExitCode, failure_of, reporting

SECRET = "a customer's value"


def caused(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "exit_code", "code"),
    [
        (refusal("empty_file", "the file is empty", "Add rows."), ExitCode.REFUSED, "empty_file"),
        (BadUsage(refusal("invalid_map", "no", "Yes.").faults), ExitCode.USAGE, "invalid_map"),
        (NotFound("there is no such request"), ExitCode.REFUSED, "not_found"),
        (Conflict("it changed"), ExitCode.REFUSED, "conflict"),
        (PartFailed("the part penstock.workers has failed"), ExitCode.INTERNAL, "internal"),
        (CoercionError("not_an_email"), ExitCode.REFUSED, "not_an_email"),
        (Unavailable("the disk is full"), ExitCode.UNAVAILABLE, "unavailable"),
        (Corrupt("moved"), ExitCode.UNAVAILABLE, "corrupt"),
        (KeyRevoked("gone"), ExitCode.REFUSED, "tenant_key_destroyed"),
        (PermissionError(13, "Permission denied", "a.db"), ExitCode.USAGE, "path_not_usable"),
        (OSError(errno.ENOSPC, "No space left on device", "a.db"), ExitCode.UNAVAILABLE, "unavailable"),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED, "interrupted"),
        (caused(SystemError(SECRET), KeyboardInterrupt()), ExitCode.INTERRUPTED, "interrupted"),
        (caused(SystemError(SECRET), ValueError()), ExitCode.INTERNAL, "internal"),
        (UnicodeEncodeError("utf-8", f"{SECRET}\udcff", 0, 1, "no"), ExitCode.USAGE, "usage"),
        (UnicodeEncodeError("utf-8", f"{SECRET}\ud800", 0, 1, "no"), ExitCode.INTERNAL, "internal"),
        (ValueError(SECRET), ExitCode.INTERNAL, "internal"),
    ],
)
def test_every_error_becomes_a_document_and_an_exit_code(
    error: BaseException, exit_code: ExitCode, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended, reporting(as_json=True, refused={"status": "FAILED"}):
        raise error
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert (ended.value.exit_code, document["status"], document["error"]["code"]) == (exit_code, "FAILED", code)
    assert SECRET not in printed.out + printed.err
    assert printed.err


def test_a_fault_is_shown_with_its_place_and_hint(capsys: pytest.CaptureFixture[str]) -> None:
    error = refusal("blank_column_name", "column 3 has no name", "Name it.", column="x\x1b[1m", position=3)
    with pytest.raises(typer.Exit), reporting(as_json=False):
        raise error
    printed = " ".join(capsys.readouterr().err.split())
    assert printed == r"Refused: column 3 has no name, at x\x1b[1m (3) Name it. (blank_column_name)"


def test_several_faults_are_shown_together(capsys: pytest.CaptureFixture[str]) -> None:
    faults = [Fault(code=f"code_{n}", message=f"message {n}", hint=f"Fix {n}.", position=n) for n in (1, 2)]
    with pytest.raises(typer.Exit), reporting(as_json=False):
        raise Refused(faults)
    printed = " ".join(capsys.readouterr().err.split())
    assert "code_1 (1) message 1 Fix 1. code_2 (2) message 2 Fix 2." in printed


def test_the_detail_equals_the_problem_of_http() -> None:
    faults = [Fault(code=f"code_{n}", message=f"message {n}", hint=f"Fix {n}.") for n in (1, 2)]
    assert failure_of(Refused(faults)).problem.detail == "message 1; message 2"


def test_an_internal_error_says_where_it_happened() -> None:
    with pytest.raises(ValueError) as raised:
        int(SECRET)
    assert failure_of(raised.value).problem.detail.startswith("ValueError in test_failures.py, line ")
