"""Coercion: the one place where a cell becomes a value of its attribute's input format.

coercer(format)      a Coercer, or Refused when the format's argument is wrong
Coercer.column       many cells at once, for the worker
Coercer.one          one cell, for a preview or a lookup
REASONS              what each misfit's code means, and how to mend it
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from penstock.domain.attributes import FormatKind, InputFormat
from penstock.domain.coercion.base import Coercer, Misfit, Value
from penstock.domain.coercion.reasons import REASONS, Reason

__all__ = ["REASONS", "Coercer", "Misfit", "Reason", "Value", "coercer"]

# A module is imported when a column needs it: phonenumbers and email-validator cost 20 ms and 10 MB each.
_MAKERS = {
    FormatKind.TEXT: ("texts", "TextCoercer"),
    FormatKind.ENUM: ("texts", "EnumCoercer"),
    FormatKind.INTEGER: ("numbers", "IntegerCoercer"),
    FormatKind.DECIMAL: ("numbers", "DecimalCoercer"),
    FormatKind.BOOLEAN: ("numbers", "BooleanCoercer"),
    FormatKind.DATE: ("dates", "DateCoercer"),
    FormatKind.DATETIME: ("dates", "DateTimeCoercer"),
    FormatKind.EMAIL: ("emails", "EmailCoercer"),
    FormatKind.PHONE: ("phones", "PhoneCoercer"),
    FormatKind.URL: ("urls", "UrlCoercer"),
}


def coercer(format: InputFormat) -> Coercer:
    """The coercer of `format`; `Refused` (invalid_format) when its pattern, region or options are wrong."""
    module, name = _MAKERS[format.kind]
    make = cast(Callable[..., Coercer], getattr(import_module(f"{__name__}.{module}"), name))
    return make(format.argument) if format.kind.takes_argument else make()
