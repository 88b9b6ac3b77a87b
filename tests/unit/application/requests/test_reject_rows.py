"""Rejected rows page by page, masked, and corrected in place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.application.requests.reject_rows import RejectRow
from penstock.application.requests.use_cases import RequestUseCases
from penstock.domain.access.permissions import Role
from penstock.domain.errors import Refused
from penstock.domain.requests.request import Request
from penstock.wiring.use_cases import use_cases_of
from tests.support import messy_file
from tests.support.access import caller
from tests.support.driven_system import DrivenSystem

ANN = caller(Role.ADMIN, tenant_id=messy_file.TENANT)
NAMES = ["c_crmid", "c_email", "c_loyalty", "c_note", "c_points", "c_born"]
NOTE, BORN = NAMES.index("c_note"), NAMES.index("c_born")
GOOD = ["C1", "", "", "good", "1", "1990-01-31"]
FORMULA = ["C2", "", "", '=1+1, "quoted"; and', "2", "yesterday"]
BAD = ["C3", "", "", "third", "3", "tomorrow"]


def tsv(*rows: list[str]) -> bytes:
    return "".join("\t".join(row) + "\n" for row in (NAMES, *rows)).encode()


def csv(*rows: list[str]) -> bytes:
    """With a cell of two lines and a tab in each row."""
    quoted = [[*row[:NOTE], '"' + row[NOTE].replace('"', '""') + '\tand\nmore"', *row[NOTE + 1 :]] for row in rows]
    return "".join(";".join(row) + "\n" for row in (NAMES, *quoted)).encode()


def csv_as_it_is(*rows: list[str]) -> bytes:
    return "".join(";".join(row) + "\n" for row in (NAMES, *rows)).encode()


def ndjson(*rows: list[str]) -> bytes:
    return "".join(json.dumps(dict(zip(NAMES, row, strict=True))) + "\n" for row in rows).encode()


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[DrivenSystem]:
    with closing(DrivenSystem(tmp_path / "data")) as driven:
        yield driven


def requests_of(driven: DrivenSystem) -> RequestUseCases:
    return use_cases_of(driven.system).requests


def all_lines(driven: DrivenSystem, request: Request, reason: str, limit: int) -> list[str]:
    found, after = [], ""
    while True:
        page = requests_of(driven).rejected_rows(ANN, request.request_id, reason=reason, after=after, limit=limit)
        assert len(page.rows) <= limit
        found += [row.line for row in page.rows]
        if page.next is None:
            return found
        after = page.next


@pytest.mark.parametrize("write", [tsv, csv, ndjson])
def test_corrected_cells_reach_the_profile_and_the_others_are_as_they_were(
    driven: DrivenSystem, write: Callable[..., bytes]
) -> None:
    (root,) = driven.finish(driven.upload(write(GOOD, FORMULA, BAD)))
    requests = requests_of(driven)
    (formula, _) = requests.rejected_rows(ANN, root.request_id).rows
    as_a_form_sends_it = {NOTE: formula.cells[NOTE].replace("\n", "\r\n"), BORN: "1990-02-01"}
    accepted = requests.correct_rejects(ANN, root.request_id, {0: as_a_form_sends_it, 1: {BORN: "tomorrow"}})
    (child,) = driven.finish(accepted.request)
    assert (child.parent_id, child.rows_ingested, child.rows_rejected) == (root.request_id, 1, 0)
    totals = requests.corrections(ANN, requests.get(ANN, root.request_id))
    assert totals is not None
    assert (totals.rejects_corrected, totals.rejects_left, totals.rows_without_line) == (1, 1, 0)
    profile = driven.system.reader.lookup(messy_file.TENANT, "crmid", "C2", reveal=True)
    assert profile.attributes["note"].value == formula.cells[NOTE]
    assert formula.cells[NOTE].startswith('=1+1, "quoted"; and')


def test_a_rejected_row_names_the_cells_that_it_would_lose_as_well(driven: DrivenSystem) -> None:
    (request,) = driven.finish(driven.upload(tsv(GOOD, ["C3", "", "", "third", "many", "tomorrow"])))
    (row,) = requests_of(driven).rejected_rows(ANN, request.request_id).rows
    assert row.reasons == ("not_a_date:c_born", "not_an_integer:c_points")
    assert (request.reject_reasons, request.dropped_cells) == ({"not_a_date": 1}, {})
    file = b"".join(requests_of(driven).rejects(ANN, request.request_id).parts).decode()
    assert "this cell would be left out: c_points: The value is not a whole number" in file


def test_a_repeated_header_is_no_reject_that_is_left(driven: DrivenSystem) -> None:
    head, *_ = tsv(GOOD).splitlines(keepends=True)
    (root,) = driven.finish(driven.upload(tsv(GOOD, FORMULA) + head))
    assert root.reject_reasons == {"not_a_date": 1, "repeated_header": 1}
    requests = requests_of(driven)
    driven.finish(requests.correct_rejects(ANN, root.request_id, {0: {BORN: "1990-02-01"}}).request)
    totals = requests.corrections(ANN, requests.get(ANN, root.request_id))
    assert totals is not None
    assert (totals.rejects_corrected, totals.rejects_left) == (1, 0)


def test_rejects_of_a_child_are_corrected_in_place_too(driven: DrivenSystem) -> None:
    (root,) = driven.finish(driven.upload(tsv(GOOD, FORMULA)))
    requests = requests_of(driven)
    wrong = requests.correct_rejects(ANN, root.request_id, {0: {BORN: "later"}})
    (child,) = driven.finish(wrong.request)
    (row,) = requests.rejected_rows(ANN, child.request_id).rows
    assert row.line == "3"
    right = requests.correct_rejects(ANN, child.request_id, {0: {BORN: "1990-02-01"}})
    (again,) = driven.finish(right.request)
    assert (again.parent_id, again.rows_ingested) == (root.request_id, 1)


def test_corrected_cells_are_checked_as_they_would_be_ingested(driven: DrivenSystem) -> None:
    (root,) = driven.finish(driven.upload(tsv(GOOD, FORMULA, BAD)))
    requests = requests_of(driven)
    cells = {0: {BORN: "1990-02-01"}, 1: {BORN: "never"}}
    assert requests.faults_of_corrections(ANN, root.request_id, cells) == {1: ["not_a_date:c_born"]}
    nobody = requests.faults_of_corrections(ANN, root.request_id, {0: {0: "", BORN: "1990-02-01"}})
    assert nobody == {0: ["no_identifier"]}
    with pytest.raises(Refused, match="not_corrected"):
        requests.faults_of_corrections(ANN, root.request_id, {})


def test_rows_that_are_corrected_one_by_one_have_a_name_for_people(driven: DrivenSystem) -> None:
    (root,) = driven.finish(driven.upload(tsv(GOOD, FORMULA, BAD)))
    cells = {0: {BORN: "1990-02-01"}, 1: {BORN: "1990-02-02"}}
    child = requests_of(driven).correct_rejects(ANN, root.request_id, cells).request
    assert child.file_name == f"2 corrected rows of {root.file_name}"


@pytest.mark.parametrize("cells", [{}, {0: {}}, {0: {BORN: "yesterday"}}, {7: {BORN: "1990-02-01"}}, {0: {99: "x"}}])
def test_without_a_changed_cell_nothing_is_sent(driven: DrivenSystem, cells: dict[int, dict[int, str]]) -> None:
    (root,) = driven.finish(driven.upload(tsv(GOOD, FORMULA)))
    with pytest.raises(Refused, match="not_corrected"):
        requests_of(driven).correct_rejects(ANN, root.request_id, cells)


@pytest.mark.parametrize(
    ("wrong", "note"), [([*GOOD, ""], "good"), (GOOD[:-1], "good"), (["C1", "", "", '"a" b', "1", ""], '"a" b')]
)
def test_a_row_whose_line_was_split_wrongly_is_taken_as_it_is_shown(
    driven: DrivenSystem, wrong: list[str], note: str
) -> None:
    write = csv_as_it_is if '"' in wrong[NOTE] else tsv
    (root,) = driven.finish(driven.upload(write(["C9", *GOOD[1:]], wrong, BAD)))
    requests = requests_of(driven)
    accepted = requests.correct_rejects(ANN, root.request_id, {}, as_shown=[0, 1])
    (child,) = driven.finish(accepted.request)
    assert (child.rows_ingested, child.rows_rejected) == (1, 0), "the row with a wrong date is no such row"
    profile = driven.system.reader.lookup(messy_file.TENANT, "crmid", "C1", reveal=True)
    assert profile.attributes["note"].value == note
    with pytest.raises(Refused, match="not_corrected"):
        requests.correct_rejects(ANN, root.request_id, {}, as_shown=[1])


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_pages_have_every_row_once_over_all_chunks(driven: DrivenSystem, limit: int) -> None:
    rows = [[f"C{at}", "", "", "x" * 90, "1", "never" if at % 2 else "1990-01-31"] for at in range(40)]
    rows[4] = ["short"]
    rows[6][NAMES.index("c_email")] = rows[7][NAMES.index("c_email")] = "no address"
    (request,) = driven.finish(driven.upload(tsv(*rows)))
    assert request.chunks_done > 2
    dates = [str(2 + at) for at in range(40) if at % 2]
    dates.remove("9")  # each row counts for its first reason
    assert request.reject_reasons == {"not_a_date": len(dates), "not_an_email": 2, "wrong_field_count": 1}
    assert all_lines(driven, request, "not_a_date", limit) == dates
    assert all_lines(driven, request, "not_an_email", limit) == ["8", "9"]
    assert all_lines(driven, request, "wrong_field_count", limit) == ["6"]
    assert all_lines(driven, request, "", limit) == sorted([*dates, "6", "8", "9"], key=int)
    assert all_lines(driven, request, "no_such_reason", limit) == []


def test_only_what_is_not_personal_is_in_the_clear_when_masked(driven: DrivenSystem) -> None:
    (request,) = driven.finish(driven.upload(tsv(GOOD, ["C2", "a@b.example", "L77", "secret", "2", "yesterday"])))
    page = requests_of(driven).masked_rejects(ANN, request.request_id)
    (cells,) = [dict(zip(page.columns, row.cells, strict=True)) for row in page.rows]
    assert cells["c_points"] == "2"
    for name in ("c_email", "c_loyalty", "c_note", "c_born"):
        assert set(cells[name][1:]) == {"*"}, name


SHIFTED = [
    tsv(GOOD) + b"C2\tx\ta@b.example\tL77\tsecret\tsecret\t1990-01-31\n",  # c_email, one too far to the right
    tsv(GOOD) + b"C2\ta@b.example\tL77\tsecret\n",
    csv_as_it_is(GOOD) + b'C2;"un;quoted "abc;SECRET;secret;1990-01-31\n',
    ndjson(GOOD) + b'{"c_crmid": "C2", "c_points": "secret\n',
    ndjson(GOOD) + b'{"c_crmid": "C2", "c_points": {"c_email": "a@b.example"}}\n',
]


@pytest.mark.parametrize("body", SHIFTED, ids=["more", "fewer", "quotes", "broken", "nested"])
def test_no_cell_is_in_the_clear_of_a_row_whose_cells_may_be_elsewhere(driven: DrivenSystem, body: bytes) -> None:
    (request,) = driven.finish(driven.upload(body))
    page = requests_of(driven).masked_rejects(ANN, request.request_id)
    (row,) = page.rows
    displayed = row.cells if "nested" not in row.reasons[0] else [row.cells[page.columns.index("c_points")]]
    assert any(displayed)
    assert all(set(cell[1:]) <= {"*"} for cell in displayed), row


def test_a_cursor_of_no_page_is_refused(driven: DrivenSystem) -> None:
    (request,) = driven.finish(driven.upload(tsv(GOOD, FORMULA)))
    for after in ("x", "1", "1.x", "-1.0", "9" * 30 + ".0"):
        with pytest.raises(Refused, match="bad_request"):
            requests_of(driven).rejected_rows(ANN, request.request_id, after=after)


CELLS = st.lists(st.text("ab\r\n", max_size=4), max_size=6)


@given(CELLS, st.integers(1, 5))
def test_a_row_that_comes_back_from_a_form_as_it_was_is_unchanged(cells: list[str], columns: int) -> None:
    row = RejectRow("2", (), cells)
    sent = {at: cell.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n") for at, cell in enumerate(cells)}
    assert row.with_cells(sent, columns).cells == row.padded(columns)
    assert row.with_cells({0: "new"}, columns).cells[0] == "new"
