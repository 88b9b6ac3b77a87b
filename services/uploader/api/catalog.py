"""The catalog: data sources, attributes and mappings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET

from penstock.application.catalog.catalog import DataSource
from penstock.application.catalog.column_specs import MappingSpec, Name
from penstock.domain.access.permissions import Permission
from penstock.domain.errors import refusal
from penstock.domain.limits import MAX_DISPLAY_NAME, MAX_PAGE
from penstock.domain.mapping.attributes import Attribute
from services.uploader.api.decoding import Limit
from services.uploader.api.operations import Call, operation
from services.uploader.api.views import (
    AttributeList,
    AttributeView,
    DataSourceList,
    DataSourceView,
    MappingView,
    attribute_view,
    mapping_view,
)

DisplayName = Annotated[str, msgspec.Meta(max_length=MAX_DISPLAY_NAME)]


class NewDataSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Name
    display_name: DisplayName = ""


class NewAttribute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`format` is written `kind` or `kind(argument)`, such as `date(dd/MM/yyyy)`."""

    name: Name
    display_name: DisplayName = ""
    format: str = "text"
    pii: bool = False


class NamesQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`after` is the `next` of the page before."""

    after: Annotated[str, msgspec.Meta(pattern="^([a-z][a-z0-9_]{0,62})?$")] = ""
    limit: Limit = MAX_PAGE


@operation("GET", "/v1/data-sources", permission=Permission.READ_CATALOG, answers=DataSourceList)
def list_data_sources(call: Call, query: NamesQuery) -> DataSourceList:
    """All data sources, by name, page by page."""
    found = call.use_cases.catalog.sources(call.caller, after=query.after, limit=query.limit)
    return DataSourceList(data_sources=[_source(source) for source in found], next=_next(found, query.limit))


@operation(
    "POST", "/v1/data-sources", permission=Permission.EDIT_CATALOG, status=201, answers=DataSourceView, problems=(409,)
)
def create_data_source(call: Call, body: NewDataSource) -> DataSourceView:
    """Create a data source; one that exists is answered as it is."""
    return _source(call.use_cases.catalog.create_source(call.caller, body.name, body.display_name))


@operation("GET", "/v1/data-sources/{name}/mapping", permission=Permission.READ_CATALOG, answers=MappingView)
def get_mapping(call: Call, name: str) -> MappingView:
    """The present mapping of a data source."""
    return mapping_view(call.use_cases.catalog.mapping(call.caller, name))


@operation(
    "PUT", "/v1/data-sources/{name}/mapping", permission=Permission.EDIT_CATALOG, answers=MappingView, problems=(409,)
)
def save_mapping(call: Call, name: str, body: MappingSpec) -> MappingView:
    """Save a data source's mapping as a new version; attributes that do not exist yet are created."""
    if body.data_source not in (UNSET, name):
        raise refusal(
            "invalid_request",
            "the body names another data source than the path",
            "Name the same one in both, or leave data_source out.",
        )
    return mapping_view(call.use_cases.catalog.save_mapping(call.caller, name, body.columns))


@operation("GET", "/v1/attributes", permission=Permission.READ_CATALOG, answers=AttributeList)
def list_attributes(call: Call, query: NamesQuery) -> AttributeList:
    """All attributes, built-in and custom, by name, page by page."""
    found = call.use_cases.catalog.attributes(call.caller, after=query.after, limit=query.limit)
    return AttributeList(attributes=[attribute_view(each) for each in found], next=_next(found, query.limit))


@operation(
    "POST", "/v1/attributes", permission=Permission.EDIT_CATALOG, status=201, answers=AttributeView, problems=(409,)
)
def create_attribute(call: Call, body: NewAttribute) -> AttributeView:
    """Create a custom attribute; one of the same shape that exists is answered as it is."""
    made = call.use_cases.catalog.create_attribute(
        call.caller, body.name, format=body.format, pii=body.pii, display_name=body.display_name
    )
    return attribute_view(made)


def _next(page: Sequence[DataSource] | Sequence[Attribute], limit: int) -> str | None:
    """Where the next page begins; a full page may be the last one."""
    return page[-1].name if len(page) == limit else None


def _source(source: DataSource) -> DataSourceView:
    return DataSourceView(name=source.name, display_name=source.display_name)
