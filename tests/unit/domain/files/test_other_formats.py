"""What people upload by mistake is named, and no TSV is taken for it."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from penstock.domain.errors import Refused
from penstock.domain.files.other_formats import refuse_other_formats


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("xl/workbook.xml", "")
    return target.getvalue()


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (zipped(), "Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "Excel"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PAR1\x15\x04", "Parquet"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"SQLite format 3\0" + bytes(16), "SQLite"),
        (b"<!DOCTYPE html><table>", "web page"),
        (b"<?xml version='1.0'?>", "XML"),
        (b'[{"crmid": 1}]', "JSON"),
        (b'{\n  "crmid": 1\n}\n', "JSON"),
        (gzip.compress(b"crmid\n1\n"), "twice"),
    ],
)
def test_files_of_other_kinds_are_named(head: bytes, kind: str) -> None:
    with pytest.raises(Refused, match=kind) as refused:
        refuse_other_formats(head)
    assert refused.value.code == "not_tabular"


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"crmid\tphone\n",
        b"PAR1\tPK\n",
        b"BZh\tx\n",
        b"a\0\n",
        b"<b>\t1\n",
        b'{"crmid": 1}\n',
        b"crmid,phone\n",
        "日本\tX\n".encode(),
    ],
)
def test_a_file_of_rows_passes(head: bytes) -> None:
    refuse_other_formats(head)
