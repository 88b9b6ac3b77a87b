"""How the page of a request shows what is true of it: stages, states, reasons, and what a person may do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from penstock.application.requests.counting_rows import CountingRows
from penstock.application.requests.use_cases import RequestUseCases
from penstock.documents.requests import RequestView
from penstock.domain.files.row_reasons import reason_of
from penstock.domain.files.rows import SET_ASIDE
from penstock.domain.mapping.attributes import ValueFormat
from penstock.domain.mapping.coercion.reasons import REASONS
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.status import history
from services.uploader.console.rendering import MISSING, counted, number, size
from services.uploader.console.shown_replacing import stops_counting

MAX_HINTS = 4  # columns of one reason that each get their own words
_LEFT_BLANK = "Or leave the cell blank, if the row has an identifier without it."
_PASSED = "nothing of it counts"
_FINISHED = {
    Status.SCHEDULED: (MISSING, "not yet"),
    Status.IN_PROGRESS: (MISSING, "not yet"),
    Status.HELD: (MISSING, "waits for approval"),
    Status.FAILED: ("0", _PASSED),
    Status.CANCELLED: ("0", _PASSED),
    Status.REVERTED: ("0", "undone"),
}
_STATES = {
    Status.SCHEDULED: "Accepted",
    Status.IN_PROGRESS: "Started",
    Status.HELD: "Held for approval",
    Status.COMPLETED: "Completed",
    Status.FAILED: "Failed",
    Status.CANCELLED: "Cancelled",
    Status.REVERTED: "Undone",
}


class Stage(NamedTuple):
    name: str
    value: str
    note: str


class State(NamedTuple):
    words: str
    at_us: int


class RejectGroup(NamedTuple):
    """Rows that were rejected for one reason, a code. `columns` are some that were the cause."""

    code: str
    message: str
    fix: str
    columns: Sequence[str]
    rows: int


class Action(NamedTuple):
    """What a person can do; `confirm` is what they have to know before, "" if it removes nothing."""

    name: str
    words: str
    kind: str
    confirm: str

    @property
    def verb(self) -> str:
        return self.name.capitalize()


def stages(request: RequestView) -> list[Stage]:
    """From the received file to rows that count. Valid rows are counted once their chunk is encrypted and written."""
    status, valid = Status(request["status"]), request["rows_accepted"]
    has_begun = status is not Status.SCHEDULED
    rows = number(valid) if has_begun else MISSING
    finished, note = _FINISHED.get(status, (number(request["rows_ingested"]), "count in profiles"))
    if request["replaced_by"] is not None:
        finished, note = "0", "replaced"
    rejected = number(request["rows_rejected"]) if request["rows_rejected"] else "none"
    return [
        Stage("Received", size(request["bytes"]), "stored, encrypted"),
        Stage("Read", number(request["rows_read"]) if has_begun else MISSING, _chunks(request)),
        Stage("Valid", rows, f"{rejected} rejected" if has_begun else ""),
        Stage("Encrypted", rows, "with your own keys" if has_begun else ""),
        Stage("Written", rows, "" if not has_begun else "in profiles" if note.startswith("count") else "none counts"),
        Stage("Finished", finished, note),
    ]


def _chunks(request: RequestView) -> str:
    total = request["chunks_total"]
    if request["chunks_done"] == total:
        return "all of the file"
    return f"{number(request['chunks_done'])} of {number(total)} parts"


def sums(request: RequestView) -> str:
    """That each row of the file is in one of the counts."""
    read, valid, rejected = (number(request[name]) for name in ("rows_read", "rows_accepted", "rows_rejected"))
    return f"{read} rows read = {valid} valid + {rejected} rejected. The header and blank lines are no rows."


def timeline(request: Request) -> list[State]:
    """From the first byte of the file on: every status so far, and how far it has got."""
    upload = [] if request.upload_started_at is None else [State("Upload began", request.upload_started_at)]
    states = upload + [State(_STATES[status], at_us) for status, at_us in history(request)]
    if request.status.processing and request.rows_read:
        states.append(State(f"{number(request.rows_read)} rows so far", request.last_step_at))
    return states


def reject_groups(
    reasons: Mapping[str, int],
    columns: Mapping[str, Sequence[str]] = {},
    formats: Mapping[str, ValueFormat] = {},
    *,
    ended: bool,
) -> list[RejectGroup]:
    """What most rows need comes first, once the request has ended: until then no line changes its place for another.
    `columns` are those that were seen for each code, `formats` are by column; both are known only then, and so is how
    cells have to be written."""
    groups = [_group(code, columns.get(code, ()), rows, formats) for code, rows in sorted(reasons.items())]
    if ended:
        return sorted(groups, key=lambda group: -group.rows)
    return [group._replace(fix="") if group.code in REASONS else group for group in groups]


def columns_by_code(rows: Iterable[Sequence[str]]) -> dict[str, list[str]]:
    """The columns that the reasons of some rows name, by code."""
    pairs = dict.fromkeys(reason.partition(":")[::2] for reasons in rows for reason in reasons)
    found: dict[str, list[str]] = {}
    for code, column in pairs:
        if column:
            found.setdefault(code, []).append(column)
    return found


def reasons_in_words(reasons: Sequence[str], formats: Mapping[str, ValueFormat]) -> list[RejectGroup]:
    """The reasons of one row, given the formats of the columns."""
    pairs = [reason.partition(":")[::2] for reason in reasons]
    return [_group(code, (column,) if column else (), 1, formats) for code, column in pairs]


def _group(code: str, columns: Sequence[str], rows: int, formats: Mapping[str, ValueFormat]) -> RejectGroup:
    fix = _fix(code, columns, formats)
    if code in REASONS:
        fix = f"{fix} {_LEFT_BLANK}"
    return RejectGroup(code, reason_of(code).message.removesuffix("."), fix, columns, rows)


def _fix(code: str, columns: Sequence[str], formats: Mapping[str, ValueFormat]) -> str:
    """How the cells have to be written; for columns that are written in different ways, each with its name."""
    hints = {column: reason_of(code, formats.get(column)).hint for column in columns[:MAX_HINTS]}
    if len(columns) > MAX_HINTS or not hints:
        return reason_of(code).hint
    if len(set(hints.values())) == 1:
        return hints[columns[0]]
    return " ".join(f"{column}: {hint}" for column, hint in hints.items())


def actions(
    request: Request, may: Callable[[Callable[..., object]], bool], stops: CountingRows | None = None
) -> list[Action]:
    """What the request's state allows, and its person's permissions. `stops` are the rows that stop counting once a
    held request is approved, if it replaces them."""
    return [action for action, of in _allowed(request, stops) if may(of)]


def _allowed(request: Request, stops: CountingRows | None) -> list[tuple[Action, Callable[..., object]]]:
    use_cases: list[tuple[Action, Callable[..., object]]] = []
    if request.status is Status.COMPLETED:
        if SET_ASIDE in request.reject_reasons:
            use_cases.append(
                (Action("resubmit-set-aside", "Run set-aside rows again", "", ""), RequestUseCases.resubmit)
            )
        use_cases.append((Action("undo", "Undo", "bad", _before_undo(request)), RequestUseCases.undo))
    if request.status is Status.HELD:
        words = f"Approve {counted(request.rows_accepted, 'row')}"
        use_cases.append((Action("approve", words, "first", _before_approval(stops)), RequestUseCases.approve))
    if not request.status.ended:
        use_cases.append((Action("cancel", "Cancel", "bad", _before_cancel(request)), RequestUseCases.cancel))
    return use_cases


def _before_approval(stops: CountingRows | None) -> str:
    if stops is None:
        return ""
    undone = "" if stops.are_none else " It can be undone at any later time: then what it has replaced counts again."
    return f"{stops_counting('its data source', stops)}{undone}"


def _before_cancel(request: Request) -> str:
    rows, are = counted(request.rows_accepted, "row"), "is" if request.rows_accepted == 1 else "are"
    written = f"{rows} {are} written so far" if request.rows_accepted else "Nothing is written"
    return f"{written}: none of it will count. This cannot be taken back; to import the file then, upload it again."


def _before_undo(request: Request) -> str:
    rows = f"{counted(request.rows_ingested, 'row')}{_of_children(len(request.children))}"
    stop = "stops" if request.rows_ingested == 1 and not request.children else "stop"
    return (
        f"Its {rows} {stop} counting in all profiles at once: in their place, the values that earlier imports brought "
        f"count again, and what later imports brought stays.{_restored(request.mode)} An import can be undone at any "
        "time, and an undo cannot be taken back: upload the file again instead."
    )


def _of_children(count: int) -> str:
    if not count:
        return ""
    imports = "the import" if count == 1 else f"the {number(count)} imports"
    return f", and those of {imports} that corrected it,"


def _restored(mode: Mode) -> str:
    return " What it had replaced counts again." if mode is Mode.REPLACE else ""


def after_end(request: RequestView) -> str:
    """What became of the rows of a request that does not count, or of what a completed one has replaced."""
    rows = request["rows_accepted"]
    match Status(request["status"]):
        case Status.CANCELLED if request["rows_accepted"]:
            were = "was" if rows == 1 else "were"
            return f"{counted(rows, 'row')} {were} already written when it was cancelled. None of it counts."
        case Status.CANCELLED:
            return "It was cancelled before any row was written. Nothing has changed."
        case Status.REVERTED:
            restored = _restored(Mode(request["mode"]))
            none = "its 1 row no longer counts" if rows == 1 else f"none of its {number(rows)} rows counts any more"
            return f"It was undone: {none}.{restored}"
        case Status.COMPLETED if request["replaced_by"] is not None:
            return f"Completed; its {counted(rows, 'row')} no longer {'counts' if rows == 1 else 'count'}: replaced by"
        case Status.COMPLETED if request["mode"] == Mode.REPLACE:
            return "Earlier imports of its data source no longer count because of this one, until it is undone."
        case Status.FAILED:
            return "Nothing of this file counts, and nothing else has changed."
    return ""
