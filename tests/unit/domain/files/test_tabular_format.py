"""What every format promises, of TSV and of one with quotes that exists here only; the latter goes through the system
from an upload to its corrected rejects, though no other module knows of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.access.permissions import Role
from penstock.domain.files.chunking import ChunkSpan, spans
from penstock.domain.files.formats import FORMATS, detect_format, tabular_format
from penstock.domain.files.header import parse_header
from penstock.domain.files.rejects import REJECT_COLUMNS, Reject, restore_cell
from penstock.domain.files.rows import SET_ASIDE, parse, raw_rows
from penstock.domain.files.tabular_format import FileFormat, TabularFormat
from penstock.domain.files.tsv import TSV
from penstock.domain.ingestion.chunk import ingest_chunk
from penstock.domain.mapping.mapping import Limits
from penstock.domain.requests.request import Request, Status
from penstock.wiring.use_cases import use_cases_of
from services.row_processor import worker
from tests.support import messy_file, quoted_format
from tests.support.access import caller
from tests.support.driven_system import DrivenSystem
from tests.support.quoted_format import Quoted

SEMICOLON = Quoted(";")
BOTH = pytest.mark.parametrize("file_format", [TSV, SEMICOLON], ids=["tsv", "quoted"])
bodies = st.text(st.sampled_from('ab\t;"\n\r\0é\u2028'), max_size=40).map(str.encode) | st.binary(max_size=40)
cells = st.text(st.sampled_from('ab;|"=+\u2028é'), max_size=5)
ANN = caller(Role.UPLOADER, tenant_id=messy_file.TENANT)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, quoted_format.NAME, quoted_format.REGISTERED)


def spans_of(file_format: TabularFormat, parts: list[bytes], chunk_bytes: int) -> list[ChunkSpan]:
    return list(spans(parts, file_format.scanner(), body_start=0, first_line=2, chunk_bytes=chunk_bytes))


# -- the promises --


@BOTH
@given(body=bodies, chunk_bytes=st.integers(1, 40))
def test_chunks_have_the_rows_of_the_whole_body(file_format: TabularFormat, body: bytes, chunk_bytes: int) -> None:
    """A format agrees with itself on where rows end, whatever the bytes are and wherever chunks do."""
    found = [
        row
        for span in spans_of(file_format, [body], chunk_bytes)
        for row in raw_rows(body[span.start : span.end], file_format, first_line=span.first_line)
    ]
    assert found == list(raw_rows(body, file_format, first_line=2))


@BOTH
@given(body=bodies, chunk_bytes=st.integers(1, 40), part=st.integers(1, 9))
def test_chunks_do_not_depend_on_how_the_bytes_arrive(
    file_format: TabularFormat, body: bytes, chunk_bytes: int, part: int
) -> None:
    parts = [body[at : at + part] for at in range(0, len(body), part)]
    assert spans_of(file_format, parts, chunk_bytes) == spans_of(file_format, [body], chunk_bytes)


@BOTH
@given(body=bodies)
def test_every_row_is_read_or_rejected(file_format: TabularFormat, body: bytes) -> None:
    parsed = parse(body, file_format, first_line=2, header=("a", "b"), max_cell_bytes=9)
    assert {len(column) for column in parsed.table.columns} == {len(parsed.table.raw)}
    accounted = [*parsed.table.lines, *(reject.line for reject in parsed.rejects)]
    assert sorted(accounted) == [line for line, _ in raw_rows(body, file_format, first_line=2)]


@BOTH
@given(rows=st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1, max_size=3))
def test_a_reject_file_is_a_file_of_its_format(file_format: TabularFormat, rows: list[list[str]]) -> None:
    """Its rows have the cells of the rejected ones again, neutralised."""
    written = file_format.write_rejects(("a", "b"), [Reject(2, ("x",), raw_of(file_format, row)) for row in rows])
    body = b"".join(written)
    header = file_format.read_header(body, 0, max_columns=9, complete=True)
    assert [cell.decode() for cell in header.cells] == [*REJECT_COLUMNS, "a", "b"]
    text = body[header.body_start :].decode()
    came_back = [file_format.cells(row) for row in file_format.split_rows(text, header.first_line).rows]
    assert [[restore_cell(cell) for cell in cells[2:]] for cells in came_back] == rows


def raw_of(file_format: TabularFormat, row: list[str]) -> bytes:
    if file_format is TSV:
        return "\t".join(row).encode()
    return ";".join('"{}"'.format(cell.replace('"', '""')) for cell in row).encode()


# -- another format in the system --

COLUMNS = ["c_crmid", "c_email", "c_loyalty", "c_note", "c_points", "c_born"]
FILE = (
    '\ufeff"c_crmid";c_email;c_loyalty;c_note;c_points;c_born\r\n'
    'C1;;;"said ""hello; there""\nand left";1;\r\n'
    "C2;;;ragged;2\r\n"
    '"C3";;;"=1+1\nnext line";many;\r\n'
    "\r\n"
    "C4;;;plain;4;1990-01-31\r\n"
).encode() + b"C5;;;\xff;5;\r\n"
REJECTS = (
    "penstock_line;penstock_reasons;c_crmid;c_email;c_loyalty;c_note;c_points;c_born\n"
    "4;wrong_field_count;C2;;;ragged;2\n"
    '5;not_an_integer:c_points;C3;;;"\'=1+1\nnext line";many;\n'
    "9;not_utf8;C5;;;\ufffd;5;\n"
)
CORRECTED = REJECTS.replace("ragged;2", "ragged;2;").replace("many", "3").replace("\ufffd", "five")


def rejects_of(driven: DrivenSystem, request: Request) -> str:
    return b"".join(use_cases_of(driven.system).requests.rejects(ANN, request.request_id)).decode()


def profile_of(driven: DrivenSystem, crmid: str) -> dict[str, object]:
    found = driven.system.reader.lookup(messy_file.TENANT, "crmid", crmid, reveal=True)
    return {name: output.value for name, output in found.attributes.items()}


@pytest.mark.usefixtures("registered")
def test_another_format_goes_from_the_upload_to_its_corrected_rejects(tmp_path: Path) -> None:
    with closing(DrivenSystem(tmp_path / "data")) as driven:
        (first,) = driven.finish(driven.upload(FILE))
        plan = driven.system.requests.plan(messy_file.TENANT, first.request_id)
        assert plan.file_format == FileFormat(quoted_format.NAME, ";")
        assert (first.status, first.rows_ingested, first.rows_rejected) == (Status.COMPLETED, 2, 3)
        assert profile_of(driven, "C1")["note"] == 'said "hello; there"\nand left'
        assert rejects_of(driven, first) == REJECTS
        (second,) = driven.finish(driven.upload(CORRECTED.encode()))
        assert (second.status, second.rows_ingested, second.rows_rejected) == (Status.COMPLETED, 3, 0)
        assert profile_of(driven, "C3") == {"crmid": "C3", "note": "=1+1\nnext line", "points": 3}
        assert profile_of(driven, "C5")["note"] == "five"


@pytest.mark.usefixtures("registered")
def test_chunks_of_another_format_that_are_set_aside_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f'C{number};;;"line 1\nline 2;";1;' for number in range(100)]
    body = "\n".join([";".join(COLUMNS), *rows]).encode()
    with closing(DrivenSystem(tmp_path / "data")) as driven:
        monkeypatch.setattr(worker, "ingest_chunk", failing(chunk=1))
        (parent,) = driven.finish(driven.upload(body))
        assert parent.chunks_total > 2
        assert 0 < parent.reject_reasons[SET_ASIDE] < parent.rows_read == 100
        monkeypatch.setattr(worker, "ingest_chunk", ingest_chunk)
        (child,) = driven.finish(use_cases_of(driven.system).requests.resubmit(ANN, parent.request_id))
        assert (child.rows_ingested, child.rows_rejected) == (parent.rows_rejected, 0)
        assert {profile_of(driven, f"C{number}")["note"] for number in range(100)} == {"line 1\nline 2;"}


def failing(*, chunk: int) -> Callable[..., Any]:
    def ingest(body: bytes, **given: Any) -> Any:
        if given["chunk"] == chunk:
            raise MemoryError
        return ingest_chunk(body, **given)

    return ingest


@pytest.mark.usefixtures("registered")
def test_the_dialect_is_detected_for_each_file() -> None:
    assert detect_format(b"a|b\n1;2|3\n") == FileFormat(quoted_format.NAME, "|")
    assert detect_format(b"\xef\xbb\xbfa;b\n") == FileFormat(quoted_format.NAME, ";")
    assert detect_format(b"a\tb;c\n") == FileFormat("tsv")


@pytest.mark.usefixtures("registered")
def test_the_format_of_the_plan_holds_whatever_would_be_detected_now() -> None:
    head = b"a;b|c\n"
    for dialect, columns in ((";", ("a", "b|c")), ("|", ("a;b", "c"))):
        chosen = FileFormat(quoted_format.NAME, dialect)
        header = parse_header(head, mapping=None, limits=Limits(), complete=True, file_format=chosen)
        assert (header.columns, header.file_format) == (columns, chosen)


def test_a_file_that_no_format_knows_is_refused_as_a_tsv() -> None:
    assert detect_format(b"a;b\n") == FileFormat("tsv")
    assert tabular_format(FileFormat()) is TSV
