"""Input of a value that must not be a command argument, which every user of the machine could see."""

from __future__ import annotations

import getpass
import sys

from penstock.domain.errors import refusal
from services.cli.failures import BadUsage

STDIN = "-"
MAX_BYTES = 64 * 1024  # longer than any identifier


def read_value(argument: str | None, what: str) -> str:
    """The argument, or for `-` the one line of standard input, or without an argument a prompt that shows no input.

    Raises `BadUsage`.
    """
    if argument is not None and argument != STDIN:
        return argument
    if argument == STDIN:
        return _from_stdin()
    if not sys.stdin.isatty():
        raise _usage("VALUE is missing", "Give it as an argument, or use - to read it from standard input.")
    try:
        return getpass.getpass(f"{what}: ", stream=sys.stderr)
    except EOFError:
        raise _usage("no value was entered", "Enter the identifier's value.") from None


def _from_stdin() -> str:
    try:
        text = sys.stdin.buffer.read(MAX_BYTES + 1).decode()
    except UnicodeDecodeError:
        raise _usage("standard input is not UTF-8", "Use UTF-8.") from None
    value = text.removesuffix("\n").removesuffix("\r")
    if not value or "\n" in value or len(text) > MAX_BYTES:
        raise _usage("standard input is not a single value", "Send one value, on one line.")
    return value


def _usage(message: str, hint: str) -> BadUsage:
    return BadUsage(refusal("usage", message, hint).faults)
