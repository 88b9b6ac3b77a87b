"""What the corrections of an import come to, in words."""

from __future__ import annotations

from typing import NamedTuple

from penstock.documents.requests import CorrectionsView, RequestView
from penstock.domain.requests.request import Status
from services.uploader.console.rendering import counted, number


class ShownCorrections(NamedTuple):
    """`words` is what the corrections come to, `by` what leads to their imports; `counts` says whether any row does."""

    words: str
    by: str
    counts: bool


def corrections_in_words(request: RequestView) -> ShownCorrections | None:
    """None for a request without corrections."""
    found = request["corrections"]
    if found is None:
        return None
    if Status(request["status"]) is Status.REVERTED:
        words = "Its corrections were undone with it: none of their rows counts any more."
        return ShownCorrections(words, "They were", counts=False)
    return ShownCorrections(_totals(found), "Corrected by", counts=found["rows_ingested"] > 0)


def _totals(found: CorrectionsView) -> str:
    """Rejected rows are left out where only lost cells could be corrected."""
    corrected, left, completed = found["rejects_corrected"], found["rejects_left"], found["dropped_corrected"]
    words = []
    if corrected or left or not completed:
        rows = f"{counted(corrected, 'rejected row')} {_are(corrected)} corrected"
        words.append(f"{rows}, {number(left)} {_are(left)} left.")
    if completed:
        words.append(f"{counted(completed, 'row')} that had lost cells {_has(completed)} them now.")
    return " ".join(words)


def dropped_in_words(request: RequestView) -> str:
    """How many of the rows that lost cells have them by now; "" if none has."""
    found = request["corrections"]
    if found is None or not found["dropped_corrected"]:
        return ""
    completed, left = found["dropped_corrected"], found["dropped_left"]
    if not left:
        rows = "The row" if completed == 1 else f"All {number(completed)} rows"
        return f"{rows} that lost cells {_has(completed)} them by now."
    rows = f"{number(completed)} of {counted(completed + left, 'row')} that lost cells"
    return f"{rows} {_has(completed)} them by now, {number(left)} still {'lacks' if left == 1 else 'lack'} them."


class Left(NamedTuple):
    """How many rejected rows, and rows that lost cells, are not corrected yet. Of the latter, the number of cells
    stands for that of rows before any is corrected."""

    rejected: int
    dropped: int


def left_of(request: RequestView) -> Left:
    found = request["corrections"]
    if found is None or Status(request["status"]) is Status.REVERTED:
        return Left(request["rows_rejected"], sum(request["dropped_cells"].values()))
    return Left(found["rejects_left"], found["dropped_left"])


def corrected_since(request: RequestView) -> str:
    """How many of the rejected rows are corrected by now, such as "all corrected since"; "" if none is."""
    found = request["corrections"]
    if found is None or not found["rejects_corrected"] or Status(request["status"]) is Status.REVERTED:
        return ""
    corrected = found["rejects_corrected"]
    return f"{number(corrected) if found['rejects_left'] else 'all'} corrected since"


def rejected_in_words(request: RequestView) -> str:
    """How many rows are rejected, and how many of these are corrected; "" if none is rejected."""
    rejected, found = request["rows_rejected"], request["corrections"]
    if not rejected:
        return ""
    corrected = 0 if found is None else found["rejects_corrected"]
    if not corrected:
        return f"{number(rejected)} rejected"
    return f"{number(rejected)} rejected, {'all' if corrected == rejected else number(corrected)} corrected"


def _has(count: int) -> str:
    return "has" if count == 1 else "have"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
