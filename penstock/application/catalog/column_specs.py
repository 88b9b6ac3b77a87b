"""A mapping as users write it: its columns may name attributes that do not exist yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from penstock.domain.errors import Fault, Refused, refuse_all
from penstock.domain.limits import MAX_DISPLAY_NAME
from penstock.domain.mapping.attributes import NAME, TEXT, Attribute, ValueFormat, parse_format
from penstock.domain.mapping.coercion import coercer
from penstock.domain.mapping.mapping import ColumnMapping, ColumnOptions, column_label
from penstock.domain.mapping.rules import check_formats, check_size, validate_mapping
from penstock.domain.suggestions.names import display_name

Name = Annotated[str, msgspec.Meta(pattern="^" + NAME.pattern.replace(r"\Z", "$"), max_length=63)]


class ColumnSpec(ColumnOptions, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One column. `pii` and `format` describe an attribute to create; for an existing one they may be left out.

    `pii` makes the values of this column personal, also those of an existing attribute that is not; `false` is refused
    for an attribute that is. `format` is written `kind` or `kind(argument)`, such as `date(dd/MM/yyyy)`.
    """

    attribute: Name
    pii: bool | None = None
    format: str | None = None

    @property
    def label(self) -> str:
        """The name of the column in faults."""
        return column_label(self, self.attribute)


class MappingSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A response of `GET` can be sent back unchanged: `version` and `created_attributes` are ignored."""

    data_source: Name | UnsetType = UNSET
    version: int | UnsetType = UNSET
    created_attributes: list[str] = []
    columns: Annotated[tuple[ColumnSpec, ...], msgspec.Meta(min_length=1)]


class ResolvedColumns(NamedTuple):
    """The columns of a mapping, and the attributes to create for them."""

    columns: list[ColumnMapping]
    missing: list[Attribute]


def resolve_columns(specs: Sequence[ColumnSpec], known: Mapping[str, Attribute]) -> ResolvedColumns:
    """Resolve `specs`, given the tenant's attributes by name. Raises `Refused` with every fault."""
    check_size(specs)
    check_formats(_formats(specs, known))
    faults: list[Fault] = []
    missing: dict[str, Attribute] = {}
    fed = {spec.column: spec.attribute for spec in specs if spec.column}
    for position, spec in enumerate(specs, 1):
        try:
            attribute = _described(spec, fed)
        except Refused as refused:
            faults += [msgspec.structs.replace(f, column=spec.label, position=position) for f in refused.faults]
            continue
        if spec.attribute not in known:
            missing.setdefault(spec.attribute, attribute)
        else:
            faults += _conflicts(spec, attribute, known[spec.attribute], position)
    refuse_all(faults, code="invalid_mapping")
    attributes = {**missing, **known}
    columns = [_column(spec, attributes[spec.attribute]) for spec in specs]
    refuse_all(validate_mapping(columns, attributes), code="invalid_mapping")
    return ResolvedColumns(columns, list(missing.values()))


def column_specs(columns: Sequence[ColumnMapping], attributes: Sequence[Attribute]) -> list[ColumnSpec]:
    """The inverse of `resolve_columns`; `attributes` are those of `columns`, in the same order."""
    return [
        ColumnSpec(
            attribute=column.attribute,
            pii=column.pii or attribute.pii,
            format=str(column.format or attribute.format),
            **options_of(column),
        )
        for column, attribute in zip(columns, attributes, strict=True)
    ]


def custom_attribute(name: str, *, column: str = "", format: ValueFormat = TEXT, pii: bool = False) -> Attribute:
    """A custom attribute that `column` feeds first; a personal one cannot be used in segments."""
    label = display_name(name, column)
    return Attribute(name=name, display_name=label, format=format, pii=pii, segmentable=not pii, revision=1)


def _formats(specs: Sequence[ColumnSpec], known: Mapping[str, Attribute]) -> Iterator[ValueFormat]:
    """The format of each column, as far as known; `_described` reports invalid formats."""
    for spec in specs:
        if spec.format is not None:
            with suppress(Refused):
                yield parse_format(spec.format)
        elif spec.attribute in known:
            yield known[spec.attribute].format


def _described(spec: ColumnSpec, fed: Mapping[str, str]) -> Attribute:
    """The attribute to create for `spec`, given those that columns feed alone. Its format is plain: a notation belongs
    to the column."""
    column_format = TEXT if spec.format is None else parse_format(spec.format)
    coercer(column_format)
    attribute = custom_attribute(spec.attribute, column=spec.column, format=column_format.plain, pii=bool(spec.pii))
    label = joined_name(spec, fed)
    return msgspec.structs.replace(attribute, display_name=label) if label else attribute


def joined_name(spec: ColumnSpec, fed: Mapping[str, str]) -> str:
    """What people read for a new attribute of joined columns whose own name only lists the attributes of these columns:
    "Client number and Name" for crmid_first_name. Otherwise ""."""
    if len(spec.columns) < 2 or spec.attribute != "_".join(fed.get(column, "") for column in spec.columns):
        return ""
    label = " and ".join(" ".join(column.replace("_", " ").split()) for column in spec.columns)
    label = label[:1].upper() + label[1:]
    return label if label.isprintable() and len(label) <= MAX_DISPLAY_NAME else ""


def _column(spec: ColumnSpec, attribute: Attribute) -> ColumnMapping:
    """`spec` as it is saved; its format and `pii` are kept only if they differ from the attribute's."""
    column_format = attribute.format if spec.format is None else parse_format(spec.format)
    return ColumnMapping(
        attribute=spec.attribute,
        format=None if column_format == attribute.format else column_format,
        pii=bool(spec.pii) and not attribute.pii,
        **options_of(spec),
    )


def options_of(column: ColumnOptions) -> dict[str, Any]:
    return {name: getattr(column, name) for name in ColumnOptions.__struct_fields__}


def _conflicts(spec: ColumnSpec, described: Attribute, existing: Attribute, position: int) -> Iterator[Fault]:
    if spec.format is not None and not described.format.writes_as(existing.format):
        yield _conflict(spec, existing, position)
    if spec.pii is False and existing.pii:
        yield Fault(
            code="personal_attribute",
            message=f"the attribute {existing.name!r} is personal and cannot be fed as ordinary",
            hint="Leave pii out, or map the column to an attribute of its own.",
            column=spec.label,
            position=position,
        )


def _conflict(spec: ColumnSpec, existing: Attribute, position: int) -> Fault:
    return Fault(
        code="attribute_exists",
        message=f"the attribute {existing.name!r} already exists, with the format {str(existing.format)[:64]}",
        hint="Leave the format out, choose another name, or change the attribute as long as nothing needs its format: "
        f"penstock attribute edit {existing.name} --format FORMAT",
        column=spec.label,
        position=position,
    )
