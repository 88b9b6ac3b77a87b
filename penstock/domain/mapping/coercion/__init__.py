"""Coercion: the only place where a cell becomes a value of its attribute's format.

coercer(format)               a Coercer; raises Refused when the format's argument is wrong
Coercer.coerce_column         many cells at once, for the worker
Coercer.coerce_cell           one cell, for a preview or a lookup
PairedCoercer.coerce_pairs    many cells at once, which depend on another column: phone(@country)
REASONS                       what the code of each CoercionError means, and how to fix the cell
"""

from __future__ import annotations

from functools import lru_cache
from typing import assert_never

from penstock.domain.mapping.attributes import ValueFormat, ValueType
from penstock.domain.mapping.coercion.base import Coercer, CoercionError, PairedCoercer, Value
from penstock.domain.mapping.coercion.booleans import BooleanCoercer
from penstock.domain.mapping.coercion.dates import DateCoercer, DateTimeCoercer
from penstock.domain.mapping.coercion.numbers import (
    DecimalCoercer,
    IntegerCoercer,
    NotatedDecimalCoercer,
    NotatedIntegerCoercer,
)
from penstock.domain.mapping.coercion.reasons import REASONS, Reason
from penstock.domain.mapping.coercion.texts import EnumCoercer, TextCoercer
from penstock.domain.mapping.coercion.urls import UrlCoercer

CACHED_COERCERS = 16

__all__ = ["REASONS", "Coercer", "CoercionError", "PairedCoercer", "Reason", "Value", "coercer"]


@lru_cache(CACHED_COERCERS)
def coercer(format: ValueFormat) -> Coercer:
    """The coercer of `format`; `Refused` (invalid_format) when its pattern, region or options are wrong.

    It caches the days, domains and numbering plans that it has seen, and is shared by all columns and requests.
    """
    match format.kind:
        case ValueType.TEXT:
            return TextCoercer()
        case ValueType.INTEGER:
            return NotatedIntegerCoercer(format.argument) if format.argument else IntegerCoercer()
        case ValueType.DECIMAL:
            return NotatedDecimalCoercer(format.argument) if format.argument else DecimalCoercer()
        case ValueType.BOOLEAN:
            return BooleanCoercer(format.argument)
        case ValueType.DATE:
            return DateCoercer(format.argument)
        case ValueType.DATETIME:
            return DateTimeCoercer(format.argument)
        case ValueType.EMAIL:
            from penstock.domain.mapping.coercion.emails import EmailCoercer  # noqa: PLC0415  loads email-validator

            return EmailCoercer()
        case ValueType.PHONE:
            return _phone_coercer(format)
        case ValueType.URL:
            return UrlCoercer()
        case ValueType.ENUM:
            return EnumCoercer(format.argument)
        case _:
            assert_never(format.kind)


def _phone_coercer(format: ValueFormat) -> Coercer:
    from penstock.domain.mapping.coercion.phones import PhoneCoercer  # noqa: PLC0415  loads phonenumbers

    if format.region_column is None:
        return PhoneCoercer(format.argument)
    from penstock.domain.mapping.coercion.paired_phones import PairedPhoneCoercer  # noqa: PLC0415

    return PairedPhoneCoercer(format)
