"""The formats that a person can choose for a column, in words with an example."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from penstock.domain.errors import Refused
from penstock.domain.mapping.attributes import TEXT, Attribute, ValueFormat, ValueType, parse_format
from services.uploader.console.words import KINDS, format_words

OTHER = "other"  # then the format is in a field of its own

_USUAL = {
    ValueType.INTEGER: ("", "1,234", "1.234"),
    ValueType.DECIMAL: ("", "1,234.56", "1.234,56"),
    ValueType.DATE: ("", "d/M/yyyy", "M/d/yyyy", "d-M-yyyy", "d.M.yyyy", "iso8601"),
    ValueType.DATETIME: ("", "d/M/yyyy H:mm", "M/d/yyyy H:mm", "epoch_second", "epoch_millis"),
}
_TIMES = (ValueType.DATE, ValueType.DATETIME)
_NAMED = {
    "iso8601": "2024-01-31 09:30",
    "epoch_second": "seconds since 1970",
    "epoch_millis": "milliseconds since 1970",
}
_EXAMPLE = {
    "yyyy": "2024",
    "yy": "24",
    "MMMM": "January",
    "MMM": "Jan",
    "MM": "01",
    "M": "1",
    "dd": "31",
    "d": "31",
    "HH": "09",
    "H": "9",
    "hh": "09",
    "h": "9",
    "mm": "30",
    "ss": "00",
    "SSS": "000",
    "a": "AM",
    "XXX": "+01:00",
}
_EXCHANGE = str.maketrans("dM", "Md")
_TOKEN = re.compile(r"'[^']*'|([A-Za-z])\1*")


class FormatChoice(NamedTuple):
    value: str
    words: str


def format_choices(chosen: str, suggested: str, attribute: Attribute | None) -> list[FormatChoice]:
    """The attribute's own format, the suggested one, the usual ones of its kind, and the chosen one. They keep their
    places whichever is chosen. `attribute` is None for one that would be new, which can also be a text."""
    known = [each for each in (suggested, chosen) if each]
    format = _parsed(known[0]) if known else None
    own = attribute.format if attribute else TEXT
    kind = own.kind if attribute or format is None else format.kind
    others = [*_swapped(format), *(str(ValueFormat(kind, each)) for each in _USUAL.get(kind, ("",)))]
    if kind is ValueType.ENUM:
        others = []
    words = format_in_words(str(own))
    return [
        FormatChoice(str(own) if str(own) in known else "", f"As the attribute: {words}" if attribute else words),
        *(
            FormatChoice(each, format_in_words(each))
            for each in dict.fromkeys([*known[:1], *others, *known])
            if each != str(own)
        ),
    ]


def format_in_words(written: str) -> str:
    """The format `date(d-MMM-yy)` is "d-MMM-yy (31-Jan-24)", its pattern as pages have it everywhere, and an example;
    one that there is not stays as it is."""
    format = _parsed(written)
    if format is None:
        return written
    if format.kind is ValueType.INTEGER:
        return f"{KINDS[format.kind]} ({' or '.join((format.argument or '1234').split('|'))})"
    if format.kind is ValueType.DECIMAL:
        return " or ".join(map(_decimal_in_words, (format.argument or "1234.56").split("|")))
    if format.kind in _TIMES:
        default = "yyyy-MM-dd" if format.kind is ValueType.DATE else "iso8601"
        patterns = (format.argument or default).split("|")
        return " or ".join(map(_pattern_in_words, patterns))
    return format_words(written)


def _parsed(written: str) -> ValueFormat | None:
    try:
        return parse_format(written)
    except Refused:
        return None


def _decimal_in_words(example: str) -> str:
    return f"Decimal {'comma' if _has_comma(example) else 'point'} ({example})"


def _has_comma(example: str) -> bool:
    return example.rfind(",") > example.rfind(".")


def _pattern_in_words(pattern: str) -> str:
    letters, _, _ = pattern.partition("[")
    example = _NAMED.get(pattern) or _TOKEN.sub(lambda token: _EXAMPLE.get(token[0], token[0].strip("'")), letters)
    return f"{pattern} ({example})"


def _swapped(format: ValueFormat | None) -> Sequence[str]:
    """A date with its day and month exchanged, unless the month has a name."""
    if format is None or format.kind not in _TIMES or not format.argument or "MMM" in format.argument:
        return ()
    return [f"{format.kind}({'|'.join(map(_exchanged, format.argument.split('|')))})"]


def _exchanged(pattern: str) -> str:
    if pattern in _NAMED:
        return pattern
    letters, bracket, option = pattern.partition("[")
    return _TOKEN.sub(lambda token: token[0].translate(_EXCHANGE) if token[1] else token[0], letters) + bracket + option
