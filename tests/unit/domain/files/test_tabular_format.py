"""What every format promises: one suite, run for each format and dialect."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.access.permissions import Role
from penstock.domain.files.chunking import ChunkSpan, is_oversized_row, spans
from penstock.domain.files.csv import CSV
from penstock.domain.files.formats import FORMATS, detect_format, tabular_format
from penstock.domain.files.header import parse_header
from penstock.domain.files.json_keys import FLAT
from penstock.domain.files.ndjson import NDJSON
from penstock.domain.files.quoted_tsv import QUOTED, QUOTED_TSV
from penstock.domain.files.rejects import REJECT_COLUMNS, Reject, RejectedFile, restore_cell
from penstock.domain.files.rows import SET_ASIDE, parse, raw_rows
from penstock.domain.files.tabular_format import FileFormat, TabularFormat
from penstock.domain.files.tsv import TSV
from penstock.domain.ingestion.chunk import ingest_chunk
from penstock.domain.mapping.mapping import Limits
from penstock.domain.requests.request import Request, Status
from penstock.wiring.use_cases import use_cases_of
from services.row_processor import worker
from tests.support import messy_file
from tests.support.access import caller
from tests.support.driven_system import DrivenSystem

BY_NAME: dict[str, tuple[TabularFormat, FileFormat]] = {
    "tsv": (TSV, FileFormat()),
    "quoted": (QUOTED_TSV, FileFormat("tsv", QUOTED)),
    "comma": (CSV[","], FileFormat("csv", ",")),
    "semicolon": (CSV[";"], FileFormat("csv", ";")),
    "bar": (CSV["|"], FileFormat("csv", "|")),
    "ndjson": (NDJSON[FLAT], FileFormat("ndjson")),
}
ALL = pytest.mark.parametrize("name", BY_NAME)
HEADER = ("one", "two")
MAX_ROW = 20
bodies = st.text(st.sampled_from('ab\t;,|"\n\r\0é\u2028{}:'), max_size=60).map(str.encode) | st.binary(max_size=60)
cells = st.text(st.sampled_from("ab;,|\"'=+\u2028é"), max_size=5)
breaking_cells = st.text(st.sampled_from("ab;,|\t\"'=+\n\r\u2028é\\"), max_size=5)
ANN = caller(Role.UPLOADER, tenant_id=messy_file.TENANT)


def spans_of(file_format: TabularFormat, parts: list[bytes], chunk_bytes: int) -> list[ChunkSpan]:
    found = spans(
        parts, file_format, body_start=0, first_line=2, chunk_bytes=chunk_bytes, max_row_bytes=max(chunk_bytes, MAX_ROW)
    )
    return list(found)


def file_of(name: str, rows: list[list[str]]) -> bytes:
    """A file with these rows, as a program of the format's kind would write it."""
    if name == "ndjson":
        return "".join(json.dumps(dict(zip(HEADER, row, strict=True))) + "\n" for row in rows).encode()
    if name == "tsv":
        return "".join("\t".join(row) + "\n" for row in rows).encode()
    mark = "\t" if name == "quoted" else BY_NAME[name][1].dialect
    lines = (mark.join('"{}"'.format(cell.replace('"', '""')) for cell in row) for row in rows)
    return "".join(line + "\r\n" for line in lines).encode()


@ALL
@given(body=bodies, chunk_bytes=st.integers(1, 60))
def test_chunks_have_the_rows_of_the_whole_body(name: str, body: bytes, chunk_bytes: int) -> None:
    """A format agrees with itself on where rows end, whatever the bytes are and wherever chunks do."""
    file_format, _ = BY_NAME[name]
    found = [
        row
        for span in spans(
            [body], file_format, body_start=0, first_line=2, chunk_bytes=chunk_bytes, max_row_bytes=len(body) + 1
        )
        for row in raw_rows(body[span.start : span.end], file_format, first_line=span.first_line)
    ]
    assert found == list(raw_rows(body, file_format, first_line=2))


@ALL
@given(body=bodies, chunk_bytes=st.integers(1, 40))
def test_chunks_below_the_limit_of_rows_account_for_every_line(name: str, body: bytes, chunk_bytes: int) -> None:
    """Also where a quoted row is longer than the limit, and falls apart into its lines."""
    file_format, _ = BY_NAME[name]
    found = spans_of(file_format, [body], chunk_bytes)
    assert b"".join(body[span.start : span.end] for span in found) == body
    for span in found:
        text = body[span.start : span.end]
        assert span.first_line == 2 + body[: span.start].count(b"\n")
        if is_oversized_row(len(text), chunk_bytes=chunk_bytes, max_row_bytes=MAX_ROW):
            assert b"\n" not in text[:-1]
        elif len(text) > chunk_bytes:
            assert len(list(raw_rows(text, file_format, first_line=1))) <= 1


@ALL
@given(body=bodies, chunk_bytes=st.integers(1, 40), part=st.integers(1, 9))
def test_chunks_do_not_depend_on_how_the_bytes_arrive(name: str, body: bytes, chunk_bytes: int, part: int) -> None:
    file_format, _ = BY_NAME[name]
    parts = [body[at : at + part] for at in range(0, len(body), part)]
    assert spans_of(file_format, parts, chunk_bytes) == spans_of(file_format, [body], chunk_bytes)


@ALL
@given(body=bodies)
def test_every_row_is_read_or_rejected(name: str, body: bytes) -> None:
    file_format, _ = BY_NAME[name]
    parsed = parse(body, file_format, first_line=2, header=HEADER, used=(0, 1), max_cell_bytes=9)
    assert {len(column) for column in parsed.table.columns} == {len(parsed.table.raw)}
    accounted = [*parsed.table.lines, *(reject.line for reject in parsed.rejects)]
    assert sorted(accounted) == [line for line, _ in raw_rows(body, file_format, first_line=2)]


@ALL
@given(data=st.data(), chunk_bytes=st.integers(1, 60), last_newline=st.booleans())
def test_written_rows_are_read_from_chunks_of_any_size(
    name: str, data: st.DataObject, chunk_bytes: int, last_newline: bool
) -> None:
    file_format, _ = BY_NAME[name]
    cell = cells if name == "tsv" else breaking_cells
    rows = data.draw(st.lists(st.lists(cell, min_size=2, max_size=2), max_size=6))
    body = file_of(name, rows)
    lines: list[int] = []
    if not last_newline:
        body = body.removesuffix(b"\n").removesuffix(b"\r")
    read: list[tuple[str, ...]] = []
    for span in spans([body], file_format, body_start=0, first_line=2, chunk_bytes=chunk_bytes, max_row_bytes=1_000):
        parsed = parse(
            body[span.start : span.end],
            file_format,
            first_line=span.first_line,
            header=HEADER,
            used=(0, 1),
            max_cell_bytes=100,
        )
        assert not parsed.rejects
        read += zip(*parsed.table.columns, strict=True)
        lines += parsed.table.lines
    assert read == [tuple(row) for row in rows]
    breaks = [sum(cell.count("\n") for cell in row) if name not in ("tsv", "ndjson") else 0 for row in rows]
    assert lines == [2 + at + sum(breaks[:at]) for at in range(len(rows))]


@ALL
@given(data=st.data())
def test_a_reject_file_is_a_file_of_its_format(name: str, data: st.DataObject) -> None:
    """Its rows have the cells of the rejected ones again, neutralised."""
    file_format, chosen = BY_NAME[name]
    cell = cells if name == "tsv" else breaking_cells
    rows = data.draw(st.lists(st.lists(cell, min_size=2, max_size=2), min_size=1, max_size=3))
    rejects = [Reject(2, ("x",), row) for _, row in raw_rows(file_of(name, rows), file_format, first_line=1)]
    body = b"".join(file_format.write_rejects(RejectedFile(HEADER, HEADER), rejects))
    assert detect_format(body) == chosen
    header = file_format.read_header(body, 0, max_columns=9, complete=True)
    assert [cell.decode() for cell in header.cells] == [*REJECT_COLUMNS, *HEADER]
    text = body[header.body_start :].decode()
    names = [cell.decode() for cell in header.cells]
    came_back = [file_format.cells(row, names) for row in file_format.split_rows(text, header.first_line).rows]
    assert [[restore_cell(cell) for cell in found[2:]] for found in came_back] == rows


@pytest.mark.parametrize(
    ("head", "chosen"),
    [
        (b"a|b\n1;2|3\n", FileFormat("csv", "|")),
        (b"\xef\xbb\xbfa;b\n", FileFormat("csv", ";")),
        (b"a,b;c\n1,2;3\n", FileFormat("csv", ",")),
        (b"a,b;c;d\n1;2;3\n4;5,0;6\n", FileFormat("csv", ";")),
        (b'"a";"b, c"\n1;2\n', FileFormat("csv", ";")),
        (b'a,"b\tc"\n1,2\n', FileFormat("csv", ",")),
        (b'"a\tb"\tc\n', FileFormat("tsv")),
        (b"a\tb;c\n", FileFormat("tsv")),
        (b"crmid\nC1\n", FileFormat("tsv")),
        (b"crmid\nDe Vries, Jan\n", FileFormat("tsv")),
        (b"id|crm\nC1\nC2\n", FileFormat("tsv")),
        (b'\n {"a": 1}\n', FileFormat("ndjson")),
        (b'{"a": "x\\ty"}', FileFormat("ndjson")),
        (b'{"a", "b"}\n', FileFormat("csv", ",")),
        (b"", FileFormat("tsv")),
    ],
)
def test_the_format_and_the_dialect_are_detected(head: bytes, chosen: FileFormat) -> None:
    assert detect_format(head) == chosen
    assert tabular_format(chosen) in [file_format for file_format, _ in BY_NAME.values()]


@pytest.mark.parametrize(
    ("head", "chosen"),
    [
        (b'a\t"b\tc"\n', FileFormat("tsv", QUOTED)),
        (b"crmid\nC1\n", FileFormat("tsv", QUOTED)),
        (b"a;b\n1;2\n", FileFormat("csv", ";")),
        (b'{"a": 1}\n', FileFormat("ndjson")),
    ],
)
def test_quotes_are_declared_for_tab_separated_text_alone(head: bytes, chosen: FileFormat) -> None:
    assert detect_format(head, quoted=True) == chosen


def test_each_format_is_in_the_suite() -> None:
    assert {chosen.name for _, chosen in BY_NAME.values()} == set(FORMATS)


def test_the_format_of_the_plan_holds_whatever_would_be_detected_now() -> None:
    head = b"a;b|c\n"
    for dialect, columns in ((";", ("a", "b|c")), ("|", ("a;b", "c"))):
        chosen = FileFormat("csv", dialect)
        header = parse_header(head, mapping=None, limits=Limits(), complete=True, file_format=chosen)
        assert (header.columns, header.file_format) == (columns, chosen)


# -- in the system --

COLUMNS = ["c_crmid", "c_email", "c_loyalty", "c_note", "c_points", "c_born"]
FILE = (
    '\ufeff"c_crmid";c_email;c_loyalty;c_note;c_points;c_born\r\n'
    'C1;;;"said ""hello; there""\nand left";1;\r\n'
    "C2;;;ragged;2\r\n"
    '"C3";;;"=1+1\nnext line";3;yesterday\r\n'
    "\r\n"
    "C4;;;plain;4;1990-01-31\r\n"
).encode() + b"C5;;;\xff;5;\r\n"
REJECTS = (
    "penstock_line;penstock_reasons;c_crmid;c_email;c_loyalty;c_note;c_points;c_born\n"
    "4;The row has more or fewer fields than the header (wrong_field_count);C2;;;ragged;2\n"
    "5;c_born: The value is not a date in any of the column's patterns. "
    "Write an existing day as 2024-01-31 (not_a_date);"
    'C3;;;"\'=1+1\nnext line";3;yesterday\n'
    "9;The row contains bytes that are not in the file's encoding (not_utf8);C5;;;\ufffd;5;\n"
)
CORRECTED = REJECTS.replace("ragged;2", "ragged;2;").replace("yesterday", "").replace("\ufffd", "five")


def rejects_of(driven: DrivenSystem, request: Request) -> str:
    return b"".join(use_cases_of(driven.system).requests.rejects(ANN, request.request_id).parts).decode()


def profile_of(driven: DrivenSystem, crmid: str) -> dict[str, object]:
    found = driven.system.reader.lookup(messy_file.TENANT, "crmid", crmid, reveal=True)
    return {name: output.value for name, output in found.attributes.items()}


def test_a_csv_goes_from_the_upload_to_its_corrected_rejects(tmp_path: Path) -> None:
    with closing(DrivenSystem(tmp_path / "data")) as driven:
        (first,) = driven.finish(driven.upload(FILE))
        plan = driven.system.requests.plan(messy_file.TENANT, first.request_id)
        assert plan.file_format == FileFormat("csv", ";")
        assert (first.status, first.rows_ingested, first.rows_rejected) == (Status.COMPLETED, 2, 3)
        assert profile_of(driven, "C1")["note"] == 'said "hello; there"\nand left'
        assert rejects_of(driven, first) == REJECTS
        (second,) = driven.finish(driven.upload(CORRECTED.encode()))
        assert (second.status, second.rows_ingested, second.rows_rejected) == (Status.COMPLETED, 3, 0)
        assert profile_of(driven, "C3") == {"crmid": "C3", "note": "=1+1\nnext line", "points": 3}
        assert profile_of(driven, "C5")["note"] == "five"


def test_faulty_lines_of_ndjson_move_no_other_row(tmp_path: Path) -> None:
    """Two objects on a line and one on two lines are as many as their lines; the row between has a wrong cell."""
    blank: dict[str, object] = dict.fromkeys(COLUMNS)
    rows = [json.dumps(blank | {"c_crmid": f"C{number}", "c_born": f"2000-01-0{number}"}) for number in range(10)]
    lines = [rows[1], rows[2] + rows[3], rows[4], rows[5], rows[0], rows[6], *rows[7].split(" ", 1), rows[8]]
    with closing(DrivenSystem(tmp_path / "data")) as driven:
        (request,) = driven.finish(driven.upload("\n".join(lines).encode()))
        assert (request.rows_read, request.rows_ingested) == (9, 5)
        rejected = [json.loads(line) for line in rejects_of(driven, request).splitlines()]
        assert [(row["penstock_line"], row.get("penstock_row") or row["c_crmid"]) for row in rejected] == [
            (2, lines[1]),
            (5, "C0"),
            (7, lines[6]),
            (8, lines[7]),
        ]
        for number in (1, 4, 5, 6, 8):
            assert profile_of(driven, f"C{number}")["born"] == f"2000-01-0{number}"


def csv_with_breaks() -> bytes:
    rows = [f'C{number};;;"line 1\nline 2;";1;' for number in range(100)]
    return "\n".join([";".join(COLUMNS), *rows]).encode()


def ndjson() -> bytes:
    values = [{"c_crmid": f"C{number}", "c_note": "line 1\nline 2;", "c_points": 1} for number in range(100)]
    first = dict.fromkeys(COLUMNS) | values[0]
    return "\n".join(map(json.dumps, [first, *values[1:]])).encode()


@pytest.mark.parametrize("body", [csv_with_breaks(), ndjson()], ids=["csv", "ndjson"])
def test_chunks_that_are_set_aside_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    with closing(DrivenSystem(tmp_path / "data")) as driven:
        monkeypatch.setattr(worker, "ingest_chunk", failing(chunk=1))
        (parent,) = driven.finish(driven.upload(body))
        assert parent.chunks_total > 2
        assert 0 < parent.reject_reasons[SET_ASIDE] < parent.rows_read == 100
        monkeypatch.setattr(worker, "ingest_chunk", ingest_chunk)
        requests = use_cases_of(driven.system).requests
        (child,) = driven.finish(requests.resubmit(ANN, parent.request_id).request)
        assert (child.rows_ingested, child.rows_rejected) == (parent.rows_rejected, 0)
        assert {profile_of(driven, f"C{number}")["note"] for number in range(100)} == {"line 1\nline 2;"}
        again = requests.resubmit(ANN, parent.request_id)
        assert (again.request.request_id, again.duplicate) == (child.request_id, True)
        requests.undo(ANN, child.request_id)
        another = requests.resubmit(ANN, parent.request_id)
        assert (another.request.request_id != child.request_id, another.duplicate) == (True, False)


def failing(*, chunk: int) -> Callable[..., Any]:
    def ingest(body: bytes, **given: Any) -> Any:
        if given["chunk"] == chunk:
            raise MemoryError
        return ingest_chunk(body, **given)

    return ingest
