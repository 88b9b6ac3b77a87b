"""Attributes: the fields of a profile, and their value formats."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from penstock.domain.errors import refusal
from penstock.domain.limits import MAX_FORMAT

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")


class ValueType(StrEnum):
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    ENUM = "enum"

    @property
    def takes_argument(self) -> bool:
        return self in _ARGUMENTS


_ARGUMENTS = {
    ValueType.INTEGER: "an example",
    ValueType.DECIMAL: "an example",
    ValueType.BOOLEAN: "the words for yes and no",
    ValueType.DATE: "a pattern",
    ValueType.DATETIME: "a pattern",
    ValueType.PHONE: "a region",
    ValueType.ENUM: "options",
}
_WRITTEN_FORMAT = re.compile(r"(?P<kind>[^()]*)(?P<parentheses>\((?P<argument>.*)\))?", re.DOTALL)
_FORMATS = (
    "Use text, integer, integer(1.234), decimal, decimal(1.234,56|1,234.56), boolean, boolean(ja,j|nee,n), date, "
    "date(dd/MM/yyyy|d MMM yyyy), datetime, datetime(yyyy-MM-dd HH:mm:ss), email, phone, phone(NL), phone(@country), "
    "url or enum(gold|silver)."
)


WRITTEN_IN_SEVERAL_WAYS = frozenset(_ARGUMENTS) - {ValueType.ENUM}


class ValueFormat(msgspec.Struct, frozen=True):
    """How a cell is parsed. Written `kind` or `kind(argument)`; what the argument is depends on the kind:

    date, datetime     patterns in the letters of Unicode LDML, tried in order: `date(dd/MM/yyyy|d MMM yyyy)`
    phone              a region, the column that has it, or both: `phone(NL)`, `phone(@country|NL)`
    integer, decimal   examples of the notations, tried in order: `integer(1.234)`, `decimal(1.234,56|1,234.56)`
    boolean            words for yes, then words for no: `boolean(ja,j|nee,n)`
    enum               the options: `enum(gold|silver)`
    """

    kind: ValueType = ValueType.TEXT
    argument: str = ""

    @property
    def plain(self) -> ValueFormat:
        """The format of the values themselves, whatever the notation of their cells."""
        return ValueFormat(self.kind) if self.kind in WRITTEN_IN_SEVERAL_WAYS else self

    @property
    def region_column(self) -> str | None:
        """The column of the same row that has the region of a phone number: `country` of `phone(@country|NL)`."""
        if self.kind is not ValueType.PHONE or not self.argument.startswith("@"):
            return None
        column, bar, _ = self.argument[1:].rpartition("|")
        return column if bar else self.argument[1:]

    def writes_as(self, other: ValueFormat) -> bool:
        """Whether both produce the same values, perhaps from different notations."""
        return self.plain == other.plain

    def __str__(self) -> str:
        return f"{self.kind}({self.argument})" if self.argument else str(self.kind)


TEXT = ValueFormat()


def parse_format(written: str) -> ValueFormat:
    """The format written as `kind` or `kind(argument)`; the inverse of `str`.

    Raises `Refused`: unknown_format, or invalid_format when an argument is missing or not allowed. `coercer` validates
    the argument itself, since it knows patterns, regions and options.
    """
    if len(written) > MAX_FORMAT:
        raise refusal("invalid_format", f"the format has {len(written):,} characters", f"Use up to {MAX_FORMAT:,}.")
    match = _WRITTEN_FORMAT.fullmatch(written.strip())
    if match is None or match["kind"] not in list(ValueType):
        raise refusal("unknown_format", f"{written[:64]!r} is not an input format", _FORMATS)
    kind, argument = ValueType(match["kind"]), match["argument"] or ""
    if match["parentheses"] and not (kind.takes_argument and argument):
        rule = f"needs {_ARGUMENTS[kind]} between" if kind.takes_argument else "takes no"
        raise refusal("invalid_format", f"The format {kind} {rule} parentheses", _FORMATS)
    if kind is ValueType.ENUM and not argument:
        raise refusal("invalid_format", "The format enum needs options", _FORMATS)
    return ValueFormat(kind, argument)


class Attribute(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One field of a profile.

    `segmentable`: it may be used in segments; `macro`: it may be used in personalised texts. Both call it by a name of
    its own, which is derived from `name` unless another one is chosen. The values of its `preferred_sources` win over
    those of all others, the first before the second. `revision` counts its changes; a built-in attribute that nobody
    has changed has 0.
    """

    name: str
    display_name: str
    format: ValueFormat = TEXT
    pii: bool = False
    segmentable: bool = True
    macro: bool = False
    custom: bool = True
    chosen_segment_name: str | None = None
    chosen_macro_name: str | None = None
    preferred_sources: tuple[str, ...] = ()
    archived: bool = False
    revision: int = 0

    @property
    def namespace(self) -> str:
        """Keeps the identifiers of different attributes apart."""
        return self.name

    @property
    def segment_name(self) -> str:
        return self.chosen_segment_name or self.name.upper()

    @property
    def macro_name(self) -> str:
        return self.chosen_macro_name or self.name.upper()


def check_name(name: str) -> str:
    """Return `name`; raise `Refused` when it is not valid for an attribute or a data source."""
    if not NAME.match(name):
        raise refusal(
            "invalid_name",
            f"{name[:64]!r} is not a valid name",
            "Start with a lower-case letter, then use up to 62 lower-case letters, digits or underscores.",
        )
    return name
