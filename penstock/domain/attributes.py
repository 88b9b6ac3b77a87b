"""Attributes: the fields of a profile, their input formats and the ones that are built in."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from penstock.domain.errors import refusal

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")


class FormatKind(StrEnum):
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


class InputFormat(msgspec.Struct, frozen=True):
    """How a cell is read. `argument`: a pattern (date, datetime), a region (phone), or `a|b|c` (enum).

    Written `kind` or `kind(argument)`, e.g. `date(dd/MM/yyyy)`, `phone(NL)`, `enum(gold|silver)`.
    Date patterns use the letters of Unicode LDML: yyyy MM dd HH mm ss SSS XXX.
    """

    kind: FormatKind = FormatKind.TEXT
    argument: str = ""

    def __str__(self) -> str:
        return f"{self.kind}({self.argument})" if self.argument else str(self.kind)


TEXT = InputFormat()


class Attribute(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a profile.

    `namespace` is set for an attribute that can be an identifier of its own kind; a custom attribute
    that is mapped as an identifier uses its name.
    """

    name: str
    display_name: str
    format: InputFormat = TEXT
    pii: bool = False
    segmentable: bool = True
    macro: bool = False
    custom: bool = True

    @property
    def namespace(self) -> str:
        return self.name


def check_name(name: str) -> str:
    """`name` itself, or `Refused` when it cannot name an attribute or a data source."""
    if not NAME.match(name):
        raise refusal(
            "invalid_name",
            f"{name[:64]!r} cannot be a name",
            "Use a lower-case letter, then up to 62 lower-case letters, digits or underscores.",
        )
    return name
