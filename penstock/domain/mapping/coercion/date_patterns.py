"""Date patterns: the subset of Unicode LDML (UTS #35) that Penstock supports.

    yyyy  year, 4 digits        HH  hour 00-23          XXX  offset: Z or +01:00
    MM M  month, padded or not  mm  minute              'T'  text in quotes, '' is a quote
    dd d  day, padded or not    ss  second   SSS  milliseconds

Any character but an ASCII letter stands for itself.
"""

from __future__ import annotations

import re
from functools import lru_cache

from penstock.domain.errors import Refused, refusal
from penstock.domain.limits import MAX_DATE_PATTERN

_CACHED_PATTERNS = 256  # compiled patterns; a mapping has up to `MAX_PATTERNS`, and each costs a millisecond to compile

_FIELDS = {
    "yyyy": r"(?P<year>[0-9]{4})",
    "MM": r"(?P<month>[0-9]{2})",
    "M": r"(?P<month>[0-9]{1,2})",
    "dd": r"(?P<day>[0-9]{2})",
    "d": r"(?P<day>[0-9]{1,2})",
    "HH": r"(?P<hour>[01][0-9]|2[0-3])",
    "mm": r"(?P<minute>[0-5][0-9])",
    "ss": r"(?P<second>[0-5][0-9])",
    "SSS": r"(?P<fraction>[0-9]{3})",
    "XXX": r"(?P<offset>Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])",
}
_UNPADDED = ("M", "d")
_TOKEN = re.compile(r"(?P<quoted>'(?:[^']|'')*')|(?P<field>([A-Za-z])\3*)|(?P<literal>[^A-Za-z']+)")

ISO_DATETIME = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:[T ](?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9])"
    r"(?::(?P<second>[0-5][0-9])(?:[.,](?P<fraction>[0-9]{1,6}))?)?"
    r"(?P<offset>Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)?)?"
)
_DATE = {"year", "month", "day"}
_TIMES = ({"hour"}, {"hour", "minute"}, {"hour", "minute", "second"}, {"hour", "minute", "second", "fraction"})


@lru_cache(_CACHED_PATTERNS)
def date_pattern(written: str) -> re.Pattern[str]:
    """A regex with the groups year, month and day. Raises `Refused` unless `written` is a pattern of exactly these."""
    pattern = _compile(written)
    if set(pattern.groupindex) != _DATE:
        raise _refused(written, "a date needs yyyy, a month and a day, and nothing else")
    return pattern


@lru_cache(_CACHED_PATTERNS)
def datetime_pattern(written: str) -> re.Pattern[str]:
    """A regex with the groups of ISO_DATETIME; those missing from the pattern are empty. Raises `Refused`."""
    pattern = _compile(written)
    fields = set(pattern.groupindex)
    if not fields >= _DATE or (fields - _DATE - {"offset"}) not in _TIMES:
        raise _refused(written, "a datetime needs yyyy, a month, a day and HH; mm, ss, SSS and XXX are optional")
    absent = "".join(f"(?P<{field}>)" for field in ISO_DATETIME.groupindex if field not in fields)
    return re.compile(pattern.pattern + absent)


def _compile(written: str) -> re.Pattern[str]:
    """The regex of a pattern, with a named group per field."""
    if len(written) > MAX_DATE_PATTERN:
        raise _refused(written, f"it has more than {MAX_DATE_PATTERN} characters")
    parts: list[str] = []
    position, before = 0, ""
    while position < len(written):
        token = _TOKEN.match(written, position)
        if token is None:
            raise _refused(written, "a quote is not closed")
        position = token.end()
        field = token["field"] or ""
        if field and field not in _FIELDS:
            raise _refused(written, f"{field} is not a field")
        if field and before and (field in _UNPADDED or before in _UNPADDED):
            raise _refused(written, f"{before} and {field} need a separator between them")
        parts.append(_FIELDS[field] if field else re.escape(_literal(token)))
        before = field
    try:
        return re.compile("".join(parts))
    except re.error:
        raise _refused(written, "a field occurs twice") from None


def _literal(token: re.Match[str]) -> str:
    """The text that a quoted or plain literal stands for."""
    if token["quoted"]:
        return token["quoted"][1:-1].replace("''", "'") or "'"
    return token["literal"]


def _refused(written: str, why: str) -> Refused:
    return refusal(
        "invalid_format",
        f"{written[:64]!r} is not a date pattern: {why}",
        "Use yyyy, MM or M, dd or d, and for a datetime HH, mm, ss, SSS, XXX; put other letters in single quotes. "
        "For example date(dd/MM/yyyy) or datetime(yyyy-MM-dd'T'HH:mm:ssXXX).",
    )
