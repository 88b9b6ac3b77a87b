"""The question before an import that replaces: what stops counting, whose number of rows the person types."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from penstock.application.imports.import_draft import ImportDraft
from penstock.application.requests.counting_rows import CountingRows
from penstock.domain.catalog.data_source import DataSource
from penstock.domain.mapping.mapping import Mode
from services.uploader.console.known_sources import name_for_people
from services.uploader.console.rendering import number
from services.uploader.console.shown_replacing import stops_counting, would_remove
from services.uploader.console.visits import Visit

TYPED = "stops_counting"  # the field of the number, and that of the address of a button that sends it again
ASKED = "stops_counting_asked"  # the number that the page has asked for
LOOKED_AT = 50  # imports, for what the choice of a mode says
AGAIN = "again"  # pressed for a file that was imported before

_SEPARATORS = re.compile(r"[ \u00a0\u2009\u202f.,'’_]")
_NUMBER = re.compile(r"[0-9]{1,18}")


class Stopping(NamedTuple):
    """The rows that stop counting with an import, and what to say of them."""

    counting: CountingRows
    words: str


class Replacing(NamedTuple):
    """What the person is to confirm; `rows` of the file are imported instead. `fault` says what is wrong with the
    number that was typed, "" at first; `is_again`: for a file that was imported before."""

    stops: Stopping
    rows: int
    typed: str
    fault: str
    is_again: bool


def stopping(visit: Visit, draft: ImportDraft) -> Stopping | None:
    """None for an import that removes nothing."""
    source = visit.use_cases.catalog.source(visit.caller, draft.data_source)
    if (draft.mode or source.defaults.mode) is not Mode.REPLACE or not source.used:
        return None
    counting = visit.use_cases.requests.counting_rows(visit.caller, draft.data_source)
    return None if counting.are_none else Stopping(counting, stops_counting(name_for_people(source), counting))


def would_stop(visit: Visit, source: DataSource) -> Stopping | None:
    """What an import that replaces would remove, of the newest imports: each opening of the page asks. None for
    nothing."""
    if not source.used:
        return None
    counting = visit.use_cases.requests.counting_rows(visit.caller, source.name, most=LOOKED_AT)
    return None if counting.are_none else Stopping(counting, would_remove(counting))


def to_ask(visit: Visit, draft: ImportDraft, count: Callable[[], int]) -> Replacing | None:
    """What the person has to confirm; None if nothing stops counting, or if its number was typed. `count` counts the
    rows of the file that can be imported."""
    stops, typed = stopping(visit, draft), typed_number(visit)
    if stops is None or number_in(typed) == stops.counting.rows:
        return None
    has_been_asked = visit.form.has(TYPED) or bool(typed)
    fault = fault_of(typed, visit.form.text(ASKED), stops.counting.rows) if has_been_asked else ""
    return Replacing(stops, count(), typed, fault, visit.form.has(AGAIN))


def typed_number(visit: Visit) -> str:
    """As it was typed, now or before the page had another question."""
    return visit.form.text(TYPED) or visit.request.query_params.get(TYPED, "")


def number_in(typed: str) -> int | None:
    """The number that was typed, with or without separators; None for anything else."""
    digits = _SEPARATORS.sub("", typed)
    return int(digits) if _NUMBER.fullmatch(digits) else None


def fault_of(typed: str, asked: str, rows: int) -> str:
    """What is wrong with the number that was `typed`, and what to do; `asked` is the one that the page had."""
    if number_in(asked) not in (None, rows):
        what = "The number has changed since the page asked, because another import has completed or was undone."
    elif typed:
        what = "This is not the number of rows that stop counting."
    else:
        what = "The number of rows that stop counting is missing."
    return f"{what} Type {number(rows)} here, or choose the other way to upload under “Options”."
