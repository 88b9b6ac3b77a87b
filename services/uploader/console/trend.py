"""The trend of a data source's imports: a bar for each, drawn on the server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from penstock.documents.requests import RequestView
from penstock.domain.requests.request import Status
from services.uploader.console.rendering import counted, number, share

WIDTH, HEIGHT = 640, 96  # of the picture, in its own units
_WIDEST = 40  # of a bar
_PASSED = {Status.REVERTED: "undone", Status.FAILED: "failed", Status.CANCELLED: "cancelled"}
_LEAST = 2  # of the height of a part that is not empty


class Bar(NamedTuple):
    """`good` and `bad` are the heights of its rows and of the rejected ones, below them. `counts`: it was not undone
    or replaced, and has not failed."""

    x: float
    width: float
    good: float
    bad: float
    words: str
    counts: bool


class Trend(NamedTuple):
    bars: Sequence[Bar]
    words: str


def trend(requests: Iterable[RequestView]) -> Trend:
    """The imports that have read rows, the newest one last, to the scale of those that count: higher bars of others are
    cut. Corrections are of rows that were counted before."""
    read = [each for each in requests if each["rows_read"] and each["parent_id"] is None][::-1]
    counting = [each["rows_read"] for each in read if _counts(each)]
    most = max(counting or [each["rows_read"] for each in read], default=0)
    step = WIDTH / max(1, len(read))
    width = min(_WIDEST, step * 0.7)
    lefts = (round(at * step + (step - width) / 2, 1) for at in range(len(read)))
    bars = [
        Bar(left, round(width, 1), *_heights(each, most), _words(each), _counts(each))
        for left, each in zip(lefts, read, strict=True)
    ]
    return Trend(bars, _summary(read))


def _heights(request: RequestView, most: int) -> tuple[float, float]:
    rejected = request["rows_rejected"]
    scale = HEIGHT / max(most, request["rows_read"])
    whole = max(_LEAST, scale * request["rows_read"])
    bad = max(_LEAST, scale * rejected) if rejected else 0
    return round(max(0, whole - bad), 1), round(min(bad, HEIGHT), 1)


def _words(request: RequestView) -> str:
    rows, rejected = number(request["rows_read"]), number(request["rows_rejected"])
    passed = "" if _counts(request) else f"; {_PASSED.get(Status(request['status']), 'replaced')}"
    return f"{request['accepted_at'][:10]}: {rows} rows, {rejected} rejected{passed}"


def _counts(request: RequestView) -> bool:
    return Status(request["status"]) not in _PASSED and request["replaced_by"] is None


def _summary(requests: Sequence[RequestView]) -> str:
    """Of those that count; how many others are drawn."""
    if not requests:
        return "No import has read rows yet."
    counting = [each for each in requests if _counts(each)]
    passed = _passed(len(requests) - len(counting), are_more=bool(counting))
    if not counting:
        return passed
    rows, rejected = (sum(each[name] for each in counting) for name in ("rows_read", "rows_rejected"))
    most = max(each["rows_read"] for each in counting)
    which = f"{number(len(counting))} imports: up to" if len(counting) > 1 else "One import:"
    return f"{which} {number(most)} rows, {share(rejected, rows)} rejected.{passed and f' {passed}'}"


def _passed(count: int, *, are_more: bool) -> str:
    if not count:
        return ""
    were = "was" if count == 1 else "were"
    return f"{f'{count} more' if are_more else counted(count, 'import')} {were} replaced, undone, failed or cancelled."
