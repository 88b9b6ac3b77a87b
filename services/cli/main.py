"""The command line. Only the module of the given command is imported, so that each starts fast."""

from __future__ import annotations

import importlib
import io
import os
import re
import signal
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import Annotated

import typer

from penstock.config import mistyped
from penstock.domain.errors import Fault
from penstock.domain.near_names import nearest_name
from penstock.hardening import protect_memory
from services.cli.command_list import COMMANDS
from services.cli.failures import BadUsage, ExitCode, failure_of, show
from services.cli.output import Output

EXIT_CODES = (
    "Exit codes: 0 done (ingest and watch: COMPLETED); 1 refused, not found or not COMPLETED; 2 wrong usage; "
    "3 a disk, a server or a key is unavailable; 4 HELD, waits for approve or cancel; 70 a bug in Penstock; "
    "130 interrupted; 141 the reader of the output is gone."
)


_NOT_A_CHOICE = re.compile(r"'(?P<value>[^']*)' is not one of (?P<choices>.+)")
_COMPLETING = "_PENSTOCK_COMPLETE"  # set by a shell's completion script
_TYPED = ("_TYPER_COMPLETE_ARGS", "COMP_WORDS")  # the command line typed so far: zsh and fish, bash


def main() -> None:
    """The `penstock` script."""
    protect_memory()
    os.umask(0o077)  # files are private to the user
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # an old terminal's character set must not end a command
    try:
        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while a command's own modules were still loading
        code = ExitCode.INTERRUPTED
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code."""
    _warn_of_mistyped_settings()
    try:
        code = application(_command(arguments))(arguments, prog_name="penstock", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        return ExitCode.PIPE_CLOSED
    except typer.TyperException as error:
        return _bad_usage(error, as_json="--json" in arguments)
    return int(code or ExitCode.DONE)


def application(command: str) -> typer.Typer:
    """The command line with the commands of one module; when there is no such command, with the names of all."""
    app = typer.Typer(
        name="penstock",
        help="Penstock turns files of customer rows into encrypted customer profiles.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["--help", "-h"]},
        epilog=EXIT_CODES,
    )
    app.callback()(_options)
    if command in COMMANDS:
        importlib.import_module(f"services.cli.{COMMANDS[command].module}").register(app)
        return app
    for name, each in COMMANDS.items():  # without their modules, which take too long to load for a list of names
        app.command(name, help=each.summary, rich_help_panel=each.panel)(_name_only)
    return app


def _warn_of_mistyped_settings() -> None:
    if _COMPLETING in os.environ:
        return  # the user is still typing the line
    for variable, near in mistyped(os.environ).items():
        sys.stderr.write(f"Warning: {variable} is not a setting and is ignored. Did you mean {near}?\n")


def _command(arguments: Sequence[str]) -> str:
    """The command that is run or completed by a shell; empty if there is none yet."""
    if _COMPLETING in os.environ:
        arguments = next((os.environ[name] for name in _TYPED if name in os.environ), "").split()[1:]
    return next((each for each in arguments if not each.startswith("-")), "")


def _name_only() -> None:
    """Stands in for a command if only its name is needed."""


def _print_version(requested: bool) -> None:
    if requested:
        sys.stdout.write(f"penstock {metadata.version('penstock')}\n")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of `penstock` itself."""


def _near_option(error: typer.TyperException) -> str | None:
    """The option that a mistyped one most likely means; of an unknown command, the message names near ones."""
    option = getattr(error, "option_name", None)  # typer does not export the class of this error
    return nearest_name(option, getattr(error, "possibilities", None) or ()) if option else None


def _near_choice(message: str) -> str | None:
    wrong = _NOT_A_CHOICE.search(message)
    return nearest_name(wrong["value"], re.findall("'([^']+)'", wrong["choices"])) if wrong else None


def _bad_usage(error: typer.TyperException, *, as_json: bool) -> int:
    """Print the fault of the command line; an empty one means that help was already printed."""
    if not error.format_message():
        return ExitCode.USAGE
    message = error.format_message().replace("Value error, ", "", 1)  # added by pydantic, passed on by typer
    near = _near_option(error) or _near_choice(message)
    if near:
        message = message.partition(" (Possible options")[0]
    hint = f"{f'Did you mean {near}? ' if near else ''}Add --help to see how the command is used."
    fault = Fault(code="usage", message=message, hint=hint)
    failure = failure_of(BadUsage([fault]))
    show(Output(as_json=as_json), failure, {})
    return failure.exit_code
