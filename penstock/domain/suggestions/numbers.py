"""Numbers: the notation of a column, and whether its digits are numbers at all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from penstock.domain.mapping.attributes import ValueFormat, ValueType, parse_format
from penstock.domain.mapping.coercion.currencies import WITHOUT_CENTS, several_currencies
from penstock.domain.mapping.coercion.epochs import SECONDS
from penstock.domain.mapping.coercion.full_width import has_full_width, in_ascii
from penstock.domain.suggestions.epochs import may_be_seconds
from penstock.domain.suggestions.fitting import Finding, Fit, Formats, certainty, of_total, unfitting
from penstock.domain.suggestions.sample import Cells

MIN_FIT = 0.5
AMBIGUOUS = 0.7
SHOWN_ELSEWHERE = 0.96
MAY_BE_TIMES = 0.9
MAX_NUMBER_CELL = 40  # characters
MIN_GROUPED = 20  # distinct cells
MIN_SMALL = 3
MIN_GROUPED_SHARE = 0.95  # of the cells
MIN_LENGTHS = 3
MIN_ALONE = 0.95  # of the cells: the few others are mistakes
MIN_FURTHER = 0.3  # of the cells that are left
MIN_OF_REST = 0.5  # of the cells that the first notation leaves
MIN_OF_ALL = 0.01  # of the cells: a notation of fewer is a mistake
MAX_NOTATIONS = 4
FEW_READ_DIFFERENTLY = 0.05
MAX_NAMED = 4  # currencies
MAX_SYMBOLS = 4  # characters of a currency before or after

COMMA, POINT = ",", "."

_LOOKS_LIKE_A_NUMBER = re.compile(
    rf"[^\w]{{0,{MAX_SYMBOLS}}}[^\W\d]{{0,{MAX_SYMBOLS}}}(?:\.[^\W\d])?\W{{0,2}}[0-9][0-9.,'\u2019 \u00a0\u202f]*"
    rf"[^\w]{{0,{MAX_SYMBOLS}}}[^\W\d]{{0,{MAX_SYMBOLS}}}(?:\.[^\W\d])?\.?\Z"
)
_PERCENT = "12%"
_LAKHS = "integer(12,34,567)"
_INTEGERS = ("integer", "integer(1.234)", "integer(1,234)", "integer(1 234)", _LAKHS, f"integer({_PERCENT})")
_DECIMALS = (
    ("decimal", POINT),
    ("decimal(1234,56)", COMMA),
    ("decimal(1.234,56)", COMMA),
    ("decimal(1,234.56)", POINT),
    ("decimal(12,34,567.89)", POINT),
    ("decimal(1 234,56)", COMMA),
    ("decimal(1'234.56)", POINT),
    ("decimal(1234.56%)", POINT),
    ("decimal(1234,56%)", COMMA),
)
_PLAIN_EXAMPLES = {ValueType.INTEGER: "1234", ValueType.DECIMAL: "1234.56"}
_WITHOUT_THOUSANDS = ("decimal", "decimal(1234,56)")
_WITH_THOUSANDS = {
    (".", COMMA): "decimal(1.234,56)",
    (" ", COMMA): "decimal(1 234,56)",
    (",", POINT): "decimal(1,234.56)",
    ("'", POINT): "decimal(1'234.56)",
    ("\u2019", POINT): "decimal(1'234.56)",
}
_THOUSANDS = re.compile(r"[0-9]([.,' \u2019\u00a0\u202f])[0-9]{3}(?:\1[0-9]{3})*([.,])[0-9]{1,2}(?![0-9])")
_OPEN = re.compile(r"[^0-9]*[1-9][0-9]{0,2}([.,])[0-9]{3}[^0-9]*\Z")  # 1.234 is a thousand or a bit more than one
_GROUPED = re.compile(r"[^0-9]*[1-9][0-9]{0,2}(?:[., '\u2019\u00a0\u202f][0-9]{3})+[^0-9]*\Z")
_TWICE = re.compile(r"[^0-9]*[1-9][0-9]{0,2}(?:[., '\u2019\u00a0\u202f][0-9]{3}){2,}[^0-9]*\Z")
_SMALL = re.compile(r"[^0-9]*[0-9]{1,3}[^0-9]*\Z")
_LARGE = re.compile(r"[^0-9]*[0-9]{4,}[^0-9]*\Z")
_BELOW_ONE = re.compile(r"[^0-9]*0[.,]")
_CODE = re.compile(r"0[0-9]+\Z")  # its leading zero would be lost


class Numbers(NamedTuple):
    """The formats of a column as whole numbers and as decimals, if it fits them."""

    integer: Finding | None
    decimal: Finding | None


def detect_numbers(cells: Cells, formats: Formats, usual_sign: str | None, usual_notation: str | None) -> Numbers:
    """The number formats of a column. `usual_sign` is the decimal sign of the file's other columns, `usual_notation`
    their decimals with thousands."""
    cells = _in_ascii(cells)
    if not _may_be_numbers(cells) or has_leading_zeros(cells):
        return Numbers(None, None)
    return Numbers(_integer(cells, formats, usual_sign), _decimal(cells, formats, usual_sign, usual_notation))


def has_leading_zeros(cells: Cells) -> bool:
    return any(_CODE.match(cell) for cell in _in_ascii(cells).distinct)


def are_amounts(cells: Cells) -> bool:
    """Whether cells are numbers of several lengths with separators of thousands, as amounts are and phone numbers are
    not."""
    cells = _in_ascii(cells)
    grouped = [cell for cell in cells.distinct if _GROUPED.match(cell)]
    counted = sum(cells.distinct[cell] for cell in cells.distinct if _GROUPED.match(cell) or _SMALL.match(cell))
    lengths = {sum(map(str.isdigit, cell)) for cell in grouped}
    return counted >= cells.filled * MIN_GROUPED_SHARE and len(lengths) >= MIN_LENGTHS


def shown_sign(cells: Cells) -> str | None:
    """The decimal sign that the cells of a column show without doubt."""
    cells = _in_ascii(cells)
    if not _may_be_numbers(cells):
        return None
    signs = {sign for cell in cells.distinct if (sign := _sign(cell))}
    return signs.pop() if len(signs) == 1 else None


def shown_notation(cells: Cells) -> str | None:
    """How a column writes decimals of a thousand and more, if one of its cells is such a number."""
    cells = _in_ascii(cells)
    if not _may_be_numbers(cells):
        return None
    return next((notation for cell in cells.distinct if (notation := _notation(cell))), None)


def _in_ascii(cells: Cells) -> Cells:
    """The cells with digits and signs of full width as those of ASCII, which coercers take for the same number."""
    return cells.replaced({cell: in_ascii(cell) for cell in cells.distinct if has_full_width(cell)})


def _notation(cell: str) -> str | None:
    match = _THOUSANDS.search(cell) if len(cell) <= MAX_NUMBER_CELL else None
    return match and _WITH_THOUSANDS.get((" " if match[1].isspace() else match[1], match[2]))


def _sign(cell: str) -> str | None:
    """The decimal sign of one cell: one after a zero, with other than three digits behind it, or after another sign; of
    a sign that is there twice, or between thousands of a currency without cents, the other one."""
    found = re.findall(r"[.,]", cell)
    if not found:
        return None
    if _is_without_cents(cell):
        return _other(found[0])
    if len(set(found)) == 1:
        digits = re.search(r"[.,]([0-9]+)[^0-9]*\Z", cell)
        tells = digits and (len(digits[1]) != 3 or _BELOW_ONE.match(cell))
        if len(found) == 1:
            return str(found[0]) if tells else None
        return _other(found[0])
    return str(found[-1])


def _other(thousands: str) -> str:
    """The decimal sign beside a sign that stands between thousands."""
    return POINT if thousands == COMMA else COMMA


def _is_without_cents(cell: str) -> bool:
    """Whether the sign before three digits stands between thousands, because the currency has no cents."""
    return len(cell) <= MAX_NUMBER_CELL and _OPEN.match(cell) is not None and WITHOUT_CENTS.search(cell) is not None


def _may_be_numbers(cells: Cells) -> bool:
    looks = sum(count for cell, count in cells.distinct.items() if _looks_like_a_number(cell))
    return bool(cells.filled) and looks >= cells.filled * MIN_FIT


def _looks_like_a_number(cell: str) -> bool:
    return len(cell) <= MAX_NUMBER_CELL and _LOOKS_LIKE_A_NUMBER.match(cell) is not None


_DECIMAL_SIGN = re.compile(r"[.,]")  # nobody writes another sign, such as a space, before decimals


def _integer(cells: Cells, formats: Formats, usual_sign: str | None) -> Finding | None:
    fit = formats.best(_INTEGERS, cells)
    if fit is None or fit.share < MIN_FIT:
        return None
    fit = in_several(fit, _INTEGERS, cells, formats)
    what = of_total(fit.count, fit.total, "are whole numbers")
    if not fit.format.argument:
        return _plain_integer(cells, fit, what)
    if fit.format.argument == _PERCENT:
        return Finding(fit, certainty(fit), f"{what}, in per cent", unfitting(fit))
    if str(fit.format) == _LAKHS or not _DECIMAL_SIGN.search(fit.format.argument) or _are_thousands(cells):
        return Finding(fit, certainty(fit), what, unfitting(fit))
    against = (*unfitting(fit), "could also be decimals with three digits: check")
    elsewhere = usual_sign is not None and usual_sign not in fit.format.argument
    return Finding(fit, certainty(fit) * (SHOWN_ELSEWHERE if elsewhere else AMBIGUOUS), what, against, ambiguous=True)


def _are_thousands(cells: Cells) -> bool:
    """Whether separators stand in large numbers only, in enough cells: decimals would have them in small ones too.
    One amount of a currency without cents is enough."""
    if any(map(_is_without_cents, cells.distinct)):
        return True
    grouped = sum(1 for cell in cells.distinct if _GROUPED.match(cell))
    small = sum(1 for cell in cells.distinct if _SMALL.match(cell))
    large = any(_LARGE.match(cell) for cell in cells.distinct)
    return grouped >= MIN_GROUPED and not large and (small >= MIN_SMALL or any(map(_TWICE.match, cells.distinct)))


def _plain_integer(cells: Cells, fit: Fit, evidence: str) -> Finding:
    if not may_be_seconds(cells):
        return Finding(fit, certainty(fit), evidence, unfitting(fit))
    against = (*unfitting(fit), f"could also be times, datetime({SECONDS}): check")
    return Finding(fit, certainty(fit) * MAY_BE_TIMES, evidence, against, ambiguous=True)


def _decimal(cells: Cells, formats: Formats, usual_sign: str | None, usual_notation: str | None) -> Finding | None:
    sign = shown_sign(cells)
    preferred = sorted(_DECIMALS, key=lambda each: each[1] not in (sign or usual_sign or POINT))
    fit = formats.best((written for written, _ in preferred), cells)
    if fit is None or fit.share < MIN_FIT:
        return None
    if usual_notation and str(fit.format) in _WITHOUT_THOUSANDS:  # though this file has no large numbers here
        alike = formats.fit(usual_notation, cells)
        fit = alike if alike and alike.count == fit.count else fit
    single, fit = fit, in_several(fit, [written for written, _ in preferred], cells, formats)
    in_percent = (fit.format.argument or "").endswith("%")
    what = of_total(fit.count, fit.total, "are numbers, in per cent" if in_percent else "are numbers")
    against = list(unfitting(fit))
    sure = certainty(fit)
    if fit is not single:
        opened = _read_differently(fit, cells, formats)
        if opened:
            sure *= AMBIGUOUS if opened > fit.total * FEW_READ_DIFFERENTLY else SHOWN_ELSEWHERE
            against.append(read_differently(opened, fit))
    elif opened := _open_cells(cells) if sign is None else 0:
        sure *= SHOWN_ELSEWHERE if usual_sign else AMBIGUOUS
        some = of_total(opened, fit.total, "could also be thousands, as 1.234 and 1,234 could")
        against.append(f"{some}: the decimal sign is not certain, check")
    if currencies := several_currencies(cells.distinct):
        against.append(f"amounts in {' and '.join(currencies[:MAX_NAMED])}: the number alone does not say which")
    return Finding(fit, sure, what, tuple(against), ambiguous=bool(opened))


def in_several(fit: Fit, known: Iterable[str], cells: Cells, formats: Formats) -> Fit:
    """With further notations, if the cells that the first leaves are too many for mistakes, and most of them fit these.
    Each takes a good part of what those before it leave."""
    if fit.share >= MIN_ALONE:
        return fit
    known, written = list(known), [str(fit.format)]
    rest = formats.unfitting(written[0], cells)
    left = rest.filled
    while rest.filled and len(written) < MAX_NOTATIONS:
        found = formats.best(known, rest)
        if found is None or found.count < max(rest.filled * MIN_FURTHER, cells.filled * MIN_OF_ALL):
            break
        written.append(str(found.format))
        rest = formats.unfitting(written[-1], rest)
    if left - rest.filled < left * MIN_OF_REST or len(written) == 1:
        return fit
    examples = joined_examples(map(example_of, map(parse_format, written)))
    return formats.fit(f"{fit.format.kind}({examples})", cells) or fit


def joined_examples(examples: Iterable[str]) -> str:
    """Examples in their order, without those that need not be there: cells may leave separators of thousands out, so
    that `1,234.56` takes all that `1234.56` does."""
    each = list(dict.fromkeys(examples))
    signs = {_without_thousands(example) for example in each if _without_thousands(example) != example}
    return "|".join(example for example in each if example not in signs)


def _without_thousands(example: str) -> str:
    """`1234,56` of `1.234,56`."""
    sign = _decimal_sign_of(example)
    digits = "".join(character for character in example if character.isdigit() or character in f"%{sign}")
    return digits if len(digits) < len(example) else example


def _decimal_sign_of(example: str) -> str:
    """The decimal sign of an example; empty for one of a whole number."""
    found = re.search(r"([.,])[0-9]{1,2}[^0-9]*\Z", example)
    return found[1] if found else ""


def example_of(format: ValueFormat) -> str:
    """The examples of a number format, also of a plain one."""
    return format.argument or _PLAIN_EXAMPLES[format.kind]


def read_differently(count: int, fit: Fit) -> str:
    are = "1 cell" if count == 1 else f"{count:,} cells"
    first = fit.format.argument.partition("|")[0]
    return f"{are} could also be other numbers, as 1.234 and 1,234 could; read as {first}: check"


def _read_differently(fit: Fit, cells: Cells, formats: Formats) -> int:
    """How many cells are different numbers in different notations of one format, of which the first that fits
    decides."""
    distinct = list(cells.distinct)
    examples = fit.format.argument.split("|")
    readings = zip(*(formats.values(f"{fit.format.kind}({each})", distinct) for each in examples), strict=True)
    several = (len({Decimal(value) for value in values if value is not None}) > 1 for values in readings)
    return sum(cells.distinct[cell] for cell, differs in zip(distinct, several, strict=True) if differs)


def _open_cells(cells: Cells) -> int:
    """How many cells have one sign before three digits, which may stand before decimals or between thousands."""
    return sum(count for cell, count in cells.distinct.items() if _OPEN.match(cell))
