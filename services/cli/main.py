"""The command line. Only the module of the command that was asked for is imported, so that each starts fast."""

from __future__ import annotations

import importlib
import io
import signal
import sys
from collections.abc import Sequence

import typer

from penstock.domain.errors import Fault
from penstock.hardening import no_core_dumps
from services.cli.failures import BadUsage, ExitCode, judge, show
from services.cli.output import Output

# The module that each command lives in, in the order in which --help lists them.
COMMANDS = {
    "ingest": "ingest",
    "demo": "demo",
    "up": "up",
    "upload": "request_commands",
    "requests": "request_commands",
    "request": "request_commands",
    "watch": "request_commands",
    "rejects": "request_commands",
    "cancel": "request_commands",
    "undo": "request_commands",
    "resubmit": "request_commands",
    "profile": "profile",
    "source": "catalog_commands",
    "attribute": "catalog_commands",
    "mapping": "catalog_commands",
    "key": "key_commands",
    "key-file": "key_file_command",
    "publisher": "publisher_commands",
    "dead-letters": "dead_letter_commands",
    "migrate": "migrate_command",
    "uploader": "service_commands",
    "splitter": "service_commands",
    "worker": "service_commands",
    "tracker": "service_commands",
}

EXIT_CODES = (
    "Exit codes: 0 done, for ingest and watch COMPLETED; 1 refused, not found or not COMPLETED; 2 a wrong call; "
    "3 a disk, a server or a key is away; 130 interrupted."
)


def main() -> None:
    """The `penstock` script."""
    no_core_dumps()
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
    try:
        code = application(arguments[0] if arguments else "")(arguments, prog_name="penstock", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        return ExitCode.PIPE_CLOSED
    except typer.TyperException as error:
        return _bad_usage(error, as_json="--json" in arguments)
    return int(code or ExitCode.DONE)


def application(command: str) -> typer.Typer:
    """The command line with the commands of one module, or with all when there is no such command."""
    app = typer.Typer(
        name="penstock",
        help="Penstock turns files of customer rows into encrypted customer profiles.",
        no_args_is_help=True,
        add_completion=False,
        epilog=EXIT_CODES,
    )
    app.callback()(lambda: None)  # keeps a single command a command with a name
    for module in [COMMANDS[command]] if command in COMMANDS else dict.fromkeys(COMMANDS.values()):
        importlib.import_module(f"services.cli.{module}").register(app)
    return app


def _bad_usage(error: typer.TyperException, *, as_json: bool) -> int:
    """Tell what is wrong with a command line that has no such form; where all of it is missing, help was shown."""
    if not error.format_message():
        return ExitCode.USAGE
    fault = Fault(code="usage", message=error.format_message(), mend="Add --help to see how the command is used.")
    failure = judge(BadUsage([fault]))
    show(Output(as_json=as_json), failure, {})
    return failure.exit_code
