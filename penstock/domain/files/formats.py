"""The formats that a file of rows may have, and how a file's is detected."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from penstock.domain.files.tabular_format import FileFormat, TabularFormat
from penstock.domain.files.tsv import TSV, is_tsv

_BOM = b"\xef\xbb\xbf"


class RegisteredFormat(NamedTuple):
    """`detect`: the dialect of a file, from its head and the offset at which its text begins; None unless the file
    shows that it has this format. `in_dialect`: the format, given a dialect that `detect` has returned."""

    detect: Callable[[bytes, int], str | None]
    in_dialect: Callable[[str], TabularFormat]


FORMATS: dict[str, RegisteredFormat] = {
    "tsv": RegisteredFormat(lambda head, start: "" if is_tsv(head, start) else None, lambda _: TSV),
}


def detect_format(head: bytes) -> FileFormat:
    """The first format that knows the file by its head as its own; TSV when none does, to say what is wrong with it."""
    start = text_start(head)
    for name, registered in FORMATS.items():
        dialect = registered.detect(head, start)
        if dialect is not None:
            return FileFormat(name, dialect)
    return FileFormat()


def tabular_format(chosen: FileFormat) -> TabularFormat:
    """The format of a plan. Raises KeyError for a name that is not listed."""
    return FORMATS[chosen.name].in_dialect(chosen.dialect)


def text_start(head: bytes) -> int:
    """The offset of a file's text, after the byte-order mark if it has one."""
    return len(_BOM) if head.startswith(_BOM) else 0
