"""Dates: the patterns of a column, derived from how its cells look and checked with the worker's coercer.

25/04/2024 shows that the day comes first; 03/04/2024 alone does not. A column that leaves it open takes the order that
the file's other columns show, and otherwise the usual one, marked as ambiguous.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from penstock.domain.mapping.attributes import ValueType
from penstock.domain.suggestions.fitting import PROBED, Finding, Fit, Formats, certainty, of_total, unfitting
from penstock.domain.suggestions.sample import Cells

MAX_SHAPES = 6  # of one column
MIN_SHARE = 0.02  # of the cells: a rarer shape is left out
MIN_FIT = 0.5
AMBIGUOUS = 0.7  # certainty of an order that no cell shows
SHOWN_ELSEWHERE = 0.96  # of one that only other columns show
MAX_DATE_CELL = 40  # characters

_LANGUAGES = "nl de fr es it pt pl sv da nb fi cs tr hu ro ru el"
MONTH_LANGUAGES = ("", *(f"[{each}]" for each in _LANGUAGES.split()))
DAYS = 31
MILLISECONDS = 3  # digits
HOUR_AND_MINUTE = 2  # numbers

_HALVES = ("AM", "PM")
_OFFSETS = ("Z", "+", "-")
DAY_FIRST, MONTH_FIRST, YEAR_FIRST = "dMy", "Mdy", "yMd"

_TOKEN = re.compile(r"[0-9]+|[^\W\d_]+|[\W_]", re.UNICODE)
_MIDNIGHT = re.compile(r"[ T]00:00(?::00(?:\.0+)?)?(?:Z|\+00:00)?\Z")
_NUMBERS = re.compile(r"[0-9]+")
_LOOKS_LIKE_A_DATE = re.compile(r"(?=.*[0-9])[0-9]{1,4}[./\- ]|[0-9]{8}\Z|[^\W\d]{3,10}\.? [0-9]{1,2}|[0-9]{1,2}\. ")


class _Shape(NamedTuple):
    """Cells that look alike. `date` are the kinds of its fields (2: one or two digits, 4, 8, W: a word), with the
    separators between them; `time` is the pattern of what follows, `midnight` the text of a time that says nothing."""

    fields: tuple[str, ...]
    separators: tuple[str, ...]
    time: str
    midnight: str = ""


class _Pattern(NamedTuple):
    order: str
    written: str


Shapes = Sequence[tuple[_Shape, Cells]]


def detect_date(cells: Cells, shapes: Shapes, formats: Formats, usual_order: str | None) -> Finding | None:
    """The date or datetime format of a column. `usual_order` is the order of the file's other columns."""
    chosen, open_orders, orders = _patterns(shapes, formats, usual_order)
    if not chosen:
        return None
    kind = ValueType.DATETIME if any(shape.time for shape, _ in chosen) else ValueType.DATE
    fit = _best_fit(kind, [pattern.written for _, pattern in chosen], cells, formats)
    if fit is None or fit.share < MIN_FIT:
        return None
    return _finding(fit, open_orders, orders, usual_order)


def shown_order(shapes: Shapes, formats: Formats) -> str | None:
    """The order that the cells of a column show without doubt."""
    _, open_orders, orders = _patterns(shapes, formats, None)
    return orders.most_common(1)[0][0] if orders and not open_orders else None


def _may_be_dates(cells: Cells) -> bool:
    looks = sum(count for cell, count in cells.distinct.items() if _looks_like_a_date(cell))
    return bool(cells.filled) and looks >= cells.filled * MIN_FIT


def _looks_like_a_date(cell: str) -> bool:
    return len(cell) <= MAX_DATE_CELL and _LOOKS_LIKE_A_DATE.match(cell) is not None


def _finding(fit: Fit, open_orders: Sequence[str], orders: Counter[str], usual_order: str | None) -> Finding:
    against = list(unfitting(fit))
    sure = certainty(fit)
    if open_orders:
        known = usual_order is not None
        sure *= SHOWN_ELSEWHERE if known else AMBIGUOUS
        why = "other columns show the order" if known else "no cell shows the order"
        against.append(f"could also be {' or '.join(open_orders)} ({why}): check")
    if len(orders) > 1:
        against.append("the order of day and month differs between cells")
        sure *= AMBIGUOUS
    what = "are dates" if fit.format.kind is ValueType.DATE else "are dates with a time"
    return Finding(fit, sure, of_total(fit.count, fit.total, what), tuple(against), bool(open_orders))


def _best_fit(kind: ValueType, patterns: Sequence[str], cells: Cells, formats: Formats) -> Fit | None:
    """All patterns together when the format may have several, otherwise the best one."""
    patterns = list(
        dict.fromkeys(_with_any_hour(each) if _with_any_hour(each) in patterns else each for each in patterns)
    )
    together = f"{kind}({'|'.join(patterns)})"
    candidates = [together, *(f"{kind}({pattern})" for pattern in patterns)]
    if kind is ValueType.DATETIME:
        candidates.insert(0, str(kind))  # ISO 8601 in all its forms
    return formats.best(candidates, cells)


def _with_any_hour(pattern: str) -> str:
    """The pattern with an hour of one or two digits."""
    return pattern.replace("HH", "H").replace("hh", "h")


def _patterns(
    shapes: Shapes, formats: Formats, usual_order: str | None
) -> tuple[list[tuple[_Shape, _Pattern]], list[str], Counter[str]]:
    """A pattern for each shape; the patterns that fit as well; and how many cells show which order."""
    fitting = [(shape, group, _fitting(shape, group, formats)) for shape, group in shapes]
    orders: Counter[str] = Counter()
    for _, group, patterns in fitting:
        if len(patterns) == 1 and patterns[0].order in (DAY_FIRST, MONTH_FIRST):
            orders[patterns[0].order] += group.filled
    preferred = orders.most_common(1)[0][0] if orders else usual_order
    chosen: list[tuple[_Shape, _Pattern]] = []
    open_patterns: list[str] = []
    for shape, _, patterns in fitting:
        if not patterns:
            continue
        best = next((each for each in patterns if each.order == preferred), patterns[0])
        chosen.append((shape, best))
        if len(patterns) > 1 and not orders:
            open_patterns += [each.written for each in patterns if each is not best]
    return chosen, list(dict.fromkeys(open_patterns)), orders


def _fitting(shape: _Shape, group: Cells, formats: Formats) -> list[_Pattern]:
    """The patterns of a shape that fit the most of its cells, the usual order first."""
    kind = ValueType.DATETIME if shape.time else ValueType.DATE
    if "W" in shape.fields:
        group = group.first(PROBED)  # the same day in another language is no other day
    fits = [
        (fit.count, pattern)
        for pattern in _candidates(shape, group)
        if (fit := formats.fit(f"{kind}({pattern.written})", group)) and fit.count
    ]
    fits = [each for each in fits if each[1].order not in _unlikely_orders(shape, group)]
    most = max((count for count, _ in fits), default=0)
    best = [pattern for count, pattern in fits if count == most]
    return best[:1] if "W" in shape.fields else best  # a month's name may be the same in several languages


def _unlikely_orders(shape: _Shape, group: Cells) -> Sequence[str]:
    """For three numbers of two digits: whether the year comes first, by which of the outer ones runs from 1 to 31."""
    if shape.fields != ("2", "2", "2"):
        return ()
    firsts, lasts = (
        {number for cell in group.distinct if (number := int(_NUMBERS.findall(cell)[at])) <= DAYS} for at in (0, 2)
    )
    if len(firsts) == len(lasts):
        return ()
    return (YEAR_FIRST,) if len(firsts) > len(lasts) else (DAY_FIRST, MONTH_FIRST)


def date_shapes(cells: Cells) -> Shapes:
    """The shapes of a column's cells with their cells, the most frequent first; none for a column of other values."""
    if not _may_be_dates(cells):
        return []
    groups: dict[_Shape, list[str]] = {}
    for cell in cells.distinct:
        if _looks_like_a_date(cell) and (shape := _shape(cell)):
            groups.setdefault(shape, []).append(cell)
    weighted = [
        (shape, Cells(cells.name, [cell for cell in group for _ in range(cells.distinct[cell])]))
        for shape, group in groups.items()
    ]
    weighted = [(_without_midnight(shape, group), group) for shape, group in weighted]
    weighted = [(shape, group) for shape, group in weighted if group.filled >= cells.filled * MIN_SHARE]
    return sorted(weighted, key=lambda each: -each[1].filled)[:MAX_SHAPES]


def _without_midnight(shape: _Shape, group: Cells) -> _Shape:
    """The shape of dates that a program wrote with a time that is midnight in every cell."""
    times = {match[0] if (match := _MIDNIGHT.search(cell)) else "" for cell in group.distinct}
    if not shape.time or len(times) > 1 or times == {""}:
        return shape
    return shape._replace(time="", midnight=times.pop().replace("T", "'T'").replace("Z", "'Z'"))


def _shape(cell: str) -> _Shape | None:
    tokens = _TOKEN.findall(cell)
    fields: list[str] = []
    separators: list[str] = [""]
    at = 0
    while at < len(tokens) and len(fields) < 3:
        token = tokens[at]
        if token.isdigit():
            fields.append({1: "2", 2: "2", 4: "4", 8: "8"}.get(len(token), ""))
        elif token.isalpha():
            fields.append("W")
        else:
            separators[-1] += token
            at += 1
            continue
        separators.append("")
        at += 1
        if fields == ["8"]:
            break
    time = _time_pattern(tokens[at:])
    if time is None or "" in fields or separators[0] or len(fields) not in (1, 3):
        return None
    return _Shape(tuple(fields), tuple(separators[1 : len(fields)]), time)


def _time_pattern(parts: Sequence[str]) -> str | None:
    """The LDML pattern of the text after the date; empty if there is none, None if it is no time."""
    if not any(part.strip() for part in parts):
        return ""
    written: list[str] = []
    numbers = 0
    half_day = any(part.upper() in _HALVES for part in parts)
    for part in parts:
        if part in _OFFSETS and (numbers >= HOUR_AND_MINUTE):
            written.append("XXX")
            break
        if part.isdigit():
            numbers += 1
            written.append(_time_field(part, numbers, half_day=half_day))
        elif part.upper() in _HALVES:
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


def _candidates(shape: _Shape, group: Cells) -> Iterable[_Pattern]:
    """The patterns that cells of this shape may have, the usual order first."""
    if shape.fields == ("8",):
        yield _Pattern(YEAR_FIRST, "yyyyMMdd" + shape.time + shape.midnight)
        yield _Pattern(DAY_FIRST, "ddMMyyyy" + shape.time + shape.midnight)
        yield _Pattern(MONTH_FIRST, "MMddyyyy" + shape.time + shape.midnight)
        return
    for order in _orders(shape):
        for month in _months(shape):
            letters = [_field(kind, letter, month, group) for kind, letter in zip(shape.fields, order, strict=True)]
            first, second = shape.separators
            written = f"{letters[0]}{first}{letters[1]}{second}{letters[2]}{shape.time}{shape.midnight}"
            yield from (_Pattern(order, written + language) for language in _languages(shape))


def _orders(shape: _Shape) -> Sequence[str]:
    match shape.fields:
        case ("2", "2", "4"):
            return ("dMy", "Mdy")
        case ("4", "2", "2") | ("4", "W", "2"):
            return ("yMd",)
        case ("2", "W", "4") | ("2", "W", "2"):
            return ("dMy",)
        case ("W", "2", "4") | ("W", "2", "2"):
            return ("Mdy",)
        case ("2", "2", "2"):
            return ("dMy", "Mdy", "yMd")
    return ()


def _months(shape: _Shape) -> Sequence[str]:
    return ("MMM", "MMMM") if "W" in shape.fields else ("MM",)


def _languages(shape: _Shape) -> Sequence[str]:
    """The suffixes of a pattern for the languages of its months."""
    return MONTH_LANGUAGES if "W" in shape.fields else ("",)


def _field(kind: str, letter: str, month: str, group: Cells) -> str:
    match kind, letter:
        case "4", _:
            return "yyyy"
        case "2", "y":
            return "yy"
        case "W", _:
            return month
    return letter * 2 if _always_padded(group) else letter


def _always_padded(group: Cells) -> bool:
    """Whether no cell has a number of one digit."""
    return not any(re.search(r"(?<![0-9:])[0-9](?![0-9])", cell.split(":")[0]) for cell in group.distinct)
