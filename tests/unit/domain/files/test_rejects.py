"""Rejects come back as they were, in a file that is valid text, safe in a spreadsheet and fit to be uploaded again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import Corrupt
from penstock.domain.files.rejects import (
    REJECT_COLUMNS,
    Reject,
    RejectedFile,
    decode_rejects,
    dropped_file_name,
    encode_rejects,
    is_reject_header,
    neutralise_cell,
    reject_file_name,
    restore_cell,
)
from penstock.domain.files.tsv import TSV

rejects = st.lists(
    st.builds(
        Reject,
        line=st.integers(2, 2**40),
        reasons=st.lists(st.text(max_size=9), max_size=3).map(tuple),
        row=st.binary(max_size=20),
    ),
    max_size=4,
)
nasty_cells = st.text(st.sampled_from("'\"=+-@＝＋－＠\t\r \0aé"), max_size=8)


def tsv(header: list[str], *rows: bytes) -> list[str]:
    requested = [Reject(line, ("not_an_email:mail", "no_identifier"), row) for line, row in enumerate(rows, 2)]
    return (
        b"".join(TSV.write_rejects(RejectedFile(header, header, is_reject_header(header)), requested))
        .decode()
        .split("\n")
    )


@given(rejects, rejects)
def test_encoded_rejects_can_be_joined_and_decoded(one: list[Reject], two: list[Reject]) -> None:
    assert list(decode_rejects(encode_rejects(one) + encode_rejects(two))) == one + two


@given(rejects.filter(bool), st.data())
def test_cut_rejects_are_corrupt(some: list[Reject], data: st.DataObject) -> None:
    encoded = encode_rejects(some)
    whole = {len(encode_rejects(some[:count])) for count in range(len(some) + 1)}
    kept = data.draw(st.integers(1, len(encoded) - 1).filter(lambda kept: kept not in whole))
    with pytest.raises(Corrupt, match="cut or changed"):
        list(decode_rejects(encoded[:kept]))


def test_bytes_that_are_no_rejects_are_corrupt() -> None:
    with pytest.raises(Corrupt, match="cut or changed"):
        list(decode_rejects(b"\x00\x00\x00\x02\xc1\xc1"))


def test_the_file_names_line_and_reasons_before_the_original_cells() -> None:
    assert tsv(["crmid", "mail"], b"1\tx", b"\tna\xc3\xafve") == [
        "penstock_line\tpenstock_reasons\tcrmid\tmail",
        "2\tnot_an_email:mail; no_identifier\t1\tx",
        "3\tnot_an_email:mail; no_identifier\t\tnaïve",
        "",
    ]


@pytest.mark.parametrize("row", [b"", b"1", b"1\t2\t3\t4", b"\t\t\t"])
def test_a_ragged_row_keeps_the_fields_that_it_has(row: bytes) -> None:
    assert tsv(["crmid", "mail"], row)[1].split("\t", 2)[2] == row.decode()


def test_broken_utf_8_and_nul_become_replacement_characters() -> None:
    assert tsv(["crmid"], b"a\xffb\0\xc3")[1].split("\t")[2] == "a\ufffdb\ufffd\ufffd"


@pytest.mark.parametrize(
    "cell", ["=1+1", "+31612345678", "-5", "@SUM(A1)", '"=1+1"', " =1", "'=1", "''-", "\r=1", "＝1", "\r", "\ta"]
)
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(cell: str) -> None:
    assert neutralise_cell(cell).startswith("'" + cell[0])
    assert restore_cell(neutralise_cell(cell)) == cell


def test_a_formula_after_a_lone_carriage_return_is_neutralised_too() -> None:
    assert neutralise_cell("a\r=1") == "a\r'=1"


@pytest.mark.parametrize("cell", ["", "a=1", "1-2", "'tis", "O'Hara", '"quoted"', "a@b.nl"])
def test_an_ordinary_cell_stays_as_it_is(cell: str) -> None:
    assert neutralise_cell(cell) == cell
    assert restore_cell(cell) == cell


@given(st.one_of(nasty_cells, st.text()))
def test_restoring_gives_exactly_the_cell_that_was_neutralised(cell: str) -> None:
    neutral = neutralise_cell(cell)
    assert restore_cell(neutral) == cell
    for start in neutral.split("\r"):
        assert not start.lstrip("\"' ").startswith(tuple("=+-@")) or start.startswith("'")


@given(st.lists(nasty_cells.map(lambda cell: cell.replace("\t", "").replace("\0", "")), min_size=1, max_size=4))
def test_a_row_that_goes_out_and_comes_back_is_the_same_row(cells: list[str]) -> None:
    line = tsv(["a", "b"], "\t".join(cells).encode())[1]
    assert [restore_cell(cell) for cell in line.split("\t")[2:]] == cells


def test_column_names_are_neutralised_as_cells_are() -> None:
    assert tsv(["=x", "b"])[0] == "penstock_line\tpenstock_reasons\t'=x\tb"


def test_rejects_of_a_corrected_reject_file_do_not_grow_columns_or_apostrophes() -> None:
    header = [*REJECT_COLUMNS, "crmid", "phone"]
    assert tsv(header, b"9\tno_identifier\t1\t'+316", b"9\tno_identifier\t1\t+317") == [
        "penstock_line\tpenstock_reasons\tcrmid\tphone",
        "2\tnot_an_email:mail; no_identifier\t1\t'+316",
        "3\tnot_an_email:mail; no_identifier\t1\t'+317",
        "",
    ]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([*REJECT_COLUMNS, "a"], True),
        (REJECT_COLUMNS, True),
        (["a", *REJECT_COLUMNS], True),
        (["penstock_reasons", "a", "penstock_line"], True),
        (["penstock_line"], False),
    ],
)
def test_a_reject_file_is_known_by_two_columns(columns: list[str], expected: bool) -> None:
    assert is_reject_header(columns) is expected


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("people.tsv", "6f1d2e.tsv"),
        ("people.CSV", "6f1d2e.csv"),
        ("people.csv.gz", "6f1d2e.csv"),
        ("people.2024.ndjson.zst", "6f1d2e.ndjson"),
        ("people", "6f1d2e.tsv"),
        ("people.; rm -r", "6f1d2e.tsv"),
    ],
)
def test_a_reject_file_is_named_by_its_format_and_its_request(file: str, name: str) -> None:
    request_id = "01890000-0000-7000-8000-0000006f1d2e"
    assert reject_file_name(file, request_id) == f"rejects-{name}"
    assert dropped_file_name(file, request_id) == f"dropped-{name}"
