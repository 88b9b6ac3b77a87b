"""The report of a dry run has options that can be copied."""

from __future__ import annotations

from rich.console import Console

from penstock.domain.dry_run.fixes import FixOption
from services.cli.check_report import check_report

EMAIL = {
    "column": "Mijn e-mail",
    "attribute": "email",
    "format": "email",
    "pii": True,
    "blanks": ["nvt", "geen"],
    "invalid_cells": 3,
    "reasons": {"not_an_email": 3},
    "drops": False,
    "cells_tried": 3,
    "fixes": [{"option": FixOption.IDENTIFIER, "value": "false", "count": 3, "message": "3 more rows"}],
}
RUN = {
    "rows_read": 9,
    "rows_accepted": 6,
    "rows_rejected": 3,
    "reject_reasons": {"not_an_email": 3},
    "max_rejects": None,
    "would_be_held": False,
    "columns": [EMAIL],
    "blank_words": {},
    "sample": {},
    "created_attributes": [],
    "unmapped_columns": [],
    "renamed_columns": {},
    "file_options": {"encoding": "utf-8", "clean_headers": False, "quoted": False, "inherited": []},
    "warnings": [],
}


def test_a_column_that_identifies_no_longer_keeps_its_words_for_blank() -> None:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(check_report(RUN))
    options = "--map 'Mijn e-mail=email' --drop-misfits 'Mijn e-mail' --blank-words 'Mijn e-mail=nvt,geen'"
    assert options in captured.get()


def test_one_cell_and_one_row_are_singular() -> None:
    column = EMAIL | {"invalid_cells": 2, "reasons": {"not_an_email": 1, "junk_identifier": 1}}
    console = Console(width=200)
    with console.capture() as captured:
        console.print(check_report(RUN | {"rows_rejected": 1, "columns": [column]}))
    text = captured.get()
    assert "Mijn e-mail: 1 cell does not fit and would be" in text
    assert "1 cell identifies nobody" in text
    assert "1 row\n" in "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def test_a_dry_run_says_what_a_request_would_be() -> None:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(check_report(RUN))
    lines = [line.split() for line in captured.get().splitlines()]
    assert ["Would", "be", "COMPLETED"] in lines
    assert not any(line[:1] == ["Status"] for line in lines)


def test_cells_that_a_word_makes_blank_are_counted() -> None:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(check_report(RUN | {"blank_words": {"Geburtsdatum": {"00/00/0000": 212}}}))
    assert "Blank words: 212 cells of Geburtsdatum (00/00/0000)" in captured.get()
