"""The trend of a data source's imports: a bar for each, drawn on the server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from penstock.documents.requests import RequestView
from services.uploader.console.rendering import number, share

WIDTH, HEIGHT = 640, 96  # of the picture, in its own units
_WIDEST = 40  # of a bar
_LEAST = 2  # of the height of a part that is not empty


class Bar(NamedTuple):
    """`good` and `bad` are the heights of its rows and of the rejected ones, below them."""

    x: float
    width: float
    good: float
    bad: float
    words: str


class Trend(NamedTuple):
    bars: Sequence[Bar]
    words: str


def trend(requests: Iterable[RequestView]) -> Trend:
    """The imports that have read rows, the newest one last. Corrections are of rows that were counted before."""
    read = [each for each in requests if each["rows_read"] and each["parent_id"] is None][::-1]
    most = max((each["rows_read"] for each in read), default=0)
    step = WIDTH / max(1, len(read))
    width = min(_WIDEST, step * 0.7)
    bars = [
        Bar(round(at * step + (step - width) / 2, 1), round(width, 1), *_heights(each, most), _words(each))
        for at, each in enumerate(read)
    ]
    return Trend(bars, _summary(read, most))


def _heights(request: RequestView, most: int) -> tuple[float, float]:
    rejected = request["rows_rejected"]
    bad = max(_LEAST, HEIGHT * rejected / most) if rejected else 0
    whole = max(_LEAST, HEIGHT * request["rows_read"] / most)
    return round(max(0, whole - bad), 1), round(min(bad, HEIGHT), 1)


def _words(request: RequestView) -> str:
    rows, rejected = number(request["rows_read"]), number(request["rows_rejected"])
    return f"{request['accepted_at'][:10]}: {rows} rows, {rejected} rejected"


def _summary(requests: Sequence[RequestView], most: int) -> str:
    if not requests:
        return "No import has read rows yet."
    rows, rejected = (sum(each[name] for each in requests) for name in ("rows_read", "rows_rejected"))
    which = f"The last {len(requests)} imports: up to" if len(requests) > 1 else "One import:"
    return f"{which} {number(most)} rows, {share(rejected, rows)} rejected."
