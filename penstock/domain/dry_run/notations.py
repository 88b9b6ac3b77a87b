"""Another notation of cells that do not fit their format, found by the detectors that suggest mappings."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from penstock.domain.mapping.attributes import ValueFormat, ValueType
from penstock.domain.mapping.coercion.date_patterns import ISO
from penstock.domain.suggestions.booleans import detect_boolean
from penstock.domain.suggestions.date_shapes import date_shapes
from penstock.domain.suggestions.dates import detect_dates
from penstock.domain.suggestions.fitting import Finding, Formats, unfitting
from penstock.domain.suggestions.numbers import detect_numbers, example_of, joined_examples
from penstock.domain.suggestions.phones import detect_phone, like_phones, usual_region
from penstock.domain.suggestions.places import Places
from penstock.domain.suggestions.sample import Cells

MIN_WORDS_FIT = 0.5  # of the cells: the others of the column were words for yes and no as well

NUMBERS = (ValueType.INTEGER, ValueType.DECIMAL)
_OTHER_NUMBERS = "cells that fit now may become other numbers: check"
_SHORT_YEAR = re.compile("(?<!y)yy(?!y)")
_PIVOT = re.compile(r"\[[0-9]{4}\]")
_QUOTED = re.compile(r"'[^']*'?|\[[^]]*\]")
_ISO_DATE = "yyyy-MM-dd"  # the pattern of `date` alone
_YES_AND_NO = "true,yes,y,t,1|false,no,n,f,0"  # the words of `boolean` alone


class Notation(NamedTuple):
    """A format that accepts `cells` of the invalid cells; `against` is the argument against it."""

    written: str
    cells: int
    against: tuple[str, ...]


def other_notation(cells: Cells, format: ValueFormat, places: Places, *, some_fit: bool) -> Notation | None:
    """The notation of most cells. `places` are those of the file. With `some_fit`, other cells of the column fit
    `format`, so it stays among those that the new format takes."""
    formats = Formats()
    found = _detected(cells, format, formats, places, some_fit=some_fit)
    if found is None:
        return None
    argument = found.fit.format.argument
    for written in (_joined(format, argument) if some_fit else argument, argument):
        fit = formats.fit(f"{format.kind}({written})" if written else str(format.kind), cells)
        if fit and fit.count:
            against = [each for each in found.against if each not in unfitting(found.fit)]
            if some_fit and _has_other_sign(format, fit.format):
                against.append(_in_the_first(fit.format) if extends(fit.format, format) else _OTHER_NUMBERS)
            return Notation(str(fit.format), fit.count, tuple(against))
    return None


def usual_country(unplaced: Cells, format: ValueFormat, places: Places) -> Notation | None:
    """The format with the usual country of the file for phone numbers whose row names none, if that is sure."""
    if format.region_column is None or format.argument != f"@{format.region_column}" or not places.of_rows():
        return None
    formats, numbers = Formats(), like_phones(unplaced)
    region = usual_region(numbers, formats, places)
    fit = formats.fit(f"phone({region})", numbers) if region else None
    return Notation(f"phone({format.argument}|{region})", fit.count, ()) if fit and fit.count else None


def _has_other_sign(format: ValueFormat, other: ValueFormat) -> bool:
    """Whether two formats for decimals have different decimal signs."""
    return format.kind is ValueType.DECIMAL and _decimal_signs(format) != _decimal_signs(other)


def _in_the_first(format: ValueFormat) -> str:
    first = format.argument.partition("|")[0]
    return f"a cell that could be either, such as 1.234, is read as {first}: check"


def _decimal_signs(format: ValueFormat) -> set[str]:
    return {re.findall("[.,]", example)[-1] for example in example_of(format).split("|")}


def extends(found: ValueFormat, format: ValueFormat) -> bool:
    """Whether it only adds patterns or notations to those of `format`."""
    if format.kind in NUMBERS:
        return set(example_of(format).split("|")) <= set(example_of(found).split("|"))
    return bool(format.argument) and set(format.argument.split("|")) <= set(found.argument.split("|"))


def _detected(cells: Cells, format: ValueFormat, formats: Formats, places: Places, *, some_fit: bool) -> Finding | None:
    match format.kind:
        case ValueType.PHONE:  # nearly every number fits some region, so only where the mapping names none
            return None if format.argument else _phone(cells, formats, places)
        case ValueType.DATE | ValueType.DATETIME:
            found = _dates(cells, format, formats)
            return _as_column(found, format, cells, formats) if found and some_fit else found
        case ValueType.DECIMAL:
            return detect_numbers(cells, formats, None, None).decimal
        case ValueType.INTEGER:
            return detect_numbers(cells, formats, None, None).integer
        case ValueType.BOOLEAN:
            return detect_boolean(cells, formats, MIN_WORDS_FIT)
    return None


def _dates(cells: Cells, format: ValueFormat, formats: Formats) -> Finding | None:
    """As the same kind if that is possible; numbers may be epoch times, whatever the column's name."""
    cells = Cells("time", cells.cells)
    found = detect_dates(cells, date_shapes(cells), formats, None)
    return next((each for each in found if each.kind is format.kind), found[0] if found else None)


def _as_column(found: Finding, format: ValueFormat, cells: Cells, formats: Formats) -> Finding | None:
    """Without the patterns that read other days than a column in `format` has: those with the parts of a date in
    another order, which are slips of the hand. A year of two digits is in the column's hundred years."""
    orders = set(map(_order, format.argument.split("|") if format.argument else [_ISO_DATE]))
    pivot = _PIVOT.search(format.argument)
    kept = [each for each in found.fit.format.argument.split("|") if _is_in_order(each, orders)]
    if pivot:
        kept = [f"{each}{pivot[0]}" if _SHORT_YEAR.search(each) and "[" not in each else each for each in kept]
    fit = formats.fit(f"{found.kind}({'|'.join(kept)})", cells) if kept else None
    return found._replace(fit=fit) if fit else None


def _is_in_order(pattern: str, orders: Collection[str]) -> bool:
    """Whether a pattern has the parts of a date in one of the `orders`, or in one that no other reading has: with a
    year of four digits or a month's name, and the day and the month as there."""
    order = _order(pattern)
    if not order or order in orders or "MMM" in pattern:
        return True
    first = {each[0] for each in orders if each} - {"y"}
    return not _SHORT_YEAR.search(pattern) and (order[0] == "y" or first <= {order[0]})


def _order(pattern: str) -> str:
    """The parts of a date in the order of a pattern; empty for an epoch time and for `iso8601`."""
    parts = dict.fromkeys(re.findall("[dMy]", _QUOTED.sub("", pattern)))
    return "".join(parts) if len(parts) == len("dMy") else ""


def _phone(cells: Cells, formats: Formats, places: Places) -> Finding | None:
    """The cells are not whole rows, so that the region of each is only pointed out."""
    found = detect_phone(cells, formats, places._replace(country_column=None, region_of={}))
    if found is None or places.country_column is None or len(set(places.region_of.values())) < 2:
        return found
    by_row = f"phone(@{places.country_column.name}|{found.fit.format.argument})"
    return found._replace(against=(*found.against, f"{by_row} takes the region of each row"))


def _joined(format: ValueFormat, argument: str) -> str:
    """An argument that accepts the cells of both `format` and `argument`."""
    match format.kind:
        case ValueType.DATE:
            return f"{format.argument or _ISO_DATE}|{argument}"
        case ValueType.DATETIME:
            return f"{format.argument or ISO}|{argument}"
        case ValueType.INTEGER | ValueType.DECIMAL:
            more = argument or example_of(ValueFormat(format.kind))
            return joined_examples([*example_of(format).split("|"), *more.split("|")])
        case ValueType.BOOLEAN:
            yes, no = (format.argument or _YES_AND_NO).split("|")
            more_yes, more_no = argument.split("|")
            return f"{_words(yes, more_yes)}|{_words(no, more_no)}"
    return argument


def _words(*lists: str) -> str:
    return ",".join(dict.fromkeys(",".join(lists).split(",")))
