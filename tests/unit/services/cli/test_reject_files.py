"""Reject files of any format are counted and taken apart, in whatever parts they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from penstock.domain.files.csv import CSV
from penstock.domain.files.json_keys import FLAT
from penstock.domain.files.ndjson import NDJSON
from penstock.domain.files.rejects import Reject, RejectedFile
from penstock.domain.files.tabular_format import TabularFormat
from penstock.domain.files.tsv import TSV
from services.cli.failures import BadUsage
from services.cli.reject_files import as_records, check_not_shown, save


def by_row(file: Iterable[bytes]) -> list[bytes]:
    return list(file)


def by_line(file: Iterable[bytes]) -> list[bytes]:
    return b"".join(file).splitlines(keepends=True)


@pytest.mark.parametrize("parts_of", [by_row, by_line])
@pytest.mark.parametrize(
    ("file_format", "rows", "cells"),
    [
        (TSV, [b"C1\tx", b"C2", b""], [["C1", "x"], ["C2"], [""]]),
        (CSV[";"], [b'C1;"one\ntwo"', b"C2", b""], [["C1", "one\ntwo"], ["C2"], [""]]),
        (
            NDJSON[FLAT],
            [b'{"a": "C1", "b": 1.10}', b'{"c": [1]}', b"C3"],
            [["C1", "1.10", "", ""], ["", "", "[1]", ""], ["", "", "", "C3"]],
        ),
    ],
    ids=["tsv", "csv", "ndjson"],
)
def test_rows_are_counted_and_taken_apart(
    tmp_path: Path,
    file_format: TabularFormat,
    rows: list[bytes],
    cells: list[list[str]],
    parts_of: Callable[[Iterable[bytes]], list[bytes]],
) -> None:
    rejects = [Reject(line, ("Too large (row_too_large)", "a: Wrong (x)"), row) for line, row in enumerate(rows, 2)]
    parts = parts_of(file_format.write_rejects(RejectedFile(("a", "b"), ("a", "b")), rejects))
    path = tmp_path / "rejects"
    assert save(parts, path) == len(rows)
    assert path.read_bytes() == b"".join(parts)
    assert as_records(parts) == [
        {"line": line, "reasons": ["row_too_large", "x:a"], "cells": row} for line, row in enumerate(cells, 2)
    ]


def test_an_error_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    output = tmp_path / "none" / "r.csv"
    with pytest.raises(FileNotFoundError) as raised:
        save([b"a\n"], output)
    assert raised.value.filename == str(output)


def test_a_terminal_shows_no_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    check_not_shown("ID", "")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    with pytest.raises(BadUsage) as raised:
        check_not_shown("ID", " --dropped")
    assert raised.value.code == "shown_on_terminal"
    assert "penstock rejects ID --dropped --output FILE" in raised.value.faults[0].hint


def test_no_parts_are_no_rows(tmp_path: Path) -> None:
    assert save([], tmp_path / "rejects") == 0
    assert as_records([]) == []


@pytest.mark.parametrize(
    ("line", "reasons", "expected"),
    [
        ("7", "a; b: The value is wrong (not_a_date)", (7, ["not_a_date:a; b"])),
        ("7", "a: b: It is wrong. Write an existing day as d-M-yyyy HH:mm (not_a_date)", (7, ["not_a_date:a: b"])),
        ("?", "The row is wrong; so (x); c: No (y)", (None, ["x", "y:c"])),
        ("", "any", (None, ["any"])),
    ],
)
def test_reasons_in_words_become_their_codes(line: str, reasons: str, expected: tuple[int | None, list[str]]) -> None:
    (record,) = as_records([f"penstock_line\tpenstock_reasons\ta\n{line}\t{reasons}\tcell\n".encode()])
    assert (record["line"], record["reasons"]) == expected
    assert record["cells"] == ["cell"]
