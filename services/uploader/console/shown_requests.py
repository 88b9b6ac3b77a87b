"""How pages show a request: the manual's four statuses, with a subtitle that says the rest in words."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from penstock.documents.requests import RequestView
from penstock.domain.requests.request import Status
from penstock.domain.requests.waiting import WaitsFor
from services.uploader.console.rendering import duration
from services.uploader.console.shown_corrections import rejected_in_words

_WORDS = {
    Status.SCHEDULED: "Scheduled",
    Status.IN_PROGRESS: "In Progress",
    Status.HELD: "In Progress",
    Status.COMPLETED: "Completed",
    Status.FAILED: "Failed",
    Status.CANCELLED: "Cancelled",
    Status.REVERTED: "Reverted",
}
_KINDS = {
    Status.SCHEDULED: "run",
    Status.IN_PROGRESS: "run",
    Status.HELD: "warn",
    Status.COMPLETED: "ok",
    Status.FAILED: "bad",
}


class ShownRequest(NamedTuple):
    """`status` is a word of the manual, `kind` the style of its chip, `subtitle` what else is to know, "" if nothing.

    `percent` is the share of the file that is worked off, None while that is not known; `seconds` how long the work
    took, and `held_seconds` how long it waited for approval, None if it did not.
    """

    request: RequestView
    status: str
    kind: str
    subtitle: str
    percent: int | None
    seconds: float | None
    held_seconds: float | None

    @property
    def is_running(self) -> bool:
        return Status(self.request["status"]).processing

    @property
    def has_ended(self) -> bool:
        return Status(self.request["status"]).ended


def displayed(request: RequestView) -> ShownRequest:
    status = Status(request["status"])
    return ShownRequest(
        request=request,
        status=_WORDS[status],
        kind="" if request["replaced_by"] is not None else _KINDS.get(status, ""),
        subtitle=_subtitle(status, request),
        percent=_percent(request),
        seconds=_seconds(request),
        held_seconds=_held_seconds(request),
    )


def _subtitle(status: Status, request: RequestView) -> str:
    match status:
        case Status.SCHEDULED:
            return _waits(request)
        case Status.IN_PROGRESS:
            left = request["eta_seconds"]
            return f"about {duration(left)} left" if left else "reading the file"
        case Status.HELD:
            return "waits for approval"
        case Status.FAILED if request["error"] is not None:
            return request["error"]["title"]
        case Status.REVERTED:
            return "its data no longer count"
        case Status.CANCELLED:
            return "nothing of it counts"
        case Status.COMPLETED if request["replaced_by"] is not None:
            return "replaced, its data no longer count"
    return rejected_in_words(request)


def _waits(request: RequestView) -> str:
    """What a request that has not started waits for, in few words."""
    waits = request["waiting"]
    if waits is None or waits["reason"] == WaitsFor.TURN:
        before, seconds = (waits["requests_before"], waits["starts_in_seconds"]) if waits else (None, None)
        places = f", {before:,} before it" if before else ""
        return f"waits for its turn{places}{f', about {duration(seconds)}' if seconds else ''}"
    return "waits for workers" if waits["reason"] == WaitsFor.WORKERS else "waits for the system"


def _percent(request: RequestView) -> int | None:
    total = request["chunks_total"]
    return None if not total else 100 * request["chunks_done"] // total


def _seconds(request: RequestView) -> float | None:
    """Of the work: neither of the wait for its turn, nor of that for a person."""
    if request["finished_at"] is None:
        return None
    began, ended = request["started_at"] or request["accepted_at"], request["held_at"] or request["finished_at"]
    return max(0.0, _between(began, ended))


def _held_seconds(request: RequestView) -> float | None:
    if request["held_at"] is None or request["finished_at"] is None:
        return None
    return _between(request["held_at"], request["finished_at"])


def _between(since: str, until: str) -> float:
    return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()
