"""File names become harmless."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.files.file_name import MAX_FILE_NAME, safe_file_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("customers.tsv", "customers.tsv"),
        ("Klanten 2026 – déf.tsv.gz", "Klanten 2026 – déf.tsv.gz"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\list.tsv", "list.tsv"),
        ("a\0b\r\nBcc: x@y.z\t.tsv", "abBcc: x@y.z.tsv"),
        ("\u202evst.exe", "vst.exe"),
        ("--rf.tsv", "rf.tsv"),
        (" .-hidden", "hidden"),
        ("cafe\u0301.tsv", "caf\u00e9.tsv"),
        ("", "file"),
        ("..", "file"),
        ("folder/", "file"),
        ("\ud800.tsv", "tsv"),
        ("x" * 4_000 + ".tsv.gz", "x" * (MAX_FILE_NAME - 7) + ".tsv.gz"),
        ("y" * 4_000, "y" * MAX_FILE_NAME),
    ],
)
def test_a_file_name_becomes_harmless(name: str, safe: str) -> None:
    assert safe_file_name(name) == safe


@given(st.text(st.one_of(st.characters(), st.sampled_from("./\\-\u202e\r\n\0e\u0301 ")), max_size=400))
def test_no_file_name_stays_harmful(name: str) -> None:
    safe = safe_file_name(name)
    assert 0 < len(safe) <= MAX_FILE_NAME
    assert not set("/\\\r\n\0") & set(safe)
    assert safe[0] not in ".- "
    assert not any(
        unicodedata.bidirectional(char) in {"RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI"} for char in safe
    )
    assert safe_file_name(safe) == safe
