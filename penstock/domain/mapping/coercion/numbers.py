"""Whole numbers, decimals and booleans."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from penstock.domain.mapping.coercion.base import CellCoercer, CoercionError, Value

_INTEGER = re.compile(r"([+-]?)([0-9]+)")
_MIN_INTEGER, _MAX_INTEGER = -(2**63), 2**63 - 1
_SAFE_DIGITS = 18  # any number with so many digits fits into 64 bits
_MAX_DIGITS = 19

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?0*[0-9]{1,4})?")
_CANONICAL_DECIMAL = re.compile(r"-?(?:[1-9][0-9]{0,99}|0(?=\.0{0,99}[1-9]))(?:\.[0-9]{1,100})?|0(?:\.0{1,100})?")
_DECIMAL_DIGITS = (
    1_000  # on either side of the point, in plain notation: a cell with 1e999999 must not become a megabyte
)

_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "y", "t", "1"), True),
    **dict.fromkeys(("false", "no", "n", "f", "0"), False),
}


class IntegerCoercer(CellCoercer):
    """ASCII digits with an optional sign, within 64 bits; leading zeros are ignored."""

    def parse(self, text: str) -> Value:
        match = _INTEGER.fullmatch(text)
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
        if _DECIMAL.fullmatch(text) is None:
            raise CoercionError("not_a_decimal")
        number = Decimal(text)
        if number.adjusted() >= _DECIMAL_DIGITS or number.as_tuple().exponent < -_DECIMAL_DIGITS:  # type: ignore[operator]  # finite: an int
            raise CoercionError("not_a_decimal")
        return format(number or abs(number), "f")  # no sign on a zero: one number, one notation

    def parse_fast(self, cells: Sequence[str]) -> list[Value | None]:
        canonical = _CANONICAL_DECIMAL.fullmatch
        return [cell if canonical(cell) else None for cell in cells]


class BooleanCoercer(CellCoercer):
    """true, yes, y, t, 1 or false, no, n, f, 0, in any case."""

    def parse(self, text: str) -> Value:
        if (value := _BOOLEANS.get(text.lower())) is None:
            raise CoercionError("not_a_boolean")
        return value

    def parse_fast(self, cells: Sequence[str]) -> list[Value | None]:
        return [_BOOLEANS.get(cell.lower()) for cell in cells]
