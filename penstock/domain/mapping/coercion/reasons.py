"""Why a cell does not fit: one table for reject files, the console and the API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from penstock.domain.limits import MAX_CELL, MAX_URL
from penstock.domain.mapping.attributes import ValueFormat, ValueType


class Reason(msgspec.Struct, frozen=True):
    """The message and the hint for an invalid cell; neither contains the cell."""

    message: str
    hint: str


class _Way(msgspec.Struct, frozen=True):
    """How a cell has to be written, and what could be changed instead."""

    write: str
    instead: str


_PIVOT = re.compile(r"\[([0-9]{4})\]")
_PLAIN = {  # how a cell is written in a format without a notation of its own
    ValueType.INTEGER: "Write digits only, such as 42 or -7",
    ValueType.DECIMAL: "Write digits with a point, such as 1234.50",
    ValueType.BOOLEAN: "Write yes or no",
    ValueType.DATE: "Write an existing day as 2024-01-31",
    ValueType.DATETIME: "Write it as 2024-01-31T09:30:00",
    ValueType.EMAIL: "Write one address, such as name@example.com",
    ValueType.PHONE: "Write it with its country code, such as +31 20 123 4567",
    ValueType.URL: "Write it in full, such as https://www.example.com/page",
}


def hint_for(format: ValueFormat, code: str = "") -> str | None:
    """How a cell of a column with a notation of its own has to be written; None for a column without. `code` is why the
    cell does not fit."""
    way = _way(format, code)
    return f"{way.write}{way.instead}" if way else None


def instruction_for(format: ValueFormat, code: str = "") -> str | None:
    """As `hint_for`, without what could be changed instead; also of a column without a notation of its own."""
    way = _way(format, code)
    return way.write if way else _PLAIN.get(format.kind)


def _way(format: ValueFormat, code: str) -> _Way | None:
    argument = format.argument
    if not argument:
        return None
    match format.kind:
        case ValueType.BOOLEAN:
            yes, no = (" or ".join(words.split(",")) for words in argument.split("|"))
            return _Way(f"Write {yes} for yes, {no} for no", ", or give the column more words.")
        case ValueType.DATE | ValueType.DATETIME:
            return _Way(f"Write an existing day as {_patterns(argument)}", ", or give the column another pattern.")
        case ValueType.INTEGER | ValueType.DECIMAL:
            return _Way(f"Write it as {' or '.join(argument.split('|'))}", ", or give the column another notation.")
        case ValueType.ENUM:
            options = ", ".join(argument.split("|"))
            return _Way(f"Write one of {options}", ", or add an option to the attribute.")
        case ValueType.PHONE if code == "unknown_country":
            column = format.region_column
            write = f"Write it with its country code, such as +31 20 123 4567, or correct the country in {column}"
            return _Way(write, f', or give the column {column} a value map, such as "values": {{"Holand": "NL"}}.')
        case ValueType.PHONE:
            write = "Write it with its country code, such as +31 20 123 4567"
            return _Way(write, f". {_read_in(argument)}")
    return None


def _patterns(argument: str) -> str:
    """The patterns of a column, with their hundred years in words: `d.M.yy[1927]`."""
    patterns = [_PIVOT.sub("", each) for each in argument.split("|")]
    first = _PIVOT.search(argument)
    years = f", where two digits are a year from {first[1]} to {int(first[1]) + 99}" if first else ""
    return " or ".join(dict.fromkeys(patterns)) + years


def _read_in(region: str) -> str:
    """How numbers without a country code are read: `NL`, `@land` or `@land|NL`."""
    column, _, usual = region.removeprefix("@").partition("|")
    if not region.startswith("@"):
        return f"Without one, it is read as a number of {region}."
    blank = f", or of {usual} where that is blank" if usual else ""
    return f"Without one, it is read as a number of the country in the column {column}{blank}."


REASONS: Mapping[str, Reason] = MappingProxyType(
    {
        "value_too_long": Reason(
            "The value is too long for its format.",
            f"Write at most {MAX_CELL:,} characters, {MAX_URL:,} for a url, or make the attribute a text.",
        ),
        "not_an_integer": Reason(
            "The value is not a whole number.",
            "Write digits only, with at most one sign before them, such as 42 or -7, "
            "or give the column its notation, such as integer(1.234), or several, such as integer(1.234|1,234).",
        ),
        "integer_out_of_range": Reason(
            "The whole number is too large.",
            "Use a number from -9223372036854775808 to 9223372036854775807, or make the attribute a decimal or a text.",
        ),
        "not_a_decimal": Reason(
            "The value is not a decimal number.",
            "Write digits with a point, such as 1234.50, without thousands separators and with at most 1,000 digits, "
            "or give the column its notation, such as decimal(1.234,56), or several, "
            "such as decimal(1.234,56|1,234.56).",
        ),
        "not_a_boolean": Reason(
            "The value is neither yes nor no.",
            "Write true or false, yes or no, y or n, t or f, 1 or 0, "
            "or give the column its words for yes and no, such as boolean(ja,j|nee,n).",
        ),
        "not_a_date": Reason(
            "The value is not a date in any of the column's patterns.",
            "Write an existing day in the column's pattern (by default 2024-01-31), "
            "or add the pattern, such as date(yyyy-MM-dd|dd/MM/yyyy) or, for the day of a time, date(iso8601).",
        ),
        "not_a_datetime": Reason(
            "The value is not a date and time in any of the column's patterns.",
            "Write it in the column's pattern (by default 2024-01-31T09:30:00 or 2024-01-31T09:30:00+01:00), "
            "or add the pattern, such as datetime(iso8601|dd/MM/yyyy HH:mm|M/d/yyyy), datetime(epoch_second) or "
            "datetime(epoch_millis).",
        ),
        "not_an_email": Reason(
            "The value is not an e-mail address.",
            "Write one address, such as name@example.com.",
        ),
        "not_a_phone": Reason(
            "The value is not a valid phone number.",
            "Write it with its country code, such as +31 20 123 4567 or +31 20 123 4567 ext. 12, "
            "or give the column a region, such as phone(NL), or phone(@country) if another column has it; "
            "one number, with at most one extension.",
        ),
        "unknown_country": Reason(
            "The number has no country code, and the country in its row is not known.",
            "Write the number with its country code, such as +31 20 123 4567, or correct the country, "
            'or give the column of the country a value map, such as "values": {"Holand": "NL"}.',
        ),
        "not_a_url": Reason(
            "The value is not a web address.",
            "Write it in full, such as https://www.example.com/page, without spaces.",
        ),
        "not_an_option": Reason(
            "The value is none of the attribute's options.",
            "Write one of the options exactly as the attribute lists them, or add this one to it.",
        ),
    }
)
