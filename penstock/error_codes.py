"""The documented error codes, read from the tables of docs/errors.md and docs/files.md.

So an answer's title, its page and the documentation have the same words. Both pages are part of the installed package.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

# "it" in the columns of files.md with these headings.
_SUBJECTS = {"the file is refused because": "the file", "the row is rejected because": "the row"}
_PAGES = ("errors.md", "files.md")
_CELL = re.compile(r"(?<!\\)\|")
_CODE = re.compile(r"`([a-z][a-z0-9_]*)`")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_CLAUSES = re.compile("[:;] ")


class ErrorCode(NamedTuple):
    """`title`: a short summary; `when`: the whole cause; `fix`: how to fix it, "" if only the fault's hint says so."""

    code: str
    title: str
    when: str
    fix: str


@cache
def error_codes() -> dict[str, ErrorCode]:
    """All documented codes."""
    found: dict[str, ErrorCode] = {}
    for page in _PAGES:
        for each in _codes_of((_docs() / page).read_text("utf-8")):
            found.setdefault(each.code, each)
    return found


def title_of(code: str, otherwise: str) -> str:
    documented = error_codes().get(code)
    return otherwise if documented is None else documented.title


def _docs() -> Traversable:
    """The folder of the documentation: inside the installed package, or beside it in a checkout."""
    packaged = files("penstock") / "docs"
    return packaged if packaged.is_dir() else Path(__file__).parents[1] / "docs"


def _codes_of(page: str) -> Iterator[ErrorCode]:
    heading: list[str] = []
    for line in page.splitlines():
        cells = [cell.strip() for cell in _CELL.split(line)[1:-1]] if line.startswith("|") else []
        if cells and cells[0] == "code":
            heading = cells
        elif cells and len(cells) == len(heading) and (match := _CODE.fullmatch(cells[0])):
            yield _code(match[1], dict(zip(heading, cells, strict=True)))
        elif not cells:
            heading = []


def _code(code: str, row: dict[str, str]) -> ErrorCode:
    for heading, subject in _SUBJECTS.items():
        if heading in row:
            when = _sentence(re.sub(r"^it\b", subject, row[heading]))
            return ErrorCode(code, _title(when), when, "")
    when = _sentence(row["when"])
    return ErrorCode(code, _title(when), when, _sentence(row["how to fix it"]))


def _title(when: str) -> str:
    return _CLAUSES.split(when)[0]


def _sentence(markdown: str) -> str:
    """Plain text; a command or a setting at its beginning stays as it is."""
    text = _LINK.sub(r"\1", markdown).replace(r"\|", "|")
    return (text if text.startswith("`") else text[:1].upper() + text[1:]).replace("`", "")
