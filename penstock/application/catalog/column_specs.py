"""A mapping as people write it: columns that may name attributes which do not exist yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Annotated, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from penstock.domain.errors import Fault, Refused
from penstock.domain.mapping.attributes import NAME, TEXT, Attribute, ValueFormat, parse_format
from penstock.domain.mapping.coercion import coercer
from penstock.domain.mapping.mapping import ColumnMapping, WritePolicy
from penstock.domain.mapping.rules import check_formats, check_size, validate_mapping

Name = Annotated[str, msgspec.Meta(pattern="^" + NAME.pattern.replace(r"\Z", "$"), max_length=63)]


class ColumnSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One column. `pii` and `format` describe an attribute that is to be created; for a known one they may be left out.

    `format` is written `kind` or `kind(argument)`, such as `date(dd/MM/yyyy)`.
    """

    column: Annotated[str, msgspec.Meta(min_length=1)]
    attribute: Name
    identifier: bool = False
    pii: bool = False
    format: str | None = None
    policy: WritePolicy = WritePolicy.OVERWRITE


class MappingSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Identifiers rank in the order of the columns. What `GET` answers can be put back as it is: `version` and
    `created_attributes` are ignored."""

    data_source: Name | UnsetType = UNSET
    version: int | UnsetType = UNSET
    created_attributes: list[str] = []
    columns: Annotated[tuple[ColumnSpec, ...], msgspec.Meta(min_length=1)]


class ResolvedColumns(NamedTuple):
    """The columns of a mapping, and the attributes that have to be created for them."""

    columns: list[ColumnMapping]
    missing: list[Attribute]


def resolve_columns(specs: Sequence[ColumnSpec], known: Mapping[str, Attribute]) -> ResolvedColumns:
    """The columns of `specs`, given the tenant's attributes by name. Raises `Refused` with every fault."""
    check_size(specs)
    check_formats(_formats(specs, known))
    faults: list[Fault] = []
    missing: dict[str, Attribute] = {}
    for position, spec in enumerate(specs, 1):
        try:
            attribute = _described(spec)
        except Refused as refused:
            faults += [msgspec.structs.replace(f, column=spec.column, position=position) for f in refused.faults]
            continue
        if spec.attribute not in known:
            missing.setdefault(spec.attribute, attribute)
        elif _differs(spec, attribute, known[spec.attribute]):
            faults.append(_conflict(spec, known[spec.attribute], position))
    _raise(faults)
    attributes = {**missing, **known}
    columns = [_column(spec, attributes[spec.attribute]) for spec in specs]
    _raise(validate_mapping(columns, attributes))
    return ResolvedColumns(columns, list(missing.values()))


def _raise(faults: list[Fault]) -> None:
    if faults:
        raise Refused(faults, code=faults[0].code if len({fault.code for fault in faults}) == 1 else "invalid_mapping")


def column_specs(columns: Sequence[ColumnMapping], attributes: Sequence[Attribute]) -> list[ColumnSpec]:
    """`columns`, which feed `attributes`, as people write them; `resolve_columns` makes the same columns of them."""
    return [
        ColumnSpec(
            column=column.column,
            attribute=column.attribute,
            identifier=column.identifier,
            pii=attribute.pii,
            format=str(column.format or attribute.format),
            policy=column.policy,
        )
        for column, attribute in zip(columns, attributes, strict=True)
    ]


def custom_attribute(name: str, *, display_name: str = "", format: str | None = None, pii: bool = False) -> Attribute:
    """A custom attribute; a personal one cannot be used in segments. Raises `Refused` for a wrong format."""
    parsed = TEXT if format is None else parse_format(format)
    coercer(parsed)
    shown = display_name or name.replace("_", " ").capitalize()
    return Attribute(name=name, display_name=shown, format=parsed, pii=pii, segmentable=not pii)


def _formats(specs: Sequence[ColumnSpec], known: Mapping[str, Attribute]) -> Iterator[ValueFormat]:
    """How each column is read, as far as that can be told; of what is no format, `_described` tells."""
    for spec in specs:
        if spec.format is not None:
            with suppress(Refused):
                yield parse_format(spec.format)
        elif spec.attribute in known:
            yield known[spec.attribute].format


def _described(spec: ColumnSpec) -> Attribute:
    return custom_attribute(spec.attribute, format=spec.format, pii=spec.pii)


def _column(spec: ColumnSpec, attribute: Attribute) -> ColumnMapping:
    """`spec` as it is saved; its format is kept where it is not the attribute's own."""
    given = attribute.format if spec.format is None else parse_format(spec.format)
    return ColumnMapping(
        column=spec.column,
        attribute=spec.attribute,
        identifier=spec.identifier,
        policy=spec.policy,
        format=None if given == attribute.format else given,
    )


def _differs(spec: ColumnSpec, described: Attribute, present: Attribute) -> bool:
    other_values = spec.format is not None and not described.format.writes_as(present.format)
    return other_values or (spec.pii and not present.pii)


def _conflict(spec: ColumnSpec, present: Attribute, position: int) -> Fault:
    return Fault(
        code="attribute_exists",
        message=f"there is an attribute {present.name!r} already, with the format {str(present.format)[:64]}"
        f" and {'personal' if present.pii else 'not personal'}",
        hint="Leave out what differs, or choose another name.",
        column=spec.column,
        position=position,
    )
