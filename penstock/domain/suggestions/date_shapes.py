"""The shapes of dates: how the cells of a column look, such as two, two and four digits with slashes between them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from penstock.domain.mapping.coercion.date_patterns import HALF_DAY
from penstock.domain.suggestions.epochs import epoch_units
from penstock.domain.suggestions.sample import Cells

MAX_SHAPES = 6  # of one column
MIN_SHARE = 0.005  # of the cells: a rarer shape is left out
MAX_DATE_CELL = 40  # characters
MIN_LOOKS = 0.5  # share of cells that look like dates
MILLISECONDS = 3  # digits
HOUR_AND_MINUTE = 2  # numbers
_HALF = "AM"  # stands for either
_HALF_DAY = re.compile(rf"(?<![^\W\d_])(?:{HALF_DAY})(?![^\W\d_])")
_EAST_ASIAN = frozenset("年月日년월일")  # after the year, the month and the day
_OFFSETS = ("Z", "+", "-")
_TOKEN = re.compile(r"[0-9]+|[^\W\d_]+|[\W_]", re.UNICODE)
_WORD = re.compile(r"'([^\W\d_]+)'")
_MIDNIGHT = re.compile(r"[ T]00:00(?::00(?:\.0+)?)?(?:Z|\+00:00)?\Z")
_LOOKS_LIKE_A_DATE = re.compile(
    r"(?=.*[0-9])[0-9]{1,4}[./\- 年년]|[0-9]{8}\Z|[^\W\d]{3,10}\.? [0-9]{1,2}|[0-9]{1,2}\. "
)


class Shape(NamedTuple):
    """Cells that look alike. `date` are the kinds of its fields (2: one or two digits, 4, 8, W: a word), with the
    separators between them; `time` is the pattern of what follows, `midnight` the text of a time that says nothing, or
    of the sign after the day.
    `epoch` is the unit of an epoch time, which has no fields."""

    fields: tuple[str, ...]
    separators: tuple[str, ...]
    time: str
    midnight: str = ""
    epoch: str = ""

    @property
    def has_time(self) -> bool:
        return bool(self.time or self.epoch)


Shapes = Sequence[tuple[Shape, Cells]]


def date_shapes(cells: Cells) -> Shapes:
    """The shapes of a column's cells with their cells, the most frequent first; none for a column of other values."""
    epochs = epoch_units(cells)
    if not _may_be_dates(cells, epochs):
        return []
    groups: dict[Shape, list[str]] = {}
    for cell in cells.distinct:
        if unit := epochs.get(cell):
            groups.setdefault(Shape((), (), "", epoch=unit), []).append(cell)
        elif _looks_like_a_date(cell) and (shape := _shape(cell)):
            groups.setdefault(shape, []).append(cell)
    weighted = [
        (shape, Cells(cells.name, [cell for cell in group for _ in range(cells.distinct[cell])]))
        for shape, group in groups.items()
    ]
    weighted = [(_without_midnight(shape, group), group) for shape, group in weighted]
    weighted = [(shape, group) for shape, group in weighted if group.filled >= cells.filled * MIN_SHARE]
    if len({words for shape, _ in weighted if (words := _words_after(shape))}) > 1:
        weighted = [(shape, group) for shape, group in weighted if not _words_after(shape)]
    return sorted(weighted, key=lambda each: -each[1].filled)[:MAX_SHAPES]


def _may_be_dates(cells: Cells, epochs: Mapping[str, str]) -> bool:
    looks = sum(count for cell, count in cells.distinct.items() if cell in epochs or _looks_like_a_date(cell))
    return bool(cells.filled) and looks >= cells.filled * MIN_LOOKS


def _words_after(shape: Shape) -> tuple[str, ...]:
    """The words after a time's first number. If they differ, they may say more than a pattern has, such as the half of
    the day, or the zone."""
    return tuple(_WORD.findall(shape.time.partition("H")[2]))


def _looks_like_a_date(cell: str) -> bool:
    return len(cell) <= MAX_DATE_CELL and _LOOKS_LIKE_A_DATE.match(cell) is not None


def _without_midnight(shape: Shape, group: Cells) -> Shape:
    """The shape of dates that a program wrote with a time that is midnight in every cell."""
    times = {match[0] if (match := _MIDNIGHT.search(cell)) else "" for cell in group.distinct}
    if not shape.time or len(times) > 1 or times == {""}:
        return shape
    return shape._replace(time="", midnight=times.pop().replace("T", "'T'").replace("Z", "'Z'"))


def _shape(cell: str) -> Shape | None:
    tokens = _TOKEN.findall(cell)
    fields: list[str] = []
    separators: list[str] = [""]
    at = 0
    while at < len(tokens) and len(fields) < 3:
        token = tokens[at]
        if token.isdigit():
            fields.append({1: "2", 2: "2", 4: "4", 8: "8"}.get(len(token), ""))
        elif token.isalpha() and token not in _EAST_ASIAN:
            fields.append("W")
        else:
            separators[-1] += token
            at += 1
            continue
        separators.append("")
        at += 1
        if fields == ["8"]:
            break
    after_day = tokens[at] if at < len(tokens) and _ends_a_date(tokens[at], separators) else ""
    time = _time_pattern(tokens[at + len(after_day) :])
    if time is None or "" in fields or separators[0] or len(fields) not in (1, 3):
        return None
    between = tuple(separators[1 : len(fields)])
    return Shape(tuple(fields), between, after_day + time if time else "", midnight="" if time else after_day)


def _ends_a_date(sign: str, separators: Sequence[str]) -> bool:
    """Whether a sign after the last field belongs to it: `2023年4月5日`, `1980.11.16.`."""
    return sign in _EAST_ASIAN or (sign == "." and separators[1].startswith("."))


def _time_pattern(parts: Sequence[str]) -> str | None:
    """The LDML pattern of the text after the date; empty if there is none, None if it is no time."""
    if not any(part.strip() for part in parts):
        return ""
    written: list[str] = []
    numbers = 0
    parts = _TOKEN.findall(_HALF_DAY.sub(_HALF, "".join(parts)))
    half_day = _HALF in parts
    for part in parts:
        if part in _OFFSETS and (numbers >= HOUR_AND_MINUTE):
            written.append("XXX")
            break
        if part.isdigit():
            numbers += 1
            written.append(_time_field(part, numbers, half_day=half_day))
        elif part == _HALF:
            written.append("a")
        else:
            written.append(f"'{part}'" if part.isalpha() else part)
    return "".join(written) if numbers else None


def _time_field(digits: str, number: int, *, half_day: bool) -> str:
    """The letters of a time's first, second, … number."""
    if number == 1:
        return ("h" if half_day else "H") * min(len(digits), 2)
    if len(digits) == MILLISECONDS:
        return "SSS"
    return "mm" if number == HOUR_AND_MINUTE else "ss"
