"""What the page of a request says in each state."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from penstock.application.requests.counting_rows import CountingRows
from penstock.application.use_case import declared
from penstock.documents.requests import RequestView, request_view
from penstock.domain.access.permissions import Role
from penstock.domain.files.rows import SET_ASIDE
from penstock.domain.mapping.attributes import parse_format
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.request import Hold, Request, Status
from services.uploader.console.shown_progress import (
    actions,
    after_end,
    columns_by_code,
    reject_groups,
    stages,
    sums,
    timeline,
)
from services.uploader.console.shown_requests import displayed

SECOND = 1_000_000
RUNNING = Request(
    request_id="01a2233f-af3d-71d7-8485-483a957dceb3",
    tenant_id="acme",
    data_source="crm",
    file_name="people.tsv",
    uploaded_by="ann",
    status=Status.IN_PROGRESS,
    file_bytes=38_200_000,
    accepted_at=SECOND,
    started_at=2 * SECOND,
    last_step_at=4 * SECOND,
    rows_read=232_110,
    rows_accepted=231_204,
    rows_rejected=906,
    reject_reasons={"not_a_date": 6, "wrong_field_count": 900},
    chunks_done=7,
    chunks_total=13,
)
SCHEDULED = replace(RUNNING, status=Status.SCHEDULED, started_at=None, rows_read=0, rows_accepted=0, rows_rejected=0)
COMPLETED = replace(RUNNING, status=Status.COMPLETED, finished_at=9 * SECOND, chunks_done=13)
ENDED = {
    Status.CANCELLED: replace(RUNNING, status=Status.CANCELLED, finished_at=9 * SECOND),
    Status.REVERTED: replace(COMPLETED, status=Status.REVERTED, reverted_at=10 * SECOND),
    Status.FAILED: replace(COMPLETED, status=Status.FAILED, rows_accepted=0, rows_rejected=232_110),
}


def view(request: Request) -> RequestView:
    return request_view(request, 5 * SECOND)


def names(request: Request, role: Role = Role.ADMIN) -> list[str]:
    def may(use_case: object) -> bool:
        needed = declared(use_case)
        return needed is not None and needed.permission in role.permissions

    return [action.name for action in actions(request, may)]


def test_the_stages_of_a_running_request() -> None:
    found = {stage.name: (stage.value, stage.note) for stage in stages(view(RUNNING))}
    assert found == {
        "Received": ("38.2 MB", "stored, encrypted"),
        "Read": ("232,110", "7 of 13 parts"),
        "Valid": ("231,204", "906 rejected"),
        "Encrypted": ("231,204", "with your own keys"),
        "Written": ("231,204", "none counts"),
        "Finished": ("—", "not yet"),
    }


def test_nothing_is_claimed_of_a_request_that_has_not_begun() -> None:
    assert {stage.value for stage in stages(view(SCHEDULED))[1:]} == {"—"}


@pytest.mark.parametrize("status", ENDED)
def test_no_row_of_an_ended_request_that_does_not_count_is_shown_as_finished(status: Status) -> None:
    assert stages(view(ENDED[status]))[-1].value == "0"
    assert "count" in after_end(view(ENDED[status]))


def test_completed_rows_count_and_the_counts_add_up() -> None:
    assert stages(view(COMPLETED))[-1][1:] == ("231,204", "count in profiles")
    assert sums(view(COMPLETED)).startswith("232,110 rows read = 231,204 valid + 906 rejected.")
    assert not after_end(view(COMPLETED))


def test_a_cancel_says_what_was_already_written() -> None:
    assert "231,204 rows were already written" in after_end(view(ENDED[Status.CANCELLED]))
    unwritten = replace(ENDED[Status.CANCELLED], rows_accepted=0)
    assert "before any row was written" in after_end(view(unwritten))


def test_the_timeline_has_the_upload_every_state_and_how_far_it_is() -> None:
    assert [state.words for state in timeline(RUNNING)] == ["Accepted", "Started", "232,110 rows so far"]
    uploaded = timeline(replace(RUNNING, upload_started_at=SECOND // 2))
    assert uploaded == [("Upload began", SECOND // 2), *timeline(RUNNING)]
    held = replace(COMPLETED, hold=Hold("too_many_rejects", 8 * SECOND))
    assert [state.words for state in timeline(held)] == ["Accepted", "Started", "Held for approval", "Completed"]


def test_the_wait_for_approval_is_no_part_of_the_work() -> None:
    held = displayed(view(replace(COMPLETED, hold=Hold("too_many_rejects", 5 * SECOND))))
    assert (held.seconds, held.held_seconds) == (3.0, 4.0)
    at_once = displayed(view(COMPLETED))
    assert (at_once.seconds, at_once.held_seconds) == (7.0, None)
    assert timeline(ENDED[Status.REVERTED])[-1] == ("Undone", 10 * SECOND)


def test_groups_keep_their_places_until_the_end_and_then_the_largest_is_first() -> None:
    running = reject_groups(RUNNING.reject_reasons, ended=False)
    ended = reject_groups(RUNNING.reject_reasons, {"not_a_date": ["born"]}, ended=True)
    assert [group.code for group in running] == ["not_a_date", "wrong_field_count"]
    assert [(group.code, group.rows, group.columns) for group in ended] == [
        ("wrong_field_count", 900, ()),
        ("not_a_date", 6, ["born"]),
    ]
    assert [group.fix for group in running] == ["", ended[0].fix], "the format of a column is known at the end"
    assert all(group.fix and not group.message.endswith(".") for group in ended)


def test_cells_are_to_be_written_as_their_columns_are() -> None:
    formats = {name: parse_format(f"date({name})") for name in ("dd-MM-yyyy", "yyyy/MM/dd", "d M yy")}
    columns = {"not_a_date": ["dd-MM-yyyy"]}
    [alone] = reject_groups({"not_a_date": 1}, columns, formats, ended=True)
    assert alone.fix.startswith("Write an existing day as dd-MM-yyyy, or")
    [several] = reject_groups({"not_a_date": 1}, {"not_a_date": list(formats)}, formats, ended=True)
    assert all(f"{name}: Write an existing day as {name}" in several.fix for name in formats)
    alike = dict.fromkeys("abcdefg", parse_format("date(dd-MM-yyyy)"))
    [same] = reject_groups({"not_a_date": 1}, {"not_a_date": ["a", "b"]}, alike, ended=True)
    assert same.fix == alone.fix
    [many] = reject_groups({"not_a_date": 1}, {"not_a_date": list(alike)}, alike, ended=True)
    assert many.fix == reject_groups({"not_a_date": 1}, ended=True)[0].fix


def test_columns_of_reasons() -> None:
    rows = [("not_a_date:born", "not_an_email:mail"), ("not_a_date:since", "no_identifier"), ("not_a_date:born",)]
    assert columns_by_code(rows) == {"not_a_date": ["born", "since"], "not_an_email": ["mail"]}


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (SCHEDULED, ["cancel"]),
        (RUNNING, ["cancel"]),
        (replace(RUNNING, status=Status.HELD), ["approve", "cancel"]),
        (COMPLETED, ["undo"]),
        (replace(COMPLETED, reject_reasons={SET_ASIDE: 4}), ["resubmit-set-aside", "undo"]),
        *((request, []) for request in ENDED.values()),
    ],
)
def test_only_what_the_state_allows_is_offered(request_: Request, expected: list[str]) -> None:
    assert names(request_) == expected
    assert names(request_, Role.VIEWER) == []


def test_the_question_before_an_undo_says_what_becomes_of_other_imports() -> None:
    (undo,) = actions(COMPLETED, lambda _: True)
    assert " stop counting in all profiles at once" in undo.confirm
    assert "the values that earlier imports brought count again" in undo.confirm
    assert "what later imports brought stays" in undo.confirm


def test_an_action_that_cannot_be_taken_back_is_confirmed() -> None:
    replacing = replace(COMPLETED, mode=Mode.REPLACE, children=("a", "b"))
    (undo,) = actions(replacing, lambda _: True)
    assert "231,204 rows" in undo.confirm
    assert "2 imports that corrected it" in undo.confirm
    assert "had replaced counts again" in undo.confirm
    approve, cancel = actions(replace(RUNNING, status=Status.HELD), lambda _: True)
    assert not approve.confirm
    assert "231,204 rows are written so far" in cancel.confirm


def test_the_approval_of_a_replacement_is_confirmed() -> None:
    held = replace(RUNNING, status=Status.HELD, mode=Mode.REPLACE)
    approve, _ = actions(held, lambda _: True, CountingRows(900, 1, 0, SECOND, are_all=True))
    assert "earlier imports of its data source have stored stops counting: 900 rows of 1 import." in approve.confirm
    assert "can be undone at any later time" in approve.confirm
    assert approve.verb == "Approve"
    approve, _ = actions(held, lambda _: True, CountingRows(0, 0, 0, None, are_all=True))
    assert approve.confirm == "No earlier import of its data source counts, so nothing stops counting."


def test_a_completed_replacement_says_that_earlier_imports_no_longer_count() -> None:
    assert "Earlier imports of its data source no longer count" in after_end(
        view(replace(COMPLETED, mode=Mode.REPLACE))
    )
    assert not after_end(view(replace(RUNNING, mode=Mode.REPLACE)))
