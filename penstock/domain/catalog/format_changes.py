"""Decides which changes of an attribute's format are allowed: every stored value must also be one of the new format.

Values are stored as they were coerced: a text, an integer or a truth value, without their format.

    from                                        to                            why
    any format                                  the same kind, another        the notation is that of cells; the values
                                                pattern, region or notation   are stored in one form
    enum                                        enum with more options        every stored option is still one
    enum, email, phone, url, date, datetime,    text, unless it is an         stored as texts; an identifier would be
    decimal                                     identifier                    normalised, and so looked up, differently

Every other change is refused once a request has stored values.
"""

from __future__ import annotations

from penstock.domain.mapping.attributes import ValueFormat, ValueType

_STORED_AS_TEXT = frozenset(ValueType) - {ValueType.INTEGER, ValueType.BOOLEAN}


def keeps_values(old: ValueFormat, new: ValueFormat, *, identifier: bool) -> bool:
    """Whether values that were stored in the format `old` are values of `new`."""
    if old.writes_as(new):
        return True
    if new.kind is ValueType.TEXT:
        return old.kind in _STORED_AS_TEXT and not identifier
    return old.kind is new.kind is ValueType.ENUM and _options(old) <= _options(new)


def _options(format: ValueFormat) -> frozenset[str]:
    return frozenset(format.argument.split("|"))
