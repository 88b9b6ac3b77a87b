"""What pages say of the corrections of an import."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from penstock.documents.requests import RequestView, request_view
from penstock.domain.requests.children import CorrectionTotals
from penstock.domain.requests.request import Request, Status
from services.uploader.console.shown_corrections import (
    corrections_in_words,
    dropped_in_words,
    rejected_in_words,
)
from services.uploader.console.shown_progress import actions, after_end

COMPLETED = Request(
    request_id="01a2233f-af3d-71d7-8485-483a957dceb3",
    tenant_id="acme",
    data_source="crm",
    file_name="people.tsv",
    uploaded_by="ann",
    status=Status.COMPLETED,
    file_bytes=100,
    rows_read=1_047,
    rows_accepted=1_001,
    rows_rejected=46,
)


def view(corrected: int, *, completed: int = 0, lacking: int = 0, request: Request = COMPLETED) -> RequestView:
    totals = CorrectionTotals(
        request_ids=["c1"],
        rows_ingested=corrected + completed,
        rejects_corrected=corrected,
        rejects_left=request.rows_rejected - corrected,
        rows_without_line=0,
        dropped_corrected=completed,
        dropped_left=lacking,
        dropped_again=0,
    )
    return request_view(request, 1, totals)


@pytest.mark.parametrize(
    ("corrected", "words", "badge"),
    [
        (0, "0 rejected rows are corrected, 46 are left.", "46 rejected"),
        (1, "1 rejected row is corrected, 45 are left.", "46 rejected, 1 corrected"),
        (45, "45 rejected rows are corrected, 1 is left.", "46 rejected, 45 corrected"),
        (46, "46 rejected rows are corrected, 0 are left.", "46 rejected, all corrected"),
    ],
)
def test_corrected_rows_are_counted(corrected: int, words: str, badge: str) -> None:
    found = corrections_in_words(view(corrected))
    assert found is not None
    assert (found.words, found.counts) == (words, corrected > 0)
    assert rejected_in_words(view(corrected)) == badge


def test_rows_that_had_lost_cells_are_counted_apart() -> None:
    found = corrections_in_words(view(0, completed=1))
    assert found is not None
    assert found.counts
    assert found.words.endswith("46 are left. 1 row that had lost cells has them now.")
    alone = corrections_in_words(view(0, completed=2, request=replace(COMPLETED, rows_rejected=0)))
    assert alone is not None
    assert alone.words == "2 rows that had lost cells have them now."


@pytest.mark.parametrize(
    ("completed", "lacking", "words"),
    [
        (0, 3, ""),
        (1, 0, "The row that lost cells has them by now."),
        (3, 0, "All 3 rows that lost cells have them by now."),
        (1, 1, "1 of 2 rows that lost cells has them by now, 1 still lacks them."),
        (1_200, 2, "1,200 of 1,202 rows that lost cells have them by now, 2 still lack them."),
    ],
)
def test_lost_cells_that_are_in_by_now_are_named(completed: int, lacking: int, words: str) -> None:
    assert dropped_in_words(view(0, completed=completed, lacking=lacking)) == words


def test_corrections_of_an_undone_import_do_not_count() -> None:
    found = corrections_in_words(view(0, request=replace(COMPLETED, status=Status.REVERTED)))
    assert found is not None
    assert "undone with it" in found.words
    assert "0" not in found.words
    assert not found.counts


def test_nothing_is_said_without_corrections() -> None:
    assert corrections_in_words(request_view(COMPLETED, 1)) is None
    assert rejected_in_words(request_view(replace(COMPLETED, rows_rejected=0), 1)) == ""


def test_one_of_a_thing_is_not_many() -> None:
    (undo,) = actions(replace(COMPLETED, rows_accepted=1, children=("c1",)), lambda _: True)
    assert "Its 1 row, and those of the import that corrected it, stop counting" in undo.confirm
    undone = replace(COMPLETED, status=Status.REVERTED, rows_accepted=1)
    assert after_end(request_view(undone, 1)) == "It was undone: its 1 row no longer counts."
