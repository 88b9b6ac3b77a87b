"""Coercion: the one place where a cell becomes a value of its attribute's input format.

coercer(format)      a Coercer, or Refused when the format's argument is wrong
Coercer.column       many cells at once, for the worker
Coercer.one          one cell, for a preview or a lookup
REASONS              what each misfit's code means, and how to mend it
"""

from __future__ import annotations

from functools import lru_cache
from typing import assert_never

from penstock.domain.mapping.attributes import FormatKind, InputFormat
from penstock.domain.mapping.coercion.base import Coercer, Misfit, Value
from penstock.domain.mapping.coercion.dates import DateCoercer, DateTimeCoercer
from penstock.domain.mapping.coercion.numbers import BooleanCoercer, DecimalCoercer, IntegerCoercer
from penstock.domain.mapping.coercion.reasons import REASONS, Reason
from penstock.domain.mapping.coercion.texts import EnumCoercer, TextCoercer
from penstock.domain.mapping.coercion.urls import UrlCoercer

COERCERS_KEPT = 16

__all__ = ["REASONS", "Coercer", "Misfit", "Reason", "Value", "coercer"]


@lru_cache(COERCERS_KEPT)
def coercer(format: InputFormat) -> Coercer:
    """The coercer of `format`; `Refused` (invalid_format) when its pattern, region or options are wrong.

    It remembers days, domains and numbering plans that it has seen, and so serves all columns and requests alike.
    """
    match format.kind:
        case FormatKind.TEXT:
            return TextCoercer()
        case FormatKind.INTEGER:
            return IntegerCoercer()
        case FormatKind.DECIMAL:
            return DecimalCoercer()
        case FormatKind.BOOLEAN:
            return BooleanCoercer()
        case FormatKind.DATE:
            return DateCoercer(format.argument)
        case FormatKind.DATETIME:
            return DateTimeCoercer(format.argument)
        case FormatKind.EMAIL:
            from penstock.domain.mapping.coercion.emails import EmailCoercer  # noqa: PLC0415  loads email-validator

            return EmailCoercer()
        case FormatKind.PHONE:
            from penstock.domain.mapping.coercion.phones import PhoneCoercer  # noqa: PLC0415  loads phonenumbers

            return PhoneCoercer(format.argument)
        case FormatKind.URL:
            return UrlCoercer()
        case FormatKind.ENUM:
            return EnumCoercer(format.argument)
        case _:
            assert_never(format.kind)
