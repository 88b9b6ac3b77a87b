"""Detects files in unsupported formats by their first bytes, so that the error can name the format."""

from __future__ import annotations

import re

from penstock.domain.errors import Refused, refusal
from penstock.domain.files.compression import PLAIN, compression_of
from penstock.domain.files.ndjson import is_ndjson

SAVE_AS_UTF8 = "Save or export the file as UTF-8."
_SAVE_AS_TEXT = "Open it in the program that created it and save it as CSV or tab-separated text (TSV) in UTF-8."
_ONE_PER_LINE = "Write one object per line (NDJSON), such as with jq -c '.[]'."

_SAMPLE = 256  # bytes
_MAGIC = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook (.xlsx)",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Excel workbook (.xls)",
    b"%PDF-": "a PDF",
    b"PAR1\x15": "a Parquet file",
    b"Obj\x01": "an Avro file",
    b"SQLite format 3\0": "an SQLite database",
    b"BZh91AY&SY": "a bzip2 archive",
    b"\xfd7zXZ\0": "an xz archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}
_TEXT = {b"<?xml": "an XML file", b"<!doctype": "a web page", b"<html": "a web page"}
_JSON = re.compile(rb'\s*(\[\s*)*\{\s*"')


def is_other_format(head: bytes) -> bool:
    """Whether the plain bytes `head` show another kind of file."""
    try:
        refuse_other_formats(head)
    except Refused:
        return True
    return False


def refuse_other_formats(head: bytes) -> None:
    """Raise `Refused` (`not_tabular`) when the plain bytes `head` show another kind of file."""
    if compression_of(head) != PLAIN:
        raise refusal("not_tabular", "the file was compressed twice", "Compress it once, or upload it as it is.")
    lowered = head[:_SAMPLE].lower()
    for prefix, kind in (*_MAGIC.items(), *_TEXT.items()):
        if head.startswith(prefix) or (prefix in _TEXT and lowered.startswith(prefix)):
            raise refusal("not_tabular", f"the file is {kind}, not CSV, TSV or NDJSON", _SAVE_AS_TEXT)
    if _JSON.match(head) and not is_ndjson(head, 0):
        raise refusal("not_tabular", "the file is JSON that does not have one object per line", _ONE_PER_LINE)
