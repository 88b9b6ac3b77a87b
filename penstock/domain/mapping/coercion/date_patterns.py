"""Date patterns: the subset of Unicode LDML (UTS #35) that Penstock supports.

    yyyy      year, 4 digits             HH H  hour 00-23, padded or not      XXX  offset: Z or +01:00
    yy        year, 2 digits             hh h  hour 01-12, with a             'T'  text in quotes, '' is a quote
    MM M      month, padded or not       a     AM or PM, also a.m., π.μ., 오전, 午前
    MMM MMMM  month's name, short or not mm    minute
    dd d      day, padded or not         ss    second    SSS  milliseconds

Any character but an ASCII letter stands for itself. `|` separates patterns, which are tried in order. At the end of a
pattern, `[nl]` gives the language of its months, and `[1930]` the first of the hundred years that yy means.

In place of a pattern stands a word: iso8601, epoch_second or epoch_millis (epochs.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple, Protocol

from penstock.domain.errors import Refused, refusal
from penstock.domain.limits import MAX_DATE_PATTERN, MAX_DATE_PATTERNS
from penstock.domain.mapping.coercion.epochs import epoch_patterns
from penstock.domain.mapping.coercion.month_names import month_names

FIRST_SHORT_YEAR = 1947  # a fixed one, because the same file must give the same dates in every year

_CACHED_PATTERNS = 256  # compiled patterns; a mapping has up to `MAX_PATTERNS`, and each costs a millisecond to compile
# Half days: Latin (a.m., p. m.), Greek (π.μ., μ.μ.; also with the micro sign), Korean, Japanese, Chinese, Turkish.
HALF_DAY = r"[AaPp](?:[Mm]|\. ?[Mm]\.)"
HALF_DAY += r"|[\u03a0\u03c0\u039c\u03bc\u00b5](?:[\u039c\u03bc\u00b5]|\. ?[\u039c\u03bc\u00b5]\.?)"
HALF_DAY += "|\uc624[\uc804\ud6c4]|\u5348[\u524d\u5f8c]|[\u4e0a\u4e0b]\u5348|\u00d6[\u00d6S]|\u00f6[\u00f6s]"
_AFTERNOON = re.compile("[Pp\u039c\u03bc\u00b5\u4e0b]|.[\ud6c4\u5f8cSs]")
_FIELDS = {
    "yyyy": r"(?P<year>[0-9]{4})",
    "yy": r"(?P<year>[0-9]{2})",
    "MM": r"(?P<month>[0-9]{2})",
    "M": r"(?P<month>[0-9]{1,2})",
    "dd": r"(?P<day>[0-9]{2})",
    "d": r"(?P<day>[0-9]{1,2})",
    "HH": r"(?P<hour>[01][0-9]|2[0-3])",
    "H": r"(?P<hour>[01]?[0-9]|2[0-3])",
    "hh": r"(?P<hour>0[1-9]|1[0-2])",
    "h": r"(?P<hour>0?[1-9]|1[0-2])",
    "a": f"(?P<half>{HALF_DAY})",
    "mm": r"(?P<minute>[0-5][0-9])",
    "ss": r"(?P<second>[0-5][0-9])",
    "SSS": r"(?P<fraction>[0-9]{3})",
    "XXX": r"(?P<offset>Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])",
}
_UNPADDED = ("M", "d", "H", "h")
_QUOTED_OR_BAR = re.compile(r"'[^']*'?|[^'|]+|\|")
_OPTION = re.compile(r"\[(?:(?P<language>[a-z]{2,3})|(?P<first_year>[0-9]{4}))\]\Z")
_TOKEN = re.compile(r"(?P<quoted>'(?:[^']|'')*')|(?P<field>([A-Za-z])\3*)|(?P<literal>[^A-Za-z']+)")

ISO_DATETIME = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:[T ](?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9])"
    r"(?::(?P<second>[0-5][0-9])(?:[.,](?P<fraction>[0-9]{1,6}))?)?"
    r"(?P<offset>Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)?)?(?P<half>)"
)
ISO = "iso8601"
_DATE = {"year", "month", "day"}
_TIMES = ({"hour"}, {"hour", "minute"}, {"hour", "minute", "second"}, {"hour", "minute", "second", "fraction"})


def is_afternoon(half: str) -> bool:
    """Whether a text that fits `HALF_DAY` is the half after noon."""
    return _AFTERNOON.match(half) is not None


class Matcher(Protocol):
    """What coercers use of a compiled regex."""

    @property
    def groupindex(self) -> Mapping[str, int]: ...

    def fullmatch(self, string: str, /) -> re.Match[str] | None: ...


class DatePattern(NamedTuple):
    """`regex` has a group for each field; `months` numbers the months' names in lower case, if it has names."""

    regex: Matcher
    months: Mapping[str, str] = MappingProxyType({})
    first_year: int = FIRST_SHORT_YEAR

    def day(self, year: str, month: str, day: str) -> tuple[str, str, str]:
        """The texts of the groups as digits, the year with four; the month is 0 if its name is not known."""
        if len(year) == 2:
            year = str(self.first_year + (int(year) - self.first_year) % 100)
        return year, self.months.get(month.lower(), "0") if self.months else month, day


_NAMED = {
    ISO: DatePattern(ISO_DATETIME),
    **{name: DatePattern(pattern) for name, pattern in epoch_patterns(ISO_DATETIME).items()},
}


@lru_cache(_CACHED_PATTERNS)
def date_patterns(written: str) -> tuple[DatePattern, ...]:
    """Patterns with the groups year, month and day, and perhaps those of a time. Raises `Refused`."""
    return tuple(_NAMED.get(each) or DatePattern(*_compile(each)) for each in _alternatives(written))


@lru_cache(_CACHED_PATTERNS)
def datetime_patterns(written: str) -> tuple[DatePattern, ...]:
    """Patterns with the groups of ISO_DATETIME; those missing from a pattern are empty. Raises `Refused`."""
    return tuple(_NAMED.get(each) or _with_all_groups(_compile(each)) for each in _alternatives(written))


def _with_all_groups(pattern: _Compiled) -> DatePattern:
    fields = pattern.regex.groupindex
    absent = "".join(f"(?P<{field}>)" for field in ISO_DATETIME.groupindex if field not in fields)
    return DatePattern(*pattern._replace(regex=re.compile(pattern.regex.pattern + absent)))


def _alternatives(written: str) -> list[str]:
    alternatives = [""]
    for part in _QUOTED_OR_BAR.findall(written):
        if part == "|":
            alternatives.append("")
        else:
            alternatives[-1] += part
    if len(alternatives) > MAX_DATE_PATTERNS:
        raise _refused(written, f"it has more than {MAX_DATE_PATTERNS} alternatives")
    return alternatives


class _Compiled(NamedTuple):
    """The fields of a `DatePattern` that is a regex."""

    regex: re.Pattern[str]
    months: Mapping[str, str]
    first_year: int


def _compile(written: str) -> _Compiled:
    """One pattern, with a named group per field."""
    if len(written) > MAX_DATE_PATTERN:
        raise _refused(written, f"it has more than {MAX_DATE_PATTERN} characters")
    pattern, language, first_year = _options(written)
    tokens = _tokens(pattern)
    fields = [token["field"] for token in tokens if token["field"]]
    _check_fields(written, tokens, fields)
    named = "MMM" in fields or "MMMM" in fields
    if (language and not named) or (first_year and "yy" not in fields):
        raise _refused(written, "[nl] needs MMM or MMMM, and [1930] needs yy")
    months = month_names(language or "en") if named else {}
    if named and not months:
        raise _refused(written, f"the months of {language} have no names, or they are not known")
    names = "|".join(map(re.escape, sorted(months, key=len, reverse=True)))  # a longer name first: it has the shorter
    regexes = {**_FIELDS, **dict.fromkeys(("MMM", "MMMM"), rf"(?P<month>(?i:{names}))\.?")}
    parts = [regexes[token["field"]] if token["field"] else re.escape(_literal(token)) for token in tokens]
    try:
        regex = re.compile("".join(parts))
    except re.error:
        raise _refused(written, "a field occurs twice") from None
    _check_groups(written, set(regex.groupindex))
    return _Compiled(regex, months, int(first_year or FIRST_SHORT_YEAR))


def _check_groups(written: str, groups: set[str]) -> None:
    if not groups >= _DATE or (groups != _DATE and groups - _DATE - {"offset", "half"} not in _TIMES):
        raise _refused(
            written, "it needs a year, a month and a day; a time needs an hour, and a smaller unit the larger"
        )


def _options(written: str) -> tuple[str, str, str]:
    """The pattern without its options, the language and the first year; empty when they are not given."""
    options = {"language": "", "first_year": ""}
    while match := _OPTION.search(written):
        written = written[: match.start()]
        options |= {name: value for name, value in match.groupdict().items() if value}
    return written, options["language"], options["first_year"]


def _tokens(written: str) -> list[re.Match[str]]:
    tokens: list[re.Match[str]] = []
    position = 0
    while position < len(written):
        token = _TOKEN.match(written, position)
        if token is None:
            raise _refused(written, "a quote is not closed")
        tokens.append(token)
        position = token.end()
    return tokens


def _check_fields(written: str, tokens: Sequence[re.Match[str]], fields: Sequence[str]) -> None:
    """Raises `Refused` for unknown fields, and for fields that exclude each other."""
    for field in fields:
        if field not in _FIELDS and field not in ("MMM", "MMMM"):
            raise _refused(written, f"{field} is not a field")
    for one, other in pairwise(token["field"] or "" for token in tokens):
        if one and other and (one in _UNPADDED or other in _UNPADDED) and not {"MMM", "MMMM", "a"} & {one, other}:
            raise _refused(written, f"{one} and {other} need a separator between them")
    if ("a" in fields) != ("h" in fields or "hh" in fields):
        raise _refused(written, "h and a need each other; use H or HH for the hours 0 to 23")


def _literal(token: re.Match[str]) -> str:
    """The text that a quoted or plain literal stands for."""
    if token["quoted"]:
        return token["quoted"][1:-1].replace("''", "'") or "'"
    return token["literal"]


def _refused(written: str, why: str) -> Refused:
    return refusal(
        "invalid_format",
        f"{written[:64]!r} is not a date pattern: {why}",
        "Use yyyy or yy, MM, M or MMM (its name), dd or d, and for a time HH or H (hh or h with a), mm, ss, SSS, "
        "XXX; put other letters in single quotes; or iso8601, epoch_second or epoch_millis. For example "
        "date(dd/MM/yyyy|d MMM yyyy) or datetime(iso8601|yyyy-MM-dd HH:mm:ss).",
    )
