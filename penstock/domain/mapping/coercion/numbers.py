"""Whole numbers and decimals, plain or in the notations of examples."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from penstock.domain.limits import MAX_CELL
from penstock.domain.mapping.coercion.base import CellCoercer, CoercionError, Value
from penstock.domain.mapping.coercion.full_width import in_ascii
from penstock.domain.mapping.coercion.number_notations import decimal_standard, integer_standard

_INTEGER = re.compile(r"([+-]?)([0-9]+)")
_MIN_INTEGER, _MAX_INTEGER = -(2**63), 2**63 - 1
_SAFE_DIGITS = 18  # any number with so many digits fits into 64 bits
_MAX_DIGITS = 19

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?0*[0-9]{1,4})?")
_CANONICAL_DECIMAL = re.compile(r"-?(?:[1-9][0-9]{0,99}|0(?=\.0{0,99}[1-9]))(?:\.[0-9]{1,100})?|0(?:\.0{1,100})?")
_DECIMAL_DIGITS = (
    1_000  # on either side of the point, in plain notation: a cell with 1e999999 must not become a megabyte
)


class IntegerCoercer(CellCoercer):
    """ASCII digits, or those of full width, with an optional sign, within 64 bits; leading zeros are ignored."""

    def parse(self, text: str) -> Value:
        match = _INTEGER.fullmatch(text) or _INTEGER.fullmatch(in_ascii(text))
        if match is None:
            raise CoercionError("not_an_integer")
        sign, digits = match[1], match[2].lstrip("0") or "0"
        if len(digits) > _MAX_DIGITS or not _MIN_INTEGER <= (number := int(sign + digits)) <= _MAX_INTEGER:
            raise CoercionError("integer_out_of_range")
        return number

    def parse_fast(self, cells: Sequence[str]) -> list[Value | None]:
        return [
            int(cell) if len(cell) <= _SAFE_DIGITS and cell.isdigit() and cell.isascii() else None for cell in cells
        ]


class DecimalCoercer(CellCoercer):
    """A finite decimal, plain or with an exponent; the value is exact, in plain notation, trailing zeros kept."""

    def parse(self, text: str) -> Value:
        if _DECIMAL.fullmatch(text) is None and _DECIMAL.fullmatch(text := in_ascii(text)) is None:
            raise CoercionError("not_a_decimal")
        number = Decimal(text)
        if number.adjusted() >= _DECIMAL_DIGITS or number.as_tuple().exponent < -_DECIMAL_DIGITS:  # type: ignore[operator]  # finite: an int
            raise CoercionError("not_a_decimal")
        return format(number or abs(number), "f")  # no sign on a zero: one number, one notation

    def parse_fast(self, cells: Sequence[str]) -> list[Value | None]:
        canonical = _CANONICAL_DECIMAL.fullmatch
        return [cell if canonical(cell) else None for cell in cells]


class NotatedIntegerCoercer(CellCoercer):
    """A whole number in a notation of `argument`, such as 1.234 or 1.234|1,234."""

    def __init__(self, argument: str) -> None:
        self._standard = integer_standard(argument)
        self._plain = IntegerCoercer()

    def parse(self, text: str) -> Value:
        if (standard := self._standard(text)) is None:
            raise CoercionError("not_an_integer")
        return self._plain.parse(standard)

    def parse_fast(self, cells: Sequence[str]) -> list[Value | None]:
        standard = [self._standard(cell) if len(cell) <= MAX_CELL else None for cell in cells]
        return [int(cell) if cell is not None and len(cell) <= _SAFE_DIGITS else None for cell in standard]


class NotatedDecimalCoercer(CellCoercer):
    """A decimal in a notation of `argument`, such as 1.234,56 or 1.234,56|1,234.56; its value is that of
    `DecimalCoercer`."""

    def __init__(self, argument: str) -> None:
        self._standard = decimal_standard(argument)
        self._plain = DecimalCoercer()

    def parse(self, text: str) -> Value:
        if (standard := self._standard(text)) is None:
            raise CoercionError("not_a_decimal")
        return self._plain.parse(standard)

    def parse_fast(self, cells: Sequence[str]) -> list[Value | None]:
        return self._plain.parse_fast([self._standard(cell) or "" if len(cell) <= MAX_CELL else "" for cell in cells])
