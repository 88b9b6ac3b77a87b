"""A mapping, as the API and the command line return it."""

from __future__ import annotations

from typing import NotRequired, cast

import msgspec
from typing_extensions import TypedDict

from penstock.application.catalog.column_specs import ColumnSpec, column_specs
from penstock.application.catalog.use_cases import MappingInUse
from penstock.domain.mapping.mapping import OnMisfit, WritePolicy


class ColumnView(TypedDict):
    """A column of a mapping, without the options that it does not use."""

    column: NotRequired[str]
    columns: NotRequired[list[str]]
    separator: NotRequired[str]
    split: NotRequired[str]
    part: NotRequired[int]
    constant: NotRequired[str]
    attribute: str
    identifier: bool
    pii: bool
    format: str
    policy: WritePolicy
    on_misfit: NotRequired[OnMisfit]
    blanks: NotRequired[list[str]]
    values: NotRequired[dict[str, str]]
    trim: NotRequired[bool]
    as_of: NotRequired[bool]


class MappingView(TypedDict):
    """A mapping with its columns, in the shape of a request; `created_attributes` are those created with it."""

    data_source: str
    version: int
    columns: list[ColumnView]
    created_attributes: list[str]


def mapping_view(used: MappingInUse) -> MappingView:
    """The document of a mapping, for `GET`, `PUT` and the command line."""
    mapping = used.mapping
    return MappingView(
        data_source=mapping.data_source,
        version=mapping.version,
        columns=[column_view(spec) for spec in column_specs(mapping.columns, used.attributes)],
        created_attributes=[attribute.name for attribute in used.created],
    )


def column_view(spec: ColumnSpec) -> ColumnView:
    """`spec` as it is put, with the fields that every column has."""
    always = {name: getattr(spec, name) for name in ("attribute", "identifier", "pii", "format", "policy")}
    return cast(ColumnView, msgspec.to_builtins(spec) | msgspec.to_builtins(always))
