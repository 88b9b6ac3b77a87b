"""The supported file formats, and how a file's format is detected."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from penstock.domain.files.csv import CSV, detect_delimiter
from penstock.domain.files.ndjson import NDJSON, detect_separator
from penstock.domain.files.quoted_tsv import QUOTED, QUOTED_TSV, is_quoted_reject_file
from penstock.domain.files.tabular_format import FileFormat, TabularFormat
from penstock.domain.files.tsv import TSV, is_tsv

BOM = b"\xef\xbb\xbf"


class RegisteredFormat(NamedTuple):
    """`detect` returns the file's dialect, given its first bytes and the offset at which its text begins, or None when
    they do not show that it has this format. `in_dialect` returns the format for a dialect from `detect`. A file's name
    ends in the format's name; `media_type` is for downloads."""

    detect: Callable[[bytes, int], str | None]
    in_dialect: Callable[[str], TabularFormat]
    media_type: str


_TSV_DIALECTS: dict[str, TabularFormat] = {"": TSV, QUOTED: QUOTED_TSV}


def _tsv_dialect(head: bytes, start: int) -> str | None:
    if is_quoted_reject_file(head, start):
        return QUOTED
    return "" if is_tsv(head, start) else None


FORMATS: dict[str, RegisteredFormat] = {
    "tsv": RegisteredFormat(_tsv_dialect, _TSV_DIALECTS.__getitem__, "text/tab-separated-values"),
    "ndjson": RegisteredFormat(detect_separator, NDJSON.__getitem__, "application/x-ndjson"),
    "csv": RegisteredFormat(detect_delimiter, CSV.__getitem__, "text/csv"),
}


def detect_format(head: bytes, *, quoted: bool = False) -> FileFormat:
    """The first format that recognises `head`; otherwise TSV, which a file of one column is. `quoted`: the cells of TSV
    may be in quotes."""
    found = _detected(head)
    return FileFormat(found.name, QUOTED) if quoted and found.name == FileFormat().name else found


def _detected(head: bytes) -> FileFormat:
    start = text_start(head)
    for name, registered in FORMATS.items():
        dialect = registered.detect(head, start)
        if dialect is not None:
            return FileFormat(name, dialect)
    return FileFormat()


def tabular_format(chosen: FileFormat) -> TabularFormat:
    """The implementation of a plan's format. Raises KeyError for an unknown name."""
    return FORMATS[chosen.name].in_dialect(chosen.dialect)


def text_start(head: bytes) -> int:
    """The offset of a file's text, after the byte-order mark if it has one."""
    return len(BOM) if head.startswith(BOM) else 0
