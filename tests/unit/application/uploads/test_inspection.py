"""What an inspection reports of a file."""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.application.uploads.inspection import MAX_INSPECTED_BYTES, MAX_SAMPLE_CELL, SAMPLE_ROWS, inspect
from penstock.domain.files.header import parse_header
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.mapping import ColumnMapping, Limits, Mapping

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LIMITS = Limits()


def test_a_whole_small_file() -> None:
    seen = inspect([b"\xef\xbb\xbfcrmid\tname\r\n", b"c1\tAnn\r\n\r\nc2\tBob"], LIMITS)
    assert (seen.compression, seen.complete, seen.decompression_faults) == ("plain", True, [])
    assert seen.lines() == [["crmid", "name"], ["c1", "Ann"], ["c2", "Bob"]]
    assert seen.faults(None, LIMITS) == []


@pytest.mark.parametrize(
    "content",
    [
        b"crmid\tFirst name\nc1\tAnn\ncrmid\tFirst name\ncrmid\tBob\n",
        b'crmid;"First name"\nc1;Ann\ncrmid;First name\ncrmid;Bob\n',
    ],
)
def test_a_repeated_header_is_not_in_the_sample(content: bytes) -> None:
    """Of files that were joined: the ingestion rejects it, so it says nothing of the columns."""
    sample = inspect([content], LIMITS).sample
    assert [list(cells) for cells in sample.columns] == [["c1", "crmid"], ["Ann", "Bob"]]
    assert sample.complete


def test_an_endless_file_is_read_up_to_a_limit() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 524_288
            yield b"crmid\tx\n" * 65_536

    seen = inspect(endless(), Limits(file_bytes=1 << 60))
    assert not seen.complete
    assert taken <= MAX_INSPECTED_BYTES + 2 * 524_288
    assert len(seen.lines()) == SAMPLE_ROWS + 1
    assert not seen.sample.complete


def test_a_file_without_a_header_is_read_no_further() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 65_536
            yield b"x" * 65_536

    seen = inspect(endless(), Limits(file_bytes=1 << 60))
    assert taken <= 2_000_000
    assert [fault.code for fault in seen.faults(None, LIMITS)] == ["header_too_long"]


def test_the_sample_is_drawn_from_all_of_the_file() -> None:
    rows = 300_000
    content = b"crmid\tn\n" + b"".join(b"c%d\t%d\n" % (row, row) for row in range(rows))
    plain, packed = inspect([content], LIMITS).sample, inspect([gzip.compress(content, 1)], LIMITS).sample
    assert plain == packed
    assert (plain.names, plain.rows, plain.complete) == (["crmid", "n"], 2_000, False)
    assert int(plain.columns[1][-1]) > 0.95 * rows


def test_every_row_of_a_small_file_is_in_the_sample() -> None:
    sample = inspect([b"crmid\tname\nc1\tAnn\nbad row\nc2\tBob"], LIMITS).sample
    assert (sample.columns, sample.complete) == ([["c1", "c2"], ["Ann", "Bob"]], True)


def test_the_compression_is_recognised_in_pieces_of_any_size() -> None:
    packed = gzip.compress(b"crmid\nc1\n")
    seen = inspect((packed[at : at + 1] for at in range(len(packed))), LIMITS)
    assert (seen.compression, seen.lines()) == ("gzip", [["crmid"], ["c1"]])


def test_a_truncated_file_is_reported_with_its_first_rows() -> None:
    seen = inspect([gzip.compress(b"crmid\nc1\nc2")[:-9]], LIMITS)
    assert [fault.code for fault in seen.faults(None, LIMITS)] == ["truncated_file"]


def test_a_mapping_is_checked_when_there_is_one() -> None:
    mapping = Mapping(
        data_source="crm", version=1, columns=(ColumnMapping(column="id", attribute="crmid", identifier=True),)
    )
    seen = inspect([b"crmid\nc1\n"], LIMITS)
    assert [fault.code for fault in seen.faults(mapping, LIMITS)] == ["unknown_mapped_column"]


def test_long_cells_are_cut_and_bytes_that_are_no_text_do_not_hurt() -> None:
    seen = inspect([b"crmid\tx\n" + b"\xff" * 1_000 + b"\tok\n"], LIMITS)
    assert [len(cell) for cell in seen.lines()[1]] == [MAX_SAMPLE_CELL, 2]


def test_an_empty_file_has_no_lines() -> None:
    seen = inspect([], LIMITS)
    assert seen.lines() == []
    assert [fault.code for fault in seen.faults(None, LIMITS)] == ["empty_file"]


ROWS = b"crmid\tname\n" + b"".join(b"c%d\tB\xc3\xa9a %d\n" % (row, row) for row in range(200))


@settings(deadline=None)
@given(cut=st.integers(0, len(ROWS) - 1))
def test_of_a_file_that_is_still_coming_whole_lines_are_seen(cut: int) -> None:
    seen = inspect([ROWS[:cut]], LIMITS, partial=True)
    whole = ROWS[:cut].count(b"\n")
    assert (seen.complete, seen.sample.complete, seen.head) == (False, False, ROWS[: ROWS.rfind(b"\n", 0, cut) + 1])
    if whole:
        assert seen.faults(None, LIMITS) == []
        assert (seen.sample.names, seen.sample.rows) == (["crmid", "name"], whole - 1)
        assert [row[1] for row in seen.lines()[1:]] == [f"Béa {row}" for row in range(min(whole - 1, SAMPLE_ROWS))]


@pytest.mark.parametrize(
    ("pack", "options"),
    [
        (gzip.compress, FileOptions()),
        (zstd.compress, FileOptions()),
        (lambda plain: plain.decode().encode("utf-16"), FileOptions(encoding="utf-16")),
    ],
    ids=["gzip", "zstd", "utf-16"],
)
def test_a_compressed_or_encoded_file_that_is_still_coming_has_no_fault(
    pack: Callable[[bytes], bytes], options: FileOptions
) -> None:
    packed = pack(ROWS)
    for cut in range(0, len(packed) - 1, 37):
        seen = inspect([packed[:cut]], LIMITS, options, partial=True)
        assert seen.decompression_faults == []
        assert not seen.head or seen.faults(None, LIMITS) == []
        assert all(name.startswith("Béa") for name in (seen.sample.columns[1] if seen.head else []))
    assert inspect([packed], LIMITS, options, partial=True).sample.rows == 200


def test_a_damaged_file_that_is_still_coming_is_reported() -> None:
    packed = gzip.compress(ROWS)
    damaged = packed[:20] + bytes(255 - byte for byte in packed[20:40]) + packed[40:]
    (fault,) = inspect([damaged[:-10]], LIMITS, partial=True).faults(None, LIMITS)
    assert fault.code == "corrupt_file"


OWN_KEY = "write one value of it into a key of its own, or leave it out"


def test_columns_of_objects_and_arrays_do_not_hide_the_others() -> None:
    rows = [
        {"id": f"C{row}", "email": f"p{row}@a.org", "address": {"city": "Ulm"}, "tags": ["b"] if row % 2 else []}
        for row in range(40)
    ]
    sample = inspect([ndjson(rows)], LIMITS).sample
    assert (sample.names, sample.rows, sample.complete) == (["id", "email", "address.city", "tags"], 40, True)
    assert [list(column[:2]) for column in sample.columns[1:3]] == [["p0@a.org", "p1@a.org"], ["Ulm", "Ulm"]]
    assert sample.unreadable == {"tags": f"holds arrays: {OWN_KEY}"}


@pytest.mark.parametrize(("nested", "unreadable", "rows"), [(2, [], 38), (3, ["phone"], 40)])
def test_a_few_nested_values_cost_their_rows_only(nested: int, unreadable: list[str], rows: int) -> None:
    content = ndjson([{"id": row, "phone": ["1"] if row < nested else "2"} for row in range(40)])
    sample = inspect([content], LIMITS).sample
    assert (list(sample.unreadable), sample.rows) == (unreadable, rows)
    assert all("in 3 of 40 rows" in reason for reason in sample.unreadable.values())


def test_keys_that_only_later_rows_have_are_warned_about() -> None:
    first = [{"id": row, "text": "x" * 1_000} for row in range(1_100)]
    late = [{"id": row, "a": {"b": 1}, "c": 2} for row in range(1_000)]
    (warning,) = inspect([ndjson([*first, *late])], LIMITS).warnings
    assert warning.code == "later_keys"
    assert re.search(r"'a' in [1-9]\d*, 'c' in [1-9]\d*; ", warning.message)
    assert inspect([ndjson([*late, *first])], LIMITS).warnings == []


def test_null_and_a_missing_key_are_no_value_beside_objects() -> None:
    content = ndjson([{"id": 1, "x": {}}, {"id": 2, "x": None}, {"id": 3}])
    assert inspect([content], LIMITS).sample.unreadable == {"x": f"holds objects: {OWN_KEY}"}


def ndjson(rows: list[dict[str, object]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.mark.parametrize(
    "content", ['[{"id":1,"email":"a@b.de"}]', '{"rows":\n[{"id":1,"email":"a@b.de"}]}', "<?xml?>a@b.de"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_no_text_of_another_kind_of_file_is_shown(content: str, encoding: str) -> None:
    seen = inspect([content.encode(encoding)], LIMITS)
    assert (seen.lines(), seen.sample.names, seen.fits(LIMITS)) == ([], (), False)
    assert [fault.code for fault in seen.faults(None, LIMITS)][-1] == "not_tabular"


MESSY = "crmid\te-mail\tlast name\n" + "".join(f"C{row}\tp{row}@a.org\tGärtner Zoë {row}\n" for row in range(200))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "cp1252"])
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_a_file_is_read_in_the_detected_encoding_and_all_faults_are_listed(encoding: str, size: int) -> None:
    content = MESSY.encode(encoding)
    seen = inspect((content[at : at + size] for at in range(0, len(content), size)), LIMITS)
    codes = [fault.code for fault in seen.faults(None, LIMITS)]
    assert codes == ["not_utf8", "hyphen_in_column_name", "space_in_column_name"]
    assert seen.needed_options == FileOptions(encoding=encoding, clean_headers=True)
    assert seen.fits(LIMITS)
    assert seen.lines()[:2] == [["crmid", "e_mail", "last_name"], ["C0", "p0@a.org", "Gärtner Zoë 0"]]
    assert (seen.sample.names, seen.sample.rows) == (["crmid", "e_mail", "last_name"], 200)
    declared = inspect([content], LIMITS, seen.needed_options)
    assert declared.faults(None, LIMITS) == []
    assert (declared.needed_options, declared.sample) == (seen.needed_options, seen.sample)


def test_a_large_file_is_read_to_its_end_in_the_detected_encoding() -> None:
    rows = 100_000
    content = "id;name\n" + "".join(f"{row};Zoë {row}\n" for row in range(rows))
    sample = inspect([content.encode("cp1252")], LIMITS).sample
    assert all(name.startswith("Zoë ") for name in sample.columns[1])
    assert int(sample.columns[0][-1]) > 0.95 * rows


def test_names_are_cleaned_only_if_that_fixes_every_fault() -> None:
    limits = Limits(columns=2)
    seen = inspect([b"a b\tc\td\n1\t2\t3\n"], limits)
    assert [fault.code for fault in seen.faults(None, limits)] == ["too_many_columns", "space_in_column_name"]
    assert seen.needed_options == FileOptions()
    assert (seen.lines()[0], seen.fits(limits)) == (["a b", "c", "d"], False)


def test_a_mapping_is_checked_against_cleaned_names() -> None:
    column = ColumnMapping(column="e_mail", attribute="email", identifier=True)
    mapping = Mapping(data_source="crm", version=1, columns=(column,))
    seen = inspect([b"e-mail\tx\na@b.de\t1\n"], LIMITS)
    assert [fault.code for fault in seen.faults(mapping, LIMITS)] == ["hyphen_in_column_name"]
    assert seen.fits(LIMITS)


def test_nothing_is_detected_in_a_file_that_begins_as_utf_8() -> None:
    seen = inspect(["\ufeffid;name\n".encode() + b"1;Zo\xeb\n" * 9], LIMITS)
    assert [fault.code for fault in seen.faults(None, LIMITS)] == ["not_utf8"]
    assert (seen.needed_options, seen.fits(LIMITS)) == (FileOptions(), False)


def test_a_cut_file_in_another_encoding_is_shown_as_far_as_it_goes() -> None:
    packed = gzip.compress(MESSY.encode("cp1252"))[:-9]
    seen = inspect([packed], LIMITS)
    assert [fault.code for fault in seen.faults(None, LIMITS)] == ["truncated_file"]
    assert seen.lines()[1] == ["C0", "p0@a.org", "Gärtner Zoë 0"]


QUOTED = (
    b'id\tname\tspend amount\nC1\t"Bob ""Bobby"" Jones"\t"$1,000.00"\nC2\tAnn\t7.00\nC3\t"two\nlines"\t"$2,500.00"\n'
)


def test_quotes_of_a_spreadsheet_are_noticed_and_read() -> None:
    seen = inspect([QUOTED], LIMITS)
    (warning,) = seen.warnings
    assert (warning.code, warning.column) == ("quoted_cells", "name")
    assert seen.needed_options == FileOptions(quoted=True, clean_headers=True)
    assert [list(cells) for cells in seen.sample.columns] == [
        ["C1", "C2", "C3"],
        ['Bob "Bobby" Jones', "Ann", "two\nlines"],
        ["$1,000.00", "7.00", "$2,500.00"],
    ]
    assert seen.lines()[3] == ["C3", "two\nlines", "$2,500.00"]
    declared = inspect([QUOTED], LIMITS, seen.needed_options)
    assert (declared.warnings, declared.sample) == ([], seen.sample)


@pytest.mark.parametrize("content", [QUOTED.replace(b",", b"").replace(b"\t", b";"), b'id\tsize\nC1\t5"\nC2\t7"\n'])
def test_quotes_of_other_files_are_no_warning(content: bytes) -> None:
    seen = inspect([content], LIMITS)
    assert (seen.warnings, bool(seen.needed_options.quoted)) == ([], False)


def lines_within(rows: int, every: int, *, last: bool = False) -> bytes:
    """Tab-separated text of a spreadsheet, in which some cells hold line breaks, such as addresses."""

    def row(number: int) -> str:
        street = f'"High Street {number}\n2nd floor"' if number % every == 0 else f"High Street {number}"
        return f"C{number}\tAnn\t{street}\n" if last else f"C{number}\t{street}\tAnn\n"

    return ("id\tb\tc\n" + "".join(map(row, range(rows)))).encode()


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("rows", [40, 20_000, 400_000])
def test_line_breaks_in_quoted_cells_are_noticed(rows: int, *, last: bool) -> None:
    seen = inspect([lines_within(rows, 3, last=last)], LIMITS)
    (warning,) = seen.warnings
    assert (warning.code, warning.column) == ("quoted_cells", None)
    assert "lines have a wrong number of fields" in warning.message
    assert "High" not in warning.message
    assert seen.needed_options == FileOptions(quoted=True)
    assert seen.sample.rows == min(rows, 2_000)
    street = seen.sample.columns[2 if last else 1]
    assert sum("\n2nd floor" in cell for cell in street) == pytest.approx(seen.sample.rows / 3, rel=0.05)
    if rows == 40:
        assert inspect([lines_within(rows, 3, last=last)], LIMITS, seen.needed_options).warnings == []


@pytest.mark.parametrize(
    "content",
    [
        lines_within(100, 50),
        b"id\tb\tc\n" + b'C1\t"5\t7\n' * 50 + b"C1\t5\n" * 2,
        b"id\tb\tc\n" + b'C1\t"5\t7\n' * 50,
    ],
    ids=["two cells", "inches", "only inches"],
)
def test_few_open_quotes_and_inches_are_no_line_breaks(content: bytes) -> None:
    seen = inspect([content], LIMITS)
    assert (seen.warnings, seen.needed_options) == ([], FileOptions())


@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_many_rows_with_a_wrong_number_of_fields_are_counted(delimiter: str) -> None:
    row = delimiter.join(["C1", "High Street", "Ann"]) + "\n"
    torn = delimiter.join(["C1", "High Street"]) + "\n" + delimiter.join(["2nd floor", "Ann"]) + "\n"
    content = delimiter.join(["id", "b", "c"]) + "\n" + row * 400 + torn
    assert inspect([content.encode()], LIMITS).warnings == []
    (warning,) = inspect([(content + torn * 19).encode()], LIMITS).warnings
    assert warning.code == "misshapen_rows"
    assert "40 of 440 sampled rows" in warning.message


@given(
    st.binary(max_size=300)
    | st.lists(st.sampled_from([b"\0", b"a", b"\t", b'"', b"\n", b"\xff", b"\xfe"])).map(b"".join)
)
def test_any_bytes_are_inspected(content: bytes) -> None:
    seen = inspect([content], LIMITS)
    assert seen.fits(LIMITS) or seen.faults(None, LIMITS)


def test_suggestions_have_the_names_that_the_header_gets() -> None:
    """The first column is renamed, since the second has a valid name."""
    head = b" a\ta\n1\t2\n"
    seen = inspect([head], Limits())
    header = parse_header(head, mapping=None, limits=Limits(), complete=True, options=seen.needed_options)
    assert list(seen.sample.names) == list(header.columns) == seen.lines()[0] == ["a_2", "a"]
