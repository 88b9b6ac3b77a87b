"""What a person sees fits into the terminal, and says small things as exactly as large ones."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from rich.console import Console, RenderableType

from penstock.domain.errors import Fault, Problem
from services.cli.ingest import done_view
from services.cli.ingesting import Ingested
from services.cli.mapping_views import mapping_view
from services.cli.output import Output
from services.cli.profile_views import profile_view
from services.cli.rejected_rows import rows_view
from services.cli.request_commands import undone_view
from services.cli.views import corrections_text, problem_view, records_view, request_view, requests_view

ID = "01a211d4-c8d9-7b12-8205-7d7ddcbdeef9"


def request(**changes: Any) -> dict[str, Any]:
    times = {"accepted_at": "2026-11-25T08:31:22.98Z", "finished_at": "2026-11-25T08:31:24.98Z"}
    counts = {
        "rows_read": 20_000,
        "rows_accepted": 19_880,
        "rows_ingested": 19_880,
        "rows_rejected": 120,
        "reject_reasons": {},
        "dropped_cells": {},
        "blank_words": {},
        "file_options": {"encoding": "utf-8", "clean_headers": False, "quoted": False, "inherited": []},
    }
    names = {"request_id": ID, "file_name": "customers.tsv", "data_source": "store_pos", "mode": "upsert"}
    return {
        **names,
        **times,
        **counts,
        "status": "COMPLETED",
        "bytes": 2_189_609,
        "parent_id": None,
        "corrections": None,
        "held": None,
        "notify": [],
        "waiting": None,
        "error": None,
        **changes,
    }


def rendered(view: RenderableType, width: int) -> list[str]:
    written = io.StringIO()
    Console(file=written, width=width, markup=False, highlight=False).print(view, crop=False)
    return [line.rstrip() for line in written.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, None),
        ({"encoding": "cp1252"}, "cp1252"),
        (
            {"clean_headers": True, "inherited": ["clean_headers"]},
            "with cleaned column names (as its data source says)",
        ),
        (
            {"encoding": "cp1252", "quoted": True, "inherited": ["encoding"]},
            "with quotes around cells; cp1252 (as its data source says)",
        ),
    ],
)
def test_how_a_file_was_read_is_shown_unless_it_is_a_matter_of_course(
    changed: dict[str, Any], expected: str | None
) -> None:
    shape = request()
    lines = rendered(request_view({**shape, "file_options": {**shape["file_options"], **changed}}), width=200)
    found = [line.partition("Read as")[2].strip() for line in lines if "Read as" in line]
    assert found == ([] if expected is None else [expected])


def test_dropped_cells_are_counted_by_column_most_first() -> None:
    dropped = {f"column_{number}": 1 for number in range(10)} | {"tel": 1_200}
    lines = rendered(request_view(request(dropped_cells=dropped)), width=200)
    (line,) = [line for line in lines if "dropped:" in line]
    assert line.startswith("1,210 cells dropped: tel 1,200, column_0 1, ")
    assert line.endswith("column_8 1, and 1 more column")
    assert f"penstock rejects {ID} --dropped --output dropped-bdeef9.tsv" in "\n".join(lines)


def test_cells_that_a_word_makes_blank_are_counted_by_column_and_word() -> None:
    words = {"tel": {"n/a": 3}, "Geburtsdatum": {"00/00/0000": 212}, "punten": {"?": 1, "#N/A": 8}}
    lines = rendered(request_view(request(blank_words=words)), width=200)
    assert (
        "Blank words: 212 cells of Geburtsdatum (00/00/0000), 9 cells of punten (#N/A 8, ? 1), 3 cells of tel (n/a)"
        in lines
    )
    many = {f"column_{number}": {"n/a": 1} for number in range(12)}
    (line,) = [
        line for line in rendered(request_view(request(blank_words=many)), width=500) if line.startswith("Blank words")
    ]
    assert line.startswith("Blank words: 1 cell of column_0 (n/a), ")
    assert line.endswith(", and 2 more columns")


def test_rejects_of_corrections_are_resubmitted_and_never_into_the_file_just_corrected() -> None:
    for status, parent_id, is_resubmitted in [
        ("FAILED", "01a2", True),
        ("COMPLETED", None, True),
        ("FAILED", None, False),
    ]:
        text = "\n".join(rendered(request_view(request(status=status, parent_id=parent_id)), width=200))
        assert f"penstock rejects {ID} --output rejects-bdeef9.tsv" in text
        assert (f"penstock resubmit {ID} rejects-bdeef9.tsv" in text) is is_resubmitted


@pytest.mark.parametrize(
    ("again", "steps"),
    [
        ("", ["rejects", "resubmit", "undo"]),
        ("penstock ingest f --map 'n=n!'", ["rejects", "resubmit", "undo", "ingest"]),
    ],
)
def test_rows_without_an_identifier_are_corrected_or_ingested_by_another_one(again: str, steps: list[str]) -> None:
    text = "\n".join(rendered(request_view(request(reject_reasons={"no_identifier": 120}), again=again), 160))
    assert re.findall(r"penstock (\w+)", text) == steps


def test_a_child_names_its_parent_and_an_undone_request_the_children_undone_with_it() -> None:
    child = request(parent_id="01a2-parent")
    assert "Corrects  01a2-parent" in "\n".join(rendered(request_view(child), width=100))
    assert "customers.tsv (corrects 01a2-parent)" in "\n".join(rendered(requests_view([child]), width=180))
    counts = {
        "rejects_corrected": 0,
        "rejects_left": 120,
        "rows_without_line": 0,
        "dropped_corrected": 0,
        "dropped_left": 0,
        "dropped_again": 0,
    }
    totals = {"request_ids": ["01a2-child"], "rows_ingested": 0, **counts}
    lines = rendered(undone_view(request(status="REVERTED", corrections=totals), ""), width=100)
    assert "Undone too  01a2-child" in lines
    assert [line for line in lines if line.startswith(("Took", "Corrected"))] == []


def test_a_mail_problem_that_was_reported_is_not_repeated() -> None:
    problem = {"code": "no_mail_server", "message": "no mail server is set", "hint": "Set it."}
    notify = [{"address": "ann@example.com", "level": "all", "mails": [], "problem": problem}]
    for reported, times in (((), 1), (("no mail server is set. Set it.",), 0)):
        done = Ingested(request(notify=notify), [], [], {}, mail_problems=reported)
        assert rendered(done_view(done, ""), width=100).count("No mail server is set. Set it.") == times


def test_each_recipient_has_its_mails_and_each_problem_is_there_once() -> None:
    problem = {"code": "no_mail_server", "message": "no mail server is set", "hint": "Set it."}
    mails = [{"status": "SCHEDULED", "state": "sent"}, {"status": "COMPLETED", "state": "not_configured"}]
    notify = [
        {"address": "ann@example.com", "level": "all", "mails": mails, "problem": problem},
        {"address": "bo@example.com", "level": "problems", "mails": [], "problem": problem},
    ]
    lines = rendered(request_view(request(notify=notify)), width=100)
    assert "E-mails to ann@example.com (all): SCHEDULED sent, COMPLETED not configured" in lines
    assert "E-mails to bo@example.com (problems): none yet" in lines
    assert lines.count("No mail server is set. Set it.") == 1
    brief = [{"address": "ann@example.com", "level": "all"}]
    assert "E-mails" not in "\n".join(rendered(request_view(request(notify=brief)), width=100))


def test_a_wide_terminal_shows_each_request_on_a_line() -> None:
    lines = rendered(requests_view([request(), request()]), width=120)
    assert lines[2:] == [f"2026-11-25 08:31   {ID}   store_pos   customers.tsv   COMPLETED   20,000        120"] * 2


def test_a_narrow_terminal_shows_each_request_on_two_lines_that_are_not_folded() -> None:
    lines = rendered(requests_view([request(rows_read=12_345_678)]), width=80)
    assert lines[2:] == [
        f"{ID}   2026-11-25 08:31   12,345,678        120",
        "store_pos, customers.tsv               COMPLETED",
    ]


@pytest.mark.parametrize("width", range(60, 200, 4))
def test_a_long_file_name_breaks_no_heading_and_no_number(width: int) -> None:
    lines = rendered(requests_view([request(file_name="k" * 50 + ".tsv", rows_read=5_000)]), width=width)
    text = "\n".join(lines)
    assert "5,000" in text
    assert "rejected" in text


@pytest.mark.parametrize("width", range(60, 240, 4))
def test_a_mapping_is_never_cut(width: int) -> None:
    column = {
        "column": "E-mailadres van de klant",
        "attribute": "email",
        "identifier": False,
        "pii": True,
        "format": "date(dd-MM-yyyy|d MMM yyyy[nl]|yyyy-MM-dd)",
        "policy": "set",
        "blanks": ["nvt", "geen opgave", "onbekend", "niet ingevuld"],
    }
    lines = rendered(mapping_view({"columns": [column]}), width=width)
    text = "\n".join(lines)
    for whole in ("E-mailadres van de klant", "pii", "email", column["format"], "onbekend"):
        assert whole in text


def test_an_empty_list_of_requests_is_reported() -> None:
    assert rendered(requests_view([]), width=80) == ["There are no requests yet."]
    assert rendered(requests_view([], is_filtered=True), width=80) == ["No request fits the filters."]


@pytest.mark.parametrize(("size", "text"), [(128, "128 bytes"), (2_189_609, "2.2 MB")])
def test_the_size_of_a_file_has_a_fitting_unit(size: int, text: str) -> None:
    lines = rendered(request_view(request(bytes=size)), width=80)
    assert lines[2] == f"File     customers.tsv for store_pos, upsert, {text}"


def test_a_request_is_shown_in_ascii_alone() -> None:
    assert "\n".join(rendered(request_view(request()), width=80)).isascii()


KEY_ID = "a1" * 32
VIEWS = {
    "a request": (ID, request_view(request(reject_reasons={"wrong_field_count": 120}), where=" --data demo")),
    "requests": (ID, requests_view([request()])),
    "API keys": (KEY_ID, records_view([{"key_id": KEY_ID, "name": "n", "role": "viewer"}], "key_id", "name", "role")),
}


@pytest.mark.parametrize("width", [40, 60, 80])
@pytest.mark.parametrize("name", VIEWS)
def test_an_id_is_never_broken(name: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, view = VIEWS[name]
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    Output(as_json=False).print(view)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue()).splitlines()
    assert any(whole in line for line in lines), lines
    folded = [line for line in lines if not line.startswith("penstock ")]
    assert [line for line in folded if len(line.rstrip()) > max(width, len(whole) + 2)] == []


def test_a_terminal_of_sixty_columns_shows_the_next_command_unbroken() -> None:
    lines = rendered(request_view(request()), width=60)
    assert f"penstock undo {ID}" in " ".join(line.strip() for line in lines)
    assert [line for line in lines if ID in line]


def test_a_terminal_of_sixty_columns_shows_a_request_in_a_few_lines() -> None:
    assert rendered(requests_view([request()]), width=60) == [
        ID,
        "  COMPLETED, 2026-11-25 08:31",
        "  store_pos, customers.tsv",
        "  20,000 rows, 120 rejected",
    ]


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_command_is_never_folded(width: int) -> None:
    lines = rendered(request_view(request(reject_reasons={"wrong_field_count": 120})), width=width)
    command = f"penstock rejects {ID} --output rejects-bdeef9.tsv"
    assert [line for line in lines if line.endswith(command)], lines


def test_a_narrow_terminal_shows_a_record_with_its_labels_and_times_to_the_minute() -> None:
    key = {"key_id": KEY_ID, "name": "boss", "role": "admin", "created_at": "2026-11-25T08:31:22.98Z"}
    assert rendered(records_view([key], "key_id", "name", "role", "created_at"), width=60) == [
        KEY_ID,
        "  name boss",
        "  role admin",
        "  created at 2026-11-25 08:31",
    ]


BAD = "\x1b[2J\x07"
ORIGIN = {"request_id": BAD, "file_name": BAD, "row": 2}
PAST = {"is_current": True, "ignored": False, "uploaded_by": BAD, "accepted_at": BAD}
PROFILE = {
    "identifiers": [{"namespace": BAD, "value": BAD}],
    "attributes": {BAD: BAD},
    "lineage": {BAD: ORIGIN},
    "history": {
        BAD: [{**ORIGIN, "value": BAD, "is_current": True, "ignored": False, "uploaded_by": BAD, "accepted_at": BAD}]
    },
}
REASON = {"code": BAD, "column": BAD, "message": BAD, "hint": BAD}
ROWS = {
    "columns": [BAD],
    "rows": [{"line": 2, "reasons": [REASON], "cells": [BAD], "is_corrected": False}],
    "next": None,
}
FAULT = Fault(code=BAD, message=BAD, hint=BAD, column=BAD)


@pytest.mark.parametrize(
    "view",
    [
        request_view(request(request_id=BAD, data_source=BAD, mode=BAD, file_name=BAD, reject_reasons={BAD: 1})),
        requests_view([request(request_id=BAD, data_source=BAD, accepted_at=BAD)]),
        profile_view(PROFILE),
        rows_view(ROWS),
        records_view([{"name": BAD}], "name"),
        problem_view(Problem(code=BAD, title=BAD, detail=BAD)),
        problem_view(Problem(code=BAD, title="no", detail=BAD, faults=[FAULT, FAULT])),
    ],
)
@pytest.mark.parametrize("width", [30, 200])
def test_a_view_escapes_control_characters(view: RenderableType, width: int) -> None:
    lines = rendered(view, width)
    assert [line for line in lines if not line.isprintable()] == []


def test_a_message_escapes_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=False).say(BAD)
    assert capsys.readouterr().err == "\\x1b[2J\\x07\n"


def test_lines_of_totals_are_not_among_the_rejects_to_correct() -> None:
    counts = {"rows_without_line": 0, "dropped_corrected": 0, "dropped_left": 0, "dropped_again": 0}
    totals = {"request_ids": ["c"], "rows_ingested": 44, "rejects_corrected": 44, "rejects_left": 0, **counts}
    assert corrections_text(request(rows_rejected=45, corrections=totals)) == "44 of 44 rejects, none left"


@pytest.mark.parametrize(
    ("rows", "dropped", "text"),
    [
        (722, 722, "722 rows have the cells now that were dropped"),
        (1, 1, "1 row has the cells now that were dropped"),
        (4, 0, "4 rows ingested"),
        (0, 0, "nothing is corrected"),  # it was undone
    ],
)
def test_corrections_of_rows_that_lost_cells_are_a_sentence(rows: int, dropped: int, text: str) -> None:
    counts = {"rows_without_line": 0, "dropped_left": 0, "dropped_again": 0, "rejects_corrected": 0, "rejects_left": 0}
    totals = {"request_ids": ["c"], "rows_ingested": rows, "dropped_corrected": dropped, **counts}
    done = request(status="COMPLETED", rows_rejected=0, corrections=totals)
    assert corrections_text(done) == text
    lines = rendered(request_view(done), width=100)
    assert any(line.startswith("Corrected") for line in lines) == bool(rows)


def test_a_request_that_has_not_ended_has_no_duration() -> None:
    assert "Took" not in "\n".join(rendered(request_view(request(status="SCHEDULED", finished_at=None)), width=100))
    assert "Took" in "\n".join(rendered(request_view(request()), width=100))


@pytest.mark.parametrize(("left", "offered"), [(0, False), (1, True)])
def test_corrected_rows_are_not_offered_again(left: int, *, offered: bool) -> None:
    counts = {"rows_without_line": 0, "dropped_corrected": 3 - left, "dropped_left": left, "dropped_again": 0}
    totals = {"request_ids": ["c"], "rows_ingested": 5, "rejects_corrected": 2, "rejects_left": 0, **counts}
    ended = request(status="COMPLETED", rows_rejected=2, dropped_cells={"phone": 4}, corrections=totals)
    text = "\n".join(rendered(request_view(ended), width=200))
    assert "Get rejects" not in text
    assert ("Get dropped" in text, "Send them back" in text) == (offered, offered)
