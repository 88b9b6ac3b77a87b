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
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.coercion.date_patterns import FIRST_SHORT_YEAR, ISO
from penstock.domain.suggestions.date_shapes import Shape, Shapes
from penstock.domain.suggestions.epochs import described, is_named_for_times
from penstock.domain.suggestions.fitting import PROBED, Finding, Fit, Formats, certainty, of_total, unfitting
from penstock.domain.suggestions.names import Names, words
from penstock.domain.suggestions.sample import Cells

MIN_FIT = 0.5
MIDNIGHT = "a date without a time becomes its midnight"
AMBIGUOUS = 0.7  # certainty of an order that no cell shows
SHOWN_ELSEWHERE = 0.96  # of one that only other columns show
TIME_LEFT_OUT = 0.96  # of a date that is only a part of what the cells say

_LANGUAGES = "nl de fr es it pt pl sv da nb fi cs tr hu ro ru el"
MONTH_LANGUAGES = ("", *(f"[{each}]" for each in _LANGUAGES.split()))
DAYS = 31
LAST_YEAR = 2200  # of what customers do, and of what they have bought
LATE = 0.6  # certainty of a column of later years
MIN_LATE = 0.1  # share of its cells
LIKELY_YEARS = range(1850, 2100)
MIN_LIKELY = 0.95  # share of the different cells
FIRST_BIRTH_YEAR = 1927  # for years of two digits: nobody is born later than now
CENTURY = 100
MIN_SHORT_YEARS = 0.05  # share of the dates in one order; a guess at the century of fewer corrects nothing
MIN_USUAL = 0.5  # share of the dates; fewer are counted
_BIRTH_WORDS = (
    *("birth", "born", "dob", "bday", "geboor", "geboren", "verjaar", "geb", "naiss", "nacim", "nasci", "urodz"),
    *("fodel", "fods", "fodt", "foeds", "synty", "naroz", "dogum", "szulet"),
)

DAY_FIRST, MONTH_FIRST, YEAR_FIRST, EPOCH = "dMy", "Mdy", "yMd", "epoch"
_ISO_DATE = "yyyy-MM-dd"
_ISO_TIMES = (f"{_ISO_DATE}'T'HH", f"{_ISO_DATE} HH")

_NUMBERS = re.compile(r"[0-9]+")
_YEAR = re.compile(r"(?<![0-9])[0-9]{4}(?![0-9])")
_SHORT_YEAR = re.compile(r"(?<!y)yy(?!y)")


class _Pattern(NamedTuple):
    order: str
    written: str


class _Patterns(NamedTuple):
    """A pattern for each shape; `open` are the patterns that fit as well; `orders` counts the cells that show each."""

    chosen: Sequence[tuple[Shape, Cells, _Pattern]]
    open: Sequence[str]
    orders: Counter[str]

    @property
    def total(self) -> int:
        return sum(group.filled for _, group, _ in self.chosen)

    @property
    def timed(self) -> int:
        """How many cells have a time."""
        return sum(group.filled for shape, group, _ in self.chosen if shape.has_time)

    @property
    def epochs(self) -> list[tuple[str, str]]:
        """The epoch times with their units."""
        return [(cell, shape.epoch) for shape, group, _ in self.chosen if shape.epoch for cell in group.distinct]


def detect_dates(cells: Cells, shapes: Shapes, formats: Formats, usual_order: str | None) -> list[Finding]:
    """A column as datetimes, if some of its cells have a time, and as dates. `usual_order` is the order of the file's
    other columns."""
    found = _patterns(shapes, formats, usual_order)
    if not found.chosen:
        return []
    kinds = [ValueType.DATETIME, ValueType.DATE] if found.timed else [ValueType.DATE]
    fits = [_best_fit(kind, [pattern.written for *_, pattern in found.chosen], cells, formats) for kind in kinds]
    return [_finding(fit, cells, found, usual_order, formats) for fit in fits if fit and fit.share >= MIN_FIT]


def shown_order(shapes: Shapes, formats: Formats) -> str | None:
    """The order that the cells of a column show without doubt."""
    found = _patterns(shapes, formats, None)
    return found.orders.most_common(1)[0][0] if found.orders and not found.open else None


def _finding(fit: Fit, cells: Cells, found: _Patterns, usual_order: str | None, formats: Formats) -> Finding:
    against = list(unfitting(fit))
    sure = certainty(fit)
    if found.open:
        known = usual_order is not None
        sure *= SHOWN_ELSEWHERE if known else AMBIGUOUS
        why = "other columns show the order" if known else "no cell shows the order"
        against.append(f"could also be {' or '.join(found.open)} ({why}): check")
    if len(found.orders) > 1:
        against.append("the order of day and month differs between cells")
        sure *= AMBIGUOUS
    if found.epochs and not is_named_for_times(cells.name):
        against.append("could also be numbers or identifiers: check")
        sure *= AMBIGUOUS
    if found.timed and fit.format.kind is ValueType.DATE:
        against.append(f"the time of {found.timed:,} is left out")
        sure *= TIME_LEFT_OUT
    elif 0 < found.timed < found.total:
        against.append(MIDNIGHT)
    if late := _late(found, formats):
        against.append(f"{late:,} are after {LAST_YEAR}, as Buddhist years are: check")
        sure *= LATE if late >= fit.total * MIN_LATE else 1
    if short_years := _short_years(found):
        against.append(short_years)
    return Finding(fit, sure, _evidence(fit, found), tuple(against), bool(found.open))


def _late(found: _Patterns, formats: Formats) -> int:
    """How many cells are dates of a year that no customer's date has."""
    count = 0
    for shape, group, pattern in found.chosen:
        late = [cell for cell in group.distinct if any(int(year) > LAST_YEAR for year in _YEAR.findall(cell))]
        if late and "yyyy" in pattern.written:
            kind = ValueType.DATETIME if shape.has_time else ValueType.DATE
            count += sum(group.distinct[cell] for cell in formats.fitting(f"{kind}({pattern.written})", late))
    return count


def _short_years(found: _Patterns) -> str | None:
    """The century of years with two digits."""
    short = sum(group.filled for _, group, pattern in found.chosen if _has_short_year(pattern))
    if not short:
        return None
    born = any(pattern.written.endswith(f"[{FIRST_BIRTH_YEAR}]") for *_, pattern in found.chosen)
    first = FIRST_BIRTH_YEAR if born else FIRST_SHORT_YEAR
    read = f"read as {first} to {first + CENTURY - 1}"
    if short >= found.total * MIN_USUAL:
        return f"years of two digits are {read}"
    return f"{short:,} of {found.total:,} cells {'has a year' if short == 1 else 'have years'} of two digits, {read}"


def _has_short_year(pattern: _Pattern) -> bool:
    return _SHORT_YEAR.search(pattern.written) is not None


def _without_few_short_years(chosen: Sequence[tuple[Shape, Cells, _Pattern]]) -> list[tuple[Shape, Cells, _Pattern]]:
    """Without years of two digits that are few beside those of four in the same order: their century is a guess."""
    short: Counter[str] = Counter()
    long: Counter[str] = Counter()
    for _, group, pattern in chosen:
        (short if _has_short_year(pattern) else long)[pattern.order] += group.filled
    few = {order for order in short if short[order] < (short[order] + long[order]) * MIN_SHORT_YEARS}
    return [each for each in chosen if not (_has_short_year(each[2]) and each[2].order in few)]


def _is_named_for_births(column: str) -> bool:
    """Whether the name of a column says that its dates are birthdays."""
    return any(word.startswith(_BIRTH_WORDS) for word in words(column)) or _means_birth_date(column)


def _means_birth_date(column: str) -> bool:
    return Names({"birth_date": BUILTIN["birth_date"]}).match(column) is not None


def _evidence(fit: Fit, found: _Patterns) -> str:
    what = "are dates"
    if found.timed:
        what += " with a time" if found.timed == found.total else f", {found.timed:,} with a time"
    return of_total(fit.count, fit.total, what) + (f", as {described(found.epochs)}" if found.epochs else "")


def _best_fit(kind: ValueType, patterns: Sequence[str], cells: Cells, formats: Formats) -> Fit | None:
    """All patterns together when the format may have several, otherwise the best one."""
    patterns = list(
        dict.fromkeys(_with_any_hour(each) if _with_any_hour(each) in patterns else each for each in patterns)
    )
    lists = [_with_iso(patterns), patterns, *([pattern] for pattern in patterns)]
    candidates = [f"{kind}({'|'.join(each)})" for each in lists]
    if kind is ValueType.DATETIME:
        candidates.insert(0, str(kind))  # ISO 8601 in all its forms
    return formats.best(dict.fromkeys(candidates), cells)


def _with_iso(patterns: Sequence[str]) -> list[str]:
    """The patterns with one word for all those that are ISO 8601, if any of these has a time."""
    iso = [each for each in patterns if each.startswith(_ISO_TIMES)]
    if not iso:
        return list(patterns)
    return [ISO, *(each for each in patterns if each not in (*iso, _ISO_DATE))]


def _with_any_hour(pattern: str) -> str:
    """The pattern with an hour of one or two digits."""
    return pattern.replace("HH", "H").replace("hh", "h")


def _patterns(shapes: Shapes, formats: Formats, usual_order: str | None) -> _Patterns:
    fitting = [(shape, group, _fitting(shape, group, formats)) for shape, group in shapes]
    orders: Counter[str] = Counter()
    for _, group, patterns in fitting:
        if len(patterns) == 1 and patterns[0].order in (DAY_FIRST, MONTH_FIRST):
            orders[patterns[0].order] += group.filled
    preferred = orders.most_common(1)[0][0] if orders else usual_order
    chosen: list[tuple[Shape, Cells, _Pattern]] = []
    open_patterns: list[str] = []
    for shape, group, patterns in fitting:
        if not patterns:
            continue
        best = next((each for each in patterns if each.order == preferred), patterns[0])
        chosen.append((shape, group, best))
        if len(patterns) > 1 and not orders:
            open_patterns += [each.written for each in patterns if each is not best]
    return _Patterns(_without_few_short_years(chosen), list(dict.fromkeys(open_patterns)), orders)


def _fitting(shape: Shape, group: Cells, formats: Formats) -> list[_Pattern]:
    """The patterns of a shape that fit the most of its cells, the usual order first."""
    kind = ValueType.DATETIME if shape.has_time else ValueType.DATE
    if "W" in shape.fields:
        group = group.first(PROBED)  # the same day in another language is no other day
    fits = [
        (fit.count, pattern)
        for pattern in _candidates(shape, group)
        if (fit := formats.fit(f"{kind}({pattern.written})", group)) and fit.count
    ]
    most = max((count for count, _ in fits), default=0)
    best = [pattern for count, pattern in fits if count == most]
    unlikely = _unlikely_orders(shape, group)
    best = [pattern for pattern in best if pattern.order not in unlikely] or best
    return best[:1] if "W" in shape.fields else best  # a month's name may be the same in several languages


def _unlikely_orders(shape: Shape, group: Cells) -> Sequence[str]:
    """For three numbers of two digits: whether the year comes first, by which of the outer ones runs from 1 to 31."""
    if shape.fields != ("2", "2", "2"):
        return ()
    firsts, lasts = (
        {number for cell in group.distinct if (number := int(_NUMBERS.findall(cell)[at])) <= DAYS} for at in (0, 2)
    )
    if len(firsts) == len(lasts):
        return ()
    return (YEAR_FIRST,) if len(firsts) > len(lasts) else (DAY_FIRST, MONTH_FIRST)


def _candidates(shape: Shape, group: Cells) -> Iterable[_Pattern]:
    """The patterns that cells of this shape may have, the usual order first."""
    if shape.epoch:
        yield _Pattern(EPOCH, shape.epoch)
        return
    if shape.fields == ("8",):
        for order, written in ((YEAR_FIRST, "yyyyMMdd"), (DAY_FIRST, "ddMMyyyy"), (MONTH_FIRST, "MMddyyyy")):
            if _has_likely_years(group, written.index("y")):
                yield _Pattern(order, written + shape.time + shape.midnight)
        return
    for order in _orders(shape):
        for month in _months(shape):
            letters = [_field(kind, letter, month, group) for kind, letter in zip(shape.fields, order, strict=True)]
            first, second = shape.separators
            written = f"{letters[0]}{first}{letters[1]}{second}{letters[2]}{shape.time}{shape.midnight}"
            century = f"[{FIRST_BIRTH_YEAR}]" if "yy" in letters and _is_named_for_births(group.name) else ""
            yield from (_Pattern(order, written + language + century) for language in _languages(shape))


def _has_likely_years(group: Cells, at: int) -> bool:
    """Whether the four digits at a place are years of customers' data: running numbers of eight digits have others."""
    likely = sum(1 for cell in group.distinct if int(cell[at : at + 4]) in LIKELY_YEARS)
    return likely >= len(group.distinct) * MIN_LIKELY


def _orders(shape: Shape) -> Sequence[str]:
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


def _months(shape: Shape) -> Sequence[str]:
    return ("MMM", "MMMM") if "W" in shape.fields else ("MM",)


def _languages(shape: Shape) -> Sequence[str]:
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
