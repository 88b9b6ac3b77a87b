"""From an error to what a person sees of it and to the exit code; the one place, so that no traceback reaches a user.

exit code   meaning
0           done; for `ingest` and `watch`: the request is COMPLETED
1           refused, not found, or the request ended in another way
2           the command line, or the file that it names, cannot be used
3           a disk, a server or a key is away: the same command may succeed later
70          a mistake of Penstock's own
130         interrupted; the same `ingest` again goes on where it stopped
141         whoever read the output has gone
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

from penstock.domain.errors import (
    Corrupt,
    Fault,
    KeyRevoked,
    NotFound,
    PartFailed,
    PenstockError,
    Problem,
    Refused,
    Unavailable,
)
from penstock.domain.mapping.coercion import REASONS, CoercionError
from penstock.runner.interrupts import is_interrupt
from services.cli.output import Document, Output
from services.cli.views import problem_view


class ExitCode(IntEnum):
    DONE = 0
    REFUSED = 1
    USAGE = 2
    UNAVAILABLE = 3
    INTERNAL = 70
    INTERRUPTED = 130
    PIPE_CLOSED = 141


class BadUsage(Refused):
    """The command line itself cannot be used, rather than what it asks for."""


class Failure(NamedTuple):
    """How a command ended that did not do what was asked."""

    problem: Problem
    exit_code: ExitCode


_TITLES = {
    ExitCode.REFUSED: "Refused",
    ExitCode.USAGE: "Cannot do that",
    ExitCode.UNAVAILABLE: "Not available",
    ExitCode.INTERNAL: "Penstock made a mistake",
    ExitCode.INTERRUPTED: "Interrupted",
}


SHOWN_PATH = 200  # characters of a path that a message shows
_OWNER = "Change its owner or its permissions, or name another place."
_PATHS = {
    errno.EACCES: ("may not be used by you", _OWNER),
    errno.EPERM: ("may not be used by you", _OWNER),
    errno.EROFS: ("lies on a disk that cannot be written", "Name another place."),
    errno.EEXIST: ("is a file, where a folder is needed", "Name a folder, or move the file away."),
    errno.ENOTDIR: ("lies below a file, where a folder is needed", "Name another place."),
    errno.EISDIR: ("is a folder, where a file is needed", "Name a file in it."),
    errno.ENOENT: ("cannot be there: its folder does not exist", "Create the folder, or name another place."),
    errno.ENAMETOOLONG: ("is too long for a path", "Name another place."),
}


@contextmanager
def reporting(*, as_json: bool, refused: Document | None = None) -> Iterator[Output]:
    """Run a command's body; any error in it is shown, and becomes an exit code.

    `refused` is what a failed command's JSON document holds besides `error`.
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
        failure = judge(error)
        show(out, failure, refused or {})
        raise typer.Exit(failure.exit_code) from None


def judge(error: BaseException) -> Failure:
    """What is to be told of `error`."""
    match error:
        case Refused():
            exit_code = ExitCode.USAGE if isinstance(error, BadUsage) else ExitCode.REFUSED
            detail = "; ".join(fault.message for fault in error.faults)
            return _failure(exit_code, error.code, detail, error.faults)
        case CoercionError():
            reason = REASONS[error.code]
            fault = Fault(code=error.code, message=reason.message, hint=reason.hint)
            return _failure(ExitCode.REFUSED, error.code, reason.message, [fault])
        case Unavailable() | Corrupt() | KeyRevoked():
            return _failure(ExitCode.UNAVAILABLE, error.code, str(error))
        case NotFound():
            return _failure(ExitCode.REFUSED, error.code, str(error), title="Not found")
        case PartFailed():
            return _failure(ExitCode.INTERNAL, error.code, str(error))
        case PenstockError():
            return _failure(ExitCode.REFUSED, error.code, str(error))
        case UnicodeEncodeError() if _is_of_the_command_line(error.object):
            fault = Fault(code="usage", message="an argument is not UTF-8", hint="Write it in UTF-8.")
            return _failure(ExitCode.USAGE, fault.code, fault.message, [fault])
        case _ if is_interrupt(error):
            again = Fault(code="interrupted", message="stopped before the end", hint="Run the same command again.")
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
    """What the operating system refuses: a path that whoever typed it has to change, or a disk that fails."""
    path = repr(str(error.filename or "a file")[:SHOWN_PATH])
    if error.errno in _PATHS:
        what, hint = _PATHS[error.errno]
        fault = Fault(code="path_not_usable", message=f"{path} {what}", hint=hint)
        return _failure(ExitCode.USAGE, fault.code, fault.message, [fault])
    hint = "Free some space, then run the same command again." if error.errno == errno.ENOSPC else "Try again later."
    fault = Fault(code="unavailable", message=f"{path} cannot be used: {error.strerror}", hint=hint)
    return _failure(ExitCode.UNAVAILABLE, fault.code, fault.message, [fault])


def _is_of_the_command_line(text: str) -> bool:
    """Whether `text` has what Python makes of an argument's bytes that are not UTF-8 (PEP 383); no cell has it."""
    return any("\udc80" <= char <= "\udcff" for char in text)


def _place(error: BaseException) -> str:
    """Where it happened; the message of a foreign error is left out, since it might hold a customer's value."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"in {os.path.basename(frames[-1].filename)}, line {frames[-1].lineno}" if frames else ""
