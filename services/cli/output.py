"""What a command prints: its result on stdout, all that is said on the way on stderr.

With --json the result is one JSON document on the last line of stdout. It is pure ASCII, so that no value in it, U+2028
included, can be taken for the end of the line.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rich.console import Console, RenderableType

Document = dict[str, Any]

PIPE_WIDTH = 160  # columns, where no terminal says how wide it is

_TEXT = re.compile(r"[^\t\n]+")  # those two only move the cursor


class Output:
    """Where a command's result and messages go."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def result(self, document: Any, view: Callable[[], RenderableType]) -> None:
        """Print the command's one result: the document as JSON, or what `view` makes of it for a person."""
        if self.as_json:
            sys.stdout.write(json.dumps(document) + "\n")
            sys.stdout.flush()
        else:
            self.print(view())

    def print(self, *parts: RenderableType) -> None:
        """Print for a person, on stdout."""
        for part in parts:
            console(sys.stdout).print(part, crop=False)

    def write(self, lines: Iterable[bytes]) -> None:
        """Print text as it is; on a terminal without anything that the terminal would act on."""
        for line in lines:
            if sys.stdout.isatty():
                sys.stdout.write(_TEXT.sub(lambda text: printable(text[0]), line.decode()))
            else:
                sys.stdout.buffer.write(line)

    def say(self, message: RenderableType) -> None:
        """Tell the person at the terminal something that is not the result."""
        console(sys.stderr).print(printable(message) if isinstance(message, str) else message, crop=False)


def console(stream: Any) -> Console:
    """A console that takes no text for markup, and wraps nothing that goes into a pipe or a file early."""
    width = None if stream.isatty() else PIPE_WIDTH
    return Console(file=stream, markup=False, highlight=False, emoji=False, width=width)


def printable(value: object) -> str:
    """`value` without anything that a terminal would act on: such characters are shown by their number."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def all_printable(document: Any) -> Any:
    """A document with every text in it, names of fields included, as `printable` shows it."""
    match document:
        case str():
            return printable(document)
        case Mapping():
            return {printable(name): all_printable(value) for name, value in document.items()}
        case list() | tuple():
            return [all_printable(each) for each in document]
        case _:
            return document
