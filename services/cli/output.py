"""A command's output: the result on stdout, all other messages on stderr.

With --json the result is one JSON document on the last line of stdout. It is pure ASCII, so no character in it, not
even U+2028, can be mistaken for the end of the line.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rich.console import Console, RenderableType

Document = Mapping[str, Any]  # as the HTTP API answers it, which the types of penstock.documents describe

PIPE_WIDTH = 160  # columns, without a terminal

_TEXT = re.compile(r"[^\t\n]+")  # those two only move the cursor


class Output:
    """The stdout and stderr of a command."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def result(self, document: Any, view: Callable[[], RenderableType]) -> None:
        """Print the command's one result: `document` as JSON, or else `view`."""
        if self.as_json:
            sys.stdout.write(json.dumps(document) + "\n")
            sys.stdout.flush()
        else:
            self.print(view())

    def print(self, *parts: RenderableType) -> None:
        """Print for a human reader, on stdout."""
        for part in parts:
            console(sys.stdout).print(part, crop=False)

    def write(self, lines: Iterable[bytes]) -> None:
        """Print text unchanged; on a terminal, control characters are escaped."""
        for line in lines:
            if sys.stdout.isatty():
                sys.stdout.write(_TEXT.sub(lambda text: printable(text[0]), line.decode()))
            else:
                sys.stdout.buffer.write(line)

    def say(self, message: RenderableType) -> None:
        """Print a message that is not the result, on stderr."""
        console(sys.stderr).print(printable(message) if isinstance(message, str) else message, crop=False)


def console(stream: Any) -> Console:
    """A console without markup, which does not wrap lines for a pipe or a file at terminal width."""
    width = None if stream.isatty() else PIPE_WIDTH
    return Console(file=stream, markup=False, highlight=False, emoji=False, width=width)


def printable(value: object) -> str:
    """`value` with every character that a terminal might act on escaped."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def all_printable(document: Any) -> Any:
    """A document with every text in it, including field names, made `printable`."""
    match document:
        case str():
            return printable(document)
        case Mapping():
            return {printable(name): all_printable(value) for name, value in document.items()}
        case list() | tuple():
            return [all_printable(each) for each in document]
        case _:
            return document
