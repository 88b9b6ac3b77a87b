"""Views that fit the terminal: if words would be broken, a narrower view is used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

UNBOUNDED = 10_000  # columns, to measure the natural width of a view
INDENT = 2  # columns


class Fitting:
    """The first of the views that breaks no word, otherwise the last."""

    def __init__(self, *views: RenderableType) -> None:
        self._views = views

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = options.update(max_width=UNBOUNDED)
        for view in self._views[:-1]:
            _keep_unfolded(view, console, wide)
            if Measurement.get(console, wide, view).minimum <= options.max_width:
                yield view
                return
        yield self._views[-1]


def _keep_unfolded(view: RenderableType, console: Console, wide: ConsoleOptions) -> None:
    """A column of a table that may not be folded needs the width of its widest cell."""
    for column in view.columns if isinstance(view, Table) else ():
        if column.no_wrap:
            cells = (column.header, *column.cells)
            column.min_width = max(Measurement.get(console, wide, cell).maximum for cell in cells)


class Unbroken:
    """A line that is never broken, so that an id or a command can be copied from a narrow terminal too."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Segment(self._text)
        yield Segment.line()


def block(first: str, *lines: RenderableType) -> RenderableType:
    """A record on several lines: `first` unbroken, the others below it, indented and wrapped."""
    indented = [Padding(line, (0, 0, 0, INDENT)) for line in lines]
    return Group(Unbroken(first), *indented)


def stacked(facts: Iterable[tuple[str, RenderableType]]) -> RenderableType:
    """Each label above its value; a value without spaces is not broken."""
    parts: list[RenderableType] = []
    for label, value in facts:
        parts += [Text(label, style="dim"), *_lines(value)]
    return Group(*parts)


def _lines(value: RenderableType) -> Sequence[RenderableType]:
    """A plain text wrapped at spaces only; anything else unchanged."""
    if not isinstance(value, Text) or value.style or value.spans:
        return [value]
    return [_Words(value.plain)]


class _Words:
    """A text wrapped at its spaces only."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        line = ""
        for word in self._text.split(" "):
            if line and len(line) + 1 + len(word) > options.max_width:
                yield from (Segment(line), Segment.line())
                line = word
            else:
                line = f"{line} {word}" if line else word
        yield from (Segment(line), Segment.line())
