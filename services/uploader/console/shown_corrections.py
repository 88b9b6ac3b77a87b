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
    corrected, left = found["rejects_corrected"], found["rejects_left"]
    words = f"{counted(corrected, 'rejected row')} {_are(corrected)} corrected, {number(left)} {_are(left)} left."
    if completed := found["dropped_corrected"]:
        has = "has" if completed == 1 else "have"
        words += f" {counted(completed, 'row')} that had lost cells {has} them now."
    return words


def rejected_in_words(request: RequestView) -> str:
    """How many rows are rejected, and how many of these are corrected; "" if none is rejected."""
    rejected, found = request["rows_rejected"], request["corrections"]
    if not rejected:
        return ""
    corrected = 0 if found is None else found["rejects_corrected"]
    if not corrected:
        return f"{number(rejected)} rejected"
    return f"{number(rejected)} rejected, {'all' if corrected == rejected else number(corrected)} corrected"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
