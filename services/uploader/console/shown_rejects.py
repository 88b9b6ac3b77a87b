"""How a page shows rejected rows, and rows that lost cells: what has to be corrected first, and whose row it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from penstock.application.requests.reject_rows import RejectPage, RejectRow
from penstock.domain.files.line_set import LineSet
from penstock.domain.limits import MAX_CORRECTED_CELLS, MAX_CORRECTED_IN_PLACE, MAX_CORRECTED_TEXT
from penstock.domain.mapping.mapping import Plan
from services.uploader.console.shown_progress import RejectGroup, reasons_in_words


class ShownCell(NamedTuple):
    """`name` is that of its field in the form, `fault` why what was typed does not fit, "" if it does."""

    name: str
    column: str
    cell: str
    fault: str = ""


class ShownReject(NamedTuple):
    """`first` are the cells that its reasons name, all if they name none; `identifiers` are those of the `others` that
    say whose row it is. `surplus` are the cells after its last column, `as_shown` the name of the box that takes the
    row as it is, "" without one. `faults` are why it does not fit as it was typed, where that is about no cell."""

    line: str
    reasons: Sequence[RejectGroup]
    first: Sequence[ShownCell]
    others: Sequence[ShownCell]
    identifiers: Sequence[ShownCell]
    surplus: Sequence[str]
    as_shown: str
    is_marked: bool
    is_corrected: bool
    faults: Sequence[str]


class FormState(NamedTuple):
    """What was typed into a row of the form, by the places of columns, whether its box was marked, and why the row
    does not fit then: codes with their columns."""

    typed: Mapping[int, str]
    is_marked: bool
    faults: Sequence[str] = ()


def shown_rejects(
    found: RejectPage, plan: Plan, states: Mapping[int, FormState], corrected: LineSet
) -> list[ShownReject]:
    """`states` are by the places of rows; `corrected` are lines."""
    identifiers = identifier_columns(plan)
    empty = FormState({}, is_marked=False)
    return [
        _displayed(row, at, found, identifiers, states.get(at, empty))._replace(
            is_corrected=row.line.isdecimal() and int(row.line) in corrected
        )
        for at, row in enumerate(found.rows)
    ]


def _displayed(
    row: RejectRow, at: int, found: RejectPage, identifiers: Collection[str], state: FormState
) -> ShownReject:
    columns = found.columns
    named = {name for reason in row.reasons for name in reason.partition(":")[2].split("+")} & set(columns)
    faults = reasons_in_words(state.faults, found.formats)
    fault_of = {name: each for each in faults for label in each.columns for name in label.split("+")}
    cells = [
        ShownCell(f"c-{at}-{place}", column, state.typed.get(place, cell), _fault(fault_of.get(column)))
        for place, (column, cell) in enumerate(zip(columns, row.padded(len(columns)), strict=True))
    ]
    others = [each for each in cells if each.column not in named] if named else []
    return ShownReject(
        line=row.line,
        reasons=reasons_in_words(row.reasons, found.formats),
        first=[each for each in cells if each.column in named] or cells,
        others=others,
        identifiers=[each for each in others if each.column in identifiers and each.cell.strip()],
        surplus=row.cells[len(columns) :],
        as_shown=f"s-{at}" if row.is_redrawn(len(columns)) else "",
        is_marked=state.is_marked,
        is_corrected=False,
        faults=[_fault(each) for each in faults if not each.columns],
    )


def _fault(reason: RejectGroup | None) -> str:
    return f"{reason.message}. {reason.fix}" if reason else ""


def identifier_columns(plan: Plan) -> frozenset[str]:
    """The columns of the file that identify a person."""
    return frozenset(name for column in plan.mapping.columns if column.identifier for name in column.sources)


def fits_a_form(found: RejectPage) -> bool:
    """Whether these are all rejected rows, and fit into one form."""
    cells = sum(len(row.cells) for row in found.rows)
    text = sum(len(cell) for row in found.rows for cell in row.cells)
    return (
        found.next is None
        and 0 < len(found.rows) <= MAX_CORRECTED_IN_PLACE
        and max(cells, len(found.rows) * len(found.columns)) <= MAX_CORRECTED_CELLS
        and text <= MAX_CORRECTED_TEXT
    )
