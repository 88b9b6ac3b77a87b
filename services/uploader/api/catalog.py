"""The catalog: data sources, attributes and mappings."""

from __future__ import annotations

from typing import Annotated

import msgspec

from penstock.application.access import Role
from penstock.application.catalog import DataSource
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
from services.uploader.mapping_form import ColumnForm, Name, custom_attribute, read_columns, save_wanted

DisplayName = Annotated[str, msgspec.Meta(max_length=200)]


class NewDataSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Name
    display_name: DisplayName = ""


class NewAttribute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`format` is written `kind` or `kind(argument)`, such as `date(dd/MM/yyyy)`."""

    name: Name
    display_name: DisplayName = ""
    format: str = "text"
    pii: bool = False


class NewMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Identifiers rank in the order of the columns."""

    columns: Annotated[tuple[ColumnForm, ...], msgspec.Meta(min_length=1)]


@operation("GET", "/v1/data-sources", role=Role.VIEWER, answers=DataSourceList)
def list_data_sources(call: Call) -> DataSourceList:
    """All data sources, by name."""
    return DataSourceList(data_sources=[_source(source) for source in call.system.catalog.sources(call.tenant_id)])


@operation("POST", "/v1/data-sources", role=Role.UPLOADER, status=201, answers=DataSourceView, problems=(409,))
def create_data_source(call: Call, body: NewDataSource) -> DataSourceView:
    """Create a data source; one that exists is answered as it is."""
    return _source(call.system.catalog.create_source(call.tenant_id, body.name, body.display_name))


@operation("GET", "/v1/data-sources/{name}/mapping", role=Role.VIEWER, answers=MappingView)
def get_mapping(call: Call, name: str) -> MappingView:
    """The present mapping of a data source."""
    return mapping_view(call.system.catalog.mapping(call.tenant_id, name), created=[])


@operation("PUT", "/v1/data-sources/{name}/mapping", role=Role.UPLOADER, answers=MappingView, problems=(409,))
def save_mapping(call: Call, name: str, body: NewMapping) -> MappingView:
    """Save a data source's mapping as a new version; attributes that do not exist yet are created."""
    catalog = call.system.catalog
    catalog.source(call.tenant_id, name)
    wanted = read_columns(body.columns, catalog.attributes(call.tenant_id))
    mapping = save_wanted(catalog, call.tenant_id, name, wanted)
    return mapping_view(mapping, created=[attribute.name for attribute in wanted.missing])


@operation("GET", "/v1/attributes", role=Role.VIEWER, answers=AttributeList)
def list_attributes(call: Call) -> AttributeList:
    """All attributes, built-in and custom, by name."""
    known = call.system.catalog.attributes(call.tenant_id)
    return AttributeList(attributes=[attribute_view(attribute) for attribute in known.values()])


@operation("POST", "/v1/attributes", role=Role.UPLOADER, status=201, answers=AttributeView, problems=(409,))
def create_attribute(call: Call, body: NewAttribute) -> AttributeView:
    """Create a custom attribute; one of the same shape that exists is answered as it is."""
    wanted = custom_attribute(body.name, display_name=body.display_name, format=body.format, pii=body.pii)
    return attribute_view(call.system.catalog.create_attribute(call.tenant_id, wanted))


def _source(source: DataSource) -> DataSourceView:
    return DataSourceView(name=source.name, display_name=source.display_name)
