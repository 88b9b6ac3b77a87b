"""Views that fit into the terminal: a narrower one in place of one whose words would be broken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.segment import Segment
from rich.text import Text

UNBOUNDED = 10_000  # columns, to ask how wide a view would be by itself
INDENT = 2  # columns


class Fitting:
    """The first of the views that needs to break no word, otherwise the last."""

    def __init__(self, *views: RenderableType) -> None:
        self._views = views

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = options.update(max_width=UNBOUNDED)
        for view in self._views[:-1]:
            if Measurement.get(console, wide, view).minimum <= options.max_width:
                yield view
                return
        yield self._views[-1]


class Unbroken:
    """A line that nothing breaks: where the terminal is too narrow for an id, it runs on and can still be copied."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Segment(self._text)
        yield Segment.line()


def block(first: str, *lines: RenderableType) -> RenderableType:
    """A record on several lines: `first` whole, the others below it and wrapped."""
    shown = [Padding(line, (0, 0, 0, INDENT)) for line in lines]
    return Group(Unbroken(first), *shown)


def stacked(facts: Iterable[tuple[str, RenderableType]]) -> RenderableType:
    """Each label above what it stands for; a value without spaces is not broken."""
    parts: list[RenderableType] = []
    for label, value in facts:
        parts += [Text(label, style="dim"), *_lines(value)]
    return Group(*parts)


def _lines(value: RenderableType) -> Sequence[RenderableType]:
    """A text word by word where a word is wider than most terminals; anything else as it is."""
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
