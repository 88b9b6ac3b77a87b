"""The message and the exit code of every error, in one place, so that no traceback reaches a user.

exit code   meaning
0           done; for `ingest` and `watch`: the request is COMPLETED
1           refused, not found, or the request ended with another status
2           the command line is wrong, or the file that it names cannot be used
3           a disk, a server or a key is unavailable: the same command may succeed later
4           the request is HELD: it waits for `approve` or `cancel`
70          a bug in Penstock
130         interrupted; the same `ingest` command continues where it stopped
141         the reader of the output has closed the pipe
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import NamedTuple

import typer

from penstock.client.errors import Misconfigured
from penstock.domain.errors import (
    Corrupt,
    Fault,
    NotFound,
    PartFailed,
    PenstockError,
    Problem,
    Refused,
    Unavailable,
    refusal,
)
from penstock.domain.mapping.coercion import REASONS, CoercionError
from penstock.domain.requests.request import Status
from penstock.runner.interrupts import is_interrupt
from services.cli.output import Document, Output
from services.cli.views import problem_view


class ExitCode(IntEnum):
    DONE = 0
    REFUSED = 1
    USAGE = 2
    UNAVAILABLE = 3
    HELD = 4
    INTERNAL = 70
    INTERRUPTED = 130
    PIPE_CLOSED = 141


class BadUsage(Refused):
    """The command line itself is wrong, not the operation that it requests."""


def nothing_to_change(options: str) -> BadUsage:
    """For a change that names no field; `options` are some of those that do."""
    hint = f"Name the fields to change, such as {options}; --help lists all options."
    return BadUsage(refusal("invalid_options", "there is nothing to change", hint).faults)


class Failure(NamedTuple):
    """The problem and the exit code of a failed command."""

    problem: Problem
    exit_code: ExitCode


_TITLES = {
    ExitCode.REFUSED: "Refused",
    ExitCode.USAGE: "Wrong usage",
    ExitCode.UNAVAILABLE: "Not available",
    ExitCode.INTERNAL: "Bug in Penstock",
    ExitCode.INTERRUPTED: "Interrupted",
}


SHOWN_PATH = 200  # characters of a path that a message shows
_OWNER = "Change its owner or its permissions, or use another path."
_PATHS = {
    errno.EACCES: ("cannot be used: permission denied", _OWNER),
    errno.EPERM: ("cannot be used: permission denied", _OWNER),
    errno.EROFS: ("is on a read-only file system", "Use another path."),
    errno.EEXIST: ("is a file, but a folder is needed", "Use a folder, or move the file away."),
    errno.ENOTDIR: ("is below a file, but a folder is needed", "Use another path."),
    errno.EISDIR: ("is a folder, but a file is needed", "Use a file in it."),
    errno.ENOENT: ("cannot be created: its folder does not exist", "Create the folder, or use another path."),
    errno.ENAMETOOLONG: ("is too long for a path", "Use another path."),
}


@contextmanager
def reporting(*, as_json: bool, refused: Document | None = None) -> Iterator[Output]:
    """Run a command's body; any error in it is shown, and becomes an exit code.

    `refused` are the fields of a failed command's JSON document besides `error`.
    """
    out = Output(as_json=as_json)
    try:
        yield out
        sys.stdout.flush()
    except typer.Exit:
        raise
    except BrokenPipeError:
        raise typer.Exit(ExitCode.PIPE_CLOSED) from None
    except (Exception, KeyboardInterrupt) as error:
        failure = failure_of(error)
        show(out, failure, refused or {})
        raise typer.Exit(failure.exit_code) from None


def exit_by_status(status: str) -> None:
    """End the command with the exit code of a request's status, unless it is COMPLETED."""
    if status != Status.COMPLETED:
        raise typer.Exit(ExitCode.HELD if status == Status.HELD else ExitCode.REFUSED)


def failure_of(error: BaseException) -> Failure:
    """The problem and the exit code of `error`."""
    match error:
        case Refused():
            exit_code = ExitCode.USAGE if isinstance(error, BadUsage | Misconfigured) else ExitCode.REFUSED
            detail = "; ".join(fault.message for fault in error.faults)
            return _failure(exit_code, error.code, detail, error.faults)
        case CoercionError():
            reason = REASONS[error.code]
            fault = Fault(code=error.code, message=reason.message, hint=reason.hint)
            return _failure(ExitCode.REFUSED, error.code, reason.message, [fault])
        case Unavailable() | Corrupt():
            return _failure(ExitCode.UNAVAILABLE, error.code, str(error))
        case NotFound():
            return _failure(ExitCode.REFUSED, error.code, str(error), title="Not found")
        case PartFailed():
            return _failure(ExitCode.INTERNAL, error.code, str(error))
        case PenstockError():
            return _failure(ExitCode.REFUSED, error.code, str(error))
        case UnicodeEncodeError() if _is_of_the_command_line(error.object):
            fault = Fault(code="usage", message="an argument is not UTF-8", hint="Use UTF-8.")
            return _failure(ExitCode.USAGE, fault.code, fault.message, [fault])
        case _ if is_interrupt(error):
            again = Fault(
                code="interrupted",
                message="the command was stopped before it was done",
                hint="Run the same command again.",
            )
            return _failure(ExitCode.INTERRUPTED, again.code, again.message, [again])
        case OSError():
            return _of_system(error)
        case _:
            return _failure(ExitCode.INTERNAL, "internal", f"{type(error).__name__} {_place(error)}")


def show(out: Output, failure: Failure, document: Document) -> None:
    """Print a failure: the problem for a person, and with --json `document` with the problem as its `error`."""
    out.say(problem_view(failure.problem))
    if out.as_json:
        error = failure.problem.to_json()
        out.result({**document, "error": error}, lambda: "")


def _failure(
    exit_code: ExitCode, code: str, detail: str, faults: list[Fault] | None = None, *, title: str = ""
) -> Failure:
    problem = Problem(code=code, title=title or _TITLES[exit_code], detail=detail, faults=faults or [])
    return Failure(problem, exit_code)


def _of_system(error: OSError) -> Failure:
    """An error of the operating system: a path that the user must change, or a disk that fails."""
    path = repr(str(error.filename or "a file")[:SHOWN_PATH])
    if error.errno in _PATHS:
        what, hint = _PATHS[error.errno]
        fault = Fault(code="path_not_usable", message=f"{path} {what}", hint=hint)
        return _failure(ExitCode.USAGE, fault.code, fault.message, [fault])
    hint = "Free some space, then run the same command again." if error.errno == errno.ENOSPC else "Try again later."
    fault = Fault(code="unavailable", message=f"{path} cannot be used: {error.strerror}", hint=hint)
    return _failure(ExitCode.UNAVAILABLE, fault.code, fault.message, [fault])


def _is_of_the_command_line(text: str) -> bool:
    """Whether `text` has surrogates, which Python makes of an argument that is not UTF-8 (PEP 383); no cell has any."""
    return any("\udc80" <= char <= "\udcff" for char in text)


def _place(error: BaseException) -> str:
    """Where it happened; the message of an external error is omitted, because it might contain a customer's value."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"in {os.path.basename(frames[-1].filename)}, line {frames[-1].lineno}" if frames else ""
