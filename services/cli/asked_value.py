"""A value that must not stand among a command's arguments, where every user of the machine could see it."""

from __future__ import annotations

import getpass
import sys

from penstock.domain.errors import refusal
from services.cli.failures import BadUsage

STDIN = "-"
MAX_BYTES = 64 * 1024  # more than any identifier has


def read_value(argument: str | None, what: str) -> str:
    """The argument, the one line of standard input for `-`, or what the person at the terminal types unseen.

    Raises `BadUsage`.
    """
    if argument is not None and argument != STDIN:
        return argument
    if argument == STDIN:
        return _from_stdin()
    if not sys.stdin.isatty():
        raise _usage("VALUE is missing", "Give it as an argument, or - to have it read from standard input.")
    try:
        return getpass.getpass(f"{what}: ", stream=sys.stderr)
    except EOFError:
        raise _usage("no value was typed", "Type the identifier's value.") from None


def _from_stdin() -> str:
    try:
        text = sys.stdin.buffer.read(MAX_BYTES + 1).decode()
    except UnicodeDecodeError:
        raise _usage("standard input is not UTF-8", "Write the value in UTF-8.") from None
    value = text.removesuffix("\n").removesuffix("\r")
    if not value or "\n" in value or len(text) > MAX_BYTES:
        raise _usage("standard input is not one value", "Write one value, on one line.")
    return value


def _usage(message: str, hint: str) -> BadUsage:
    return BadUsage(refusal("usage", message, hint).faults)
