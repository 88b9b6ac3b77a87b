"""A mapping as people write it: columns that may name attributes which do not exist yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Annotated, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from penstock.application.catalog.catalog import Catalog
from penstock.domain.errors import Fault, Refused
from penstock.domain.mapping.attributes import NAME, TEXT, Attribute, InputFormat, parse_format
from penstock.domain.mapping.coercion import coercer
from penstock.domain.mapping.mapping import ColumnMapping, WritePolicy
from penstock.domain.mapping.mapping import Mapping as SavedMapping
from penstock.domain.mapping.rules import check_formats, check_size, judge_mapping

Name = Annotated[str, msgspec.Meta(pattern="^" + NAME.pattern.replace(r"\Z", "$"), max_length=63)]


class ColumnForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One column. `pii` and `format` describe an attribute that is to be created; for a known one they may be left out.

    `format` is written `kind` or `kind(argument)`, such as `date(dd/MM/yyyy)`.
    """

    column: Annotated[str, msgspec.Meta(min_length=1)]
    attribute: Name
    identifier: bool = False
    pii: bool = False
    format: str | None = None
    policy: WritePolicy = WritePolicy.OVERWRITE


class MappingForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Identifiers rank in the order of the columns. What `GET` answers can be put back as it is: `version` and
    `created_attributes` are ignored."""

    data_source: Name | UnsetType = UNSET
    version: int | UnsetType = UNSET
    created_attributes: list[str] = []
    columns: Annotated[tuple[ColumnForm, ...], msgspec.Meta(min_length=1)]


class Wanted(NamedTuple):
    """What a form comes to: the columns, and the attributes that have to be created for them."""

    columns: list[ColumnMapping]
    missing: list[Attribute]


def read_columns(forms: Sequence[ColumnForm], known: Mapping[str, Attribute]) -> Wanted:
    """The columns of `forms`, given the tenant's attributes by name. Raises `Refused` with every fault."""
    check_size(forms)
    check_formats(_formats(forms, known))
    faults: list[Fault] = []
    missing: dict[str, Attribute] = {}
    for position, form in enumerate(forms, 1):
        try:
            attribute = _described(form)
        except Refused as refused:
            faults += [msgspec.structs.replace(f, column=form.column, position=position) for f in refused.faults]
            continue
        if form.attribute not in known:
            missing.setdefault(form.attribute, attribute)
        elif _differs(form, attribute, known[form.attribute]):
            faults.append(_conflict(form, known[form.attribute], position))
    _raise(faults)
    attributes = {**missing, **known}
    columns = [_column(form, attributes[form.attribute]) for form in forms]
    _raise(judge_mapping(columns, attributes))
    return Wanted(columns, list(missing.values()))


def _raise(faults: list[Fault]) -> None:
    if faults:
        raise Refused(faults, code=faults[0].code if len({fault.code for fault in faults}) == 1 else "invalid_mapping")


def resolve_columns(catalog: Catalog, tenant_id: str, forms: Sequence[ColumnForm]) -> Wanted:
    """As `read_columns`, given the attributes that the catalog has."""
    check_size(forms)
    return read_columns(forms, catalog.attributes_named(tenant_id, [form.attribute for form in forms]))


def save_wanted(catalog: Catalog, tenant_id: str, source: str, wanted: Wanted) -> SavedMapping:
    """Create the attributes that are missing, and save the mapping. Raises `Refused` when there is no such source."""
    catalog.source(tenant_id, source)
    catalog.create_attributes(tenant_id, wanted.missing)
    return catalog.save_mapping(tenant_id, source, wanted.columns)


def column_forms(columns: Sequence[ColumnMapping], attributes: Sequence[Attribute]) -> list[ColumnForm]:
    """`columns`, which feed `attributes`, as people write them; `read_columns` makes the same columns of them."""
    return [
        ColumnForm(
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


def _formats(forms: Sequence[ColumnForm], known: Mapping[str, Attribute]) -> Iterator[InputFormat]:
    """How each column is read, as far as that can be told; of what is no format, `_described` tells."""
    for form in forms:
        if form.format is not None:
            with suppress(Refused):
                yield parse_format(form.format)
        elif form.attribute in known:
            yield known[form.attribute].format


def _described(form: ColumnForm) -> Attribute:
    return custom_attribute(form.attribute, format=form.format, pii=form.pii)


def _column(form: ColumnForm, attribute: Attribute) -> ColumnMapping:
    """`form` as it is saved; its format is kept where it is not the attribute's own."""
    said = attribute.format if form.format is None else parse_format(form.format)
    return ColumnMapping(
        column=form.column,
        attribute=form.attribute,
        identifier=form.identifier,
        policy=form.policy,
        format=None if said == attribute.format else said,
    )


def _differs(form: ColumnForm, described: Attribute, present: Attribute) -> bool:
    other_values = form.format is not None and not described.format.writes_as(present.format)
    return other_values or (form.pii and not present.pii)


def _conflict(form: ColumnForm, present: Attribute, position: int) -> Fault:
    return Fault(
        code="attribute_exists",
        message=f"there is an attribute {present.name!r} already, with the format {str(present.format)[:64]}"
        f" and {'personal' if present.pii else 'not personal'}",
        mend="Leave out what differs, or choose another name.",
        column=form.column,
        position=position,
    )
