"""What an inspection reports of a file."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

from penstock.application.uploads.inspection import MAX_INSPECTED_BYTES, MAX_SAMPLE_CELL, SAMPLE_ROWS, inspect
from penstock.domain.mapping.mapping import ColumnMapping, Limits, Mapping

LIMITS = Limits()


def test_a_whole_small_file() -> None:
    seen = inspect([b"\xef\xbb\xbfcrmid\tname\r\n", b"c1\tAnn\r\n\r\nc2\tBob"], LIMITS)
    assert (seen.compression, seen.complete, seen.decompression_faults) == ("plain", True, [])
    assert seen.lines() == [["crmid", "name"], ["c1", "Ann"], ["c2", "Bob"]]
    assert seen.faults(None, LIMITS) == []


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


def test_a_cut_file_is_reported_with_what_was_read() -> None:
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
