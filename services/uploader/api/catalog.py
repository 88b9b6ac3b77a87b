"""The catalog: data sources, attributes and mappings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET

from penstock.application.access.api_keys import Role
from penstock.application.catalog import column_specs
from penstock.application.catalog.catalog import DataSource
from penstock.application.catalog.column_specs import (
    MappingSpec,
    Name,
    custom_attribute,
    resolve_for_tenant,
)
from penstock.domain.errors import refusal
from penstock.domain.limits import MAX_DISPLAY_NAME, MAX_PAGE
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.mapping import Mapping
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


@operation("GET", "/v1/data-sources", role=Role.VIEWER, answers=DataSourceList)
def list_data_sources(call: Call, query: NamesQuery) -> DataSourceList:
    """All data sources, by name, page by page."""
    found = call.system.catalog.sources_page(call.tenant_id, after=query.after, limit=query.limit)
    return DataSourceList(data_sources=[_source(source) for source in found], next=_next(found, query.limit))


@operation("POST", "/v1/data-sources", role=Role.UPLOADER, status=201, answers=DataSourceView, problems=(409,))
def create_data_source(call: Call, body: NewDataSource) -> DataSourceView:
    """Create a data source; one that exists is answered as it is."""
    return _source(call.system.catalog.create_source(call.tenant_id, body.name, body.display_name))


@operation("GET", "/v1/data-sources/{name}/mapping", role=Role.VIEWER, answers=MappingView)
def get_mapping(call: Call, name: str) -> MappingView:
    """The present mapping of a data source."""
    call.system.catalog.source(call.tenant_id, name)
    return _mapping(call, call.system.catalog.mapping(call.tenant_id, name))


@operation("PUT", "/v1/data-sources/{name}/mapping", role=Role.UPLOADER, answers=MappingView, problems=(409,))
def save_mapping(call: Call, name: str, body: MappingSpec) -> MappingView:
    """Save a data source's mapping as a new version; attributes that do not exist yet are created."""
    catalog = call.system.catalog
    catalog.source(call.tenant_id, name)
    if body.data_source not in (UNSET, name):
        raise refusal(
            "invalid_request",
            "the body names another data source than the path",
            "Name the same one in both, or leave data_source out.",
        )
    wanted = resolve_for_tenant(catalog, call.tenant_id, body.columns)
    mapping = column_specs.save_mapping(catalog, call.tenant_id, name, wanted)
    return _mapping(call, mapping, created=[attribute.name for attribute in wanted.missing])


@operation("GET", "/v1/attributes", role=Role.VIEWER, answers=AttributeList)
def list_attributes(call: Call, query: NamesQuery) -> AttributeList:
    """All attributes, built-in and custom, by name, page by page."""
    found = call.system.catalog.attributes_page(call.tenant_id, after=query.after, limit=query.limit)
    return AttributeList(attributes=[attribute_view(each) for each in found], next=_next(found, query.limit))


@operation("POST", "/v1/attributes", role=Role.UPLOADER, status=201, answers=AttributeView, problems=(409,))
def create_attribute(call: Call, body: NewAttribute) -> AttributeView:
    """Create a custom attribute; one of the same shape that exists is answered as it is."""
    wanted = custom_attribute(body.name, display_name=body.display_name, format=body.format, pii=body.pii)
    return attribute_view(call.system.catalog.create_attribute(call.tenant_id, wanted))


def _next(page: Sequence[DataSource] | Sequence[Attribute], limit: int) -> str | None:
    """Where the next page begins; a full page may be the last one."""
    return page[-1].name if len(page) == limit else None


def _source(source: DataSource) -> DataSourceView:
    return DataSourceView(name=source.name, display_name=source.display_name)


def _mapping(call: Call, mapping: Mapping, created: Sequence[str] = ()) -> MappingView:
    return mapping_view(mapping, call.system.catalog.attributes_of(call.tenant_id, mapping), created)
