"""Long commands on several lines that a shell reads as one."""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_LINE = 200  # characters of a command on one line
WIDTH = 96  # characters of each line of a longer one
INDENT = "  "

_QUOTED = r"""'[^']*'|"[^"]*"|\\."""
_WORD = re.compile(rf"(?:{_QUOTED}|[^\s'\"\\])+", re.DOTALL)


def command_lines(command: str) -> Sequence[str]:
    """A command as one line, or broken before options, with backslashes at the ends of its lines."""
    if len(command) <= MAX_LINE:
        return [command]
    lines = [""]
    for option in _options(command):
        if lines[-1] and len(lines[-1]) + len(option) >= WIDTH:
            lines.append(INDENT + option)
        else:
            lines[-1] = f"{lines[-1]} {option}" if lines[-1] else option
    return [*(f"{line} \\" for line in lines[:-1]), lines[-1]]


def _options(command: str) -> list[str]:
    """The parts of a command, each option with its value."""
    parts: list[str] = []
    for word in _WORD.findall(command):
        if parts and not word.startswith("--"):
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    return parts
