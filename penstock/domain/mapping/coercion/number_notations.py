"""Notations of numbers, given by examples: 1.234,56  1,234.56  1 234,56  1'234.56  12,34,567.89  1234,56.

A column may have several, such as `1,234.56|1.234,56`: the first that a cell fits decides, as with patterns of dates.

A cell may leave the thousands separators out, but those that it has must stand in the right places; none follows a
leading zero, so that 0.500 never becomes five hundred. An amount of money may have a currency sign or code before or
after it, or one before and its code after it, such as `$5 MXN`, and `,-` in place of zero cents; `€ -` is zero. -1, 1-
and (1) are negative. With an example such as 12,5% a cell may have a percent sign behind or before it, which is not
stored: 12 % and %12 are 12. Digits and signs of full width are those of ASCII: `１２３円` is 123.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from penstock.domain.errors import Refused, refusal
from penstock.domain.limits import MAX_NUMBER_EXAMPLE, MAX_NUMBER_EXAMPLES
from penstock.domain.mapping.coercion.currencies import CURRENCY, SIGNS, are_currencies
from penstock.domain.mapping.coercion.full_width import has_full_width, in_ascii

_SPACES = " \u00a0\u2007\u2009\u202f"  # no-break, figure, thin and narrow no-break spaces
_APOSTROPHES = "'’"
_PERCENT_SIGNS = "%\uff05"  # also the one of full width
_SEPARATOR = rf"[.,{_APOSTROPHES}{_SPACES}]"
_EXAMPLE = re.compile(
    rf"(?P<front>%[{_SPACES}]?)?(?:[0-9]{{1,3}}(?P<thousands>{_SEPARATOR})[0-9]{{3}}(?:(?P=thousands)[0-9]{{3}})*"
    rf"|[0-9]{{1,2}}(?P<lakhs>{_SEPARATOR})(?:[0-9]{{2}}(?P=lakhs))+[0-9]{{3}}|[0-9]+)(?:(?P<point>[.,])[0-9]+)?(?(front)|(?P<percent>[{_SPACES}]?%)?)"
)
_MINUS = "-−"
_GAP = f"[{_SPACES}]{{0,2}}"
_ZERO = re.compile(rf"(?P<before>{CURRENCY})?{_GAP}[-–—]{_GAP}(?P<after>{CURRENCY})?")


Standard = Callable[[str], str | None]


class NumberNotation(NamedTuple):
    """`plain` matches most numbers, `decorated` all; both have the groups `whole` and `fraction`."""

    plain: re.Pattern[str]
    decorated: re.Pattern[str]
    separators: str

    def standard(self, text: str) -> str | None:
        """`text` as -1234.56, or None when it is not a number in this notation."""
        standard = self._standard(text)
        return self._standard(in_ascii(text)) if standard is None and has_full_width(text) else standard

    def _standard(self, text: str) -> str | None:
        match = self.plain.fullmatch(text)
        if match is not None:
            negative = text[0] == "-"
        else:
            match = self.decorated.fullmatch(text)
            if match is None or not _is_consistent(match):
                return "0" if is_accounting_zero(text) else None
            negative = _is_negative(match)
        whole, fraction = match["whole"] or "0", match["fraction"]
        for separator in self.separators:
            whole = whole.replace(separator, "")
        return f"{'-' if negative else ''}{whole}{f'.{fraction}' if fraction and fraction.isdigit() else ''}"


def decimal_standard(examples: str) -> Standard:
    """Gives a cell as -1234.56, or None, in the first of notations such as `1.234,56|1,234.56`. Raises `Refused`."""
    return _first_that_fits([_decimal_notation(each) for each in _alternatives(examples)])


def integer_standard(examples: str) -> Standard:
    """As `decimal_standard`, of whole numbers such as `1.234|1,234`. Raises `Refused`."""
    return _first_that_fits([_integer_notation(each) for each in _alternatives(examples)])


def _alternatives(examples: str) -> list[str]:
    alternatives = examples.split("|")
    if len(alternatives) > MAX_NUMBER_EXAMPLES:
        raise refusal(
            "invalid_format",
            f"the format has {len(alternatives):,} examples of a number",
            f"Use up to {MAX_NUMBER_EXAMPLES}, and correct the cells in other notations.",
        )
    return alternatives


def _first_that_fits(notations: Sequence[NumberNotation]) -> Standard:
    if len(notations) == 1:  # nearly every column: it must not pay for a loop
        return notations[0].standard
    readings = [each.standard for each in notations]

    def standard(text: str) -> str | None:
        for read in readings:
            if (found := read(text)) is not None:
                return found
        return None

    return standard


def _decimal_notation(example: str) -> NumberNotation:
    match = _parsed(example, "decimal(1.234,56)")
    if match["point"] is None:
        raise _refused(example, "it has no decimals", "decimal(1.234,56) or decimal(1234.56)")
    return _notation(match, rf"(?:{re.escape(match['point'])}(?P<fraction>[0-9]+|--?|[–—]|))?")


def _integer_notation(example: str) -> NumberNotation:
    match = _parsed(example, "integer(1.234)")
    if match["point"] is not None:
        raise _refused(example, "a whole number has no decimals", "integer(1.234) or integer(1,234)")
    return _notation(match, r"(?P<fraction>)")


def _parsed(example: str, such_as: str) -> re.Match[str]:
    match = _EXAMPLE.fullmatch(example) if len(example) <= MAX_NUMBER_EXAMPLE else None
    if match is None or (match["point"] and match["point"] in (match["thousands"], match["lakhs"])):
        raise _refused(example, "its separators are not in their places" if example else "it is empty", such_as)
    return match


def _notation(example: re.Match[str], fraction: str) -> NumberNotation:
    separators = _equals(example["thousands"] or example["lakhs"])
    between = f"[{re.escape(separators)}]"
    if example["thousands"]:
        grouped = rf"[1-9][0-9]{{0,2}}(?:{between}[0-9]{{3}})+|"
    elif example["lakhs"]:
        grouped = rf"[1-9][0-9]?(?:{between}[0-9]{{2}})*{between}[0-9]{{3}}|"
    else:
        grouped = ""
    number = rf"(?=[.,]?[0-9])(?P<whole>{grouped}[0-9]+|){fraction}"
    if example["percent"] or example["front"]:
        number = f"(?P<front>[{_PERCENT_SIGNS}]{_GAP})?{number}(?(front)|(?:{_GAP}[{_PERCENT_SIGNS}])?)"
    return NumberNotation(re.compile(_plain(number)), re.compile(_decorated(number)), separators)


def _plain(number: str) -> str:
    """The regex of a number with a minus sign before it, and a currency sign before or after it."""
    return rf"-?(?P<currency>[{SIGNS}]{_GAP})?{number}(?(currency)|(?:{_GAP}[{SIGNS}])?)"


def _decorated(number: str) -> str:
    """The regex of a number with signs, currencies and parentheses at every place; `_is_consistent` sorts them out."""
    sign, late_sign = r"[+\-−]", r"[\-−]"
    return (
        rf"(?P<open>\()?(?P<sign>{sign})?{_GAP}(?P<before>{CURRENCY})?{_GAP}"
        rf"(?P<inner_open>\()?(?P<inner_sign>{sign})?{_GAP}{number}(?(inner_open)\)){_GAP}(?P<late_sign>{late_sign})?"
        rf"{_GAP}(?P<after>{CURRENCY})?(?P<last_sign>{late_sign})?(?(open)\))"
    )


def _is_consistent(match: re.Match[str]) -> bool:
    """Whether there is at most one sign or pair of parentheses, and at most one currency, perhaps marked twice."""
    marks = [match[each] for each in ("open", "inner_open", "sign", "inner_sign", "late_sign", "last_sign")]
    return len(list(filter(None, marks))) <= 1 and are_currencies(match["before"], match["after"])


def _is_negative(match: re.Match[str]) -> bool:
    signs = (match["sign"], match["inner_sign"], match["late_sign"], match["last_sign"])
    return bool(match["open"] or match["inner_open"] or any(sign and sign in _MINUS for sign in signs))


def is_accounting_zero(text: str) -> bool:
    """Whether `text` is a dash with a currency, which is how spreadsheets write zero in accounts."""
    match = _ZERO.fullmatch(text)
    return match is not None and any(match.groups()) and are_currencies(match["before"], match["after"])


def _equals(separator: str | None) -> str:
    """The separators that people write for `separator`."""
    if separator is None:
        return ""
    return next((alike for alike in (_SPACES, _APOSTROPHES) if separator in alike), separator)


def _refused(example: str, why: str, such_as: str) -> Refused:
    return refusal(
        "invalid_format",
        f"{example[:64]!r} is not an example of a number: {why}",
        f"Write a number as the column writes it, such as {such_as}; several are separated by |.",
    )
