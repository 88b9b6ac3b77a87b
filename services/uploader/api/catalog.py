"""The catalog: data sources, attributes and mappings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from penstock.application.catalog.catalog import DataSource
from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.catalog.use_cases import CatalogUseCases
from penstock.documents.resources import (
    AttributeList,
    AttributeView,
    DataSourceList,
    DataSourceView,
    attribute_view,
    source_view,
)
from penstock.domain.limits import (
    MAX_BLANK_WORDS,
    MAX_DISPLAY_NAME,
    MAX_JOINED_COLUMNS,
    MAX_MAPPED_COLUMNS,
    MAX_PAGE,
    MAX_VALUE_MAP,
)
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.mapping import OnMisfit, WritePolicy
from services.uploader.api.access import allowed_to
from services.uploader.api.openapi import problems
from services.uploader.api.route import Operation
from services.uploader.api.services import Call
from services.uploader.api.validation import Limit, Model, Name, Omittable

DisplayName = Annotated[str, Field(max_length=MAX_DISPLAY_NAME)]

router = APIRouter(route_class=Operation)


class NewDataSource(Model):
    name: Name
    display_name: DisplayName = ""


class NewAttribute(Model):
    """`format` is written `kind` or `kind(argument)`, such as `date(dd/MM/yyyy)`."""

    name: Name
    display_name: DisplayName = ""
    format: str = "text"
    pii: bool = False


class Column(Model):
    """One column. `pii` and `format` describe an attribute that is to be created; for a known one they may be left out.

    Its cells are those of the file's `column`, of its part number `part` between `split`, of several `columns` joined
    by `separator`, or a `constant`. `blanks` are words that mean blank, `values` replaces cells, `trim` removes the
    white space around a text. `format` is written `kind` or `kind(argument)`, such as `date(dd/MM/yyyy)`.
    """

    column: Omittable[Annotated[str, Field(min_length=1)]]
    columns: Annotated[tuple[str, ...], Field(strict=False, max_length=MAX_JOINED_COLUMNS)] = ()
    separator: str = " "
    split: Omittable[str]
    part: int = 1
    constant: Omittable[str]
    attribute: Name
    identifier: bool = False
    pii: Omittable[bool]
    format: str | None = None
    policy: Annotated[WritePolicy, Field(strict=False)] = WritePolicy.OVERWRITE
    on_misfit: Annotated[OnMisfit, Field(strict=False)] = OnMisfit.REJECT
    blanks: Annotated[tuple[str, ...], Field(strict=False, max_length=MAX_BLANK_WORDS)] = ()
    values: Annotated[dict[str, str], Field(max_length=MAX_VALUE_MAP, default_factory=dict)]
    trim: bool = False

    def spec(self) -> ColumnSpec:
        return ColumnSpec(**{name: value for name, value in self if value is not None})


Columns = Annotated[list[Column], Field(min_length=1, max_length=MAX_MAPPED_COLUMNS)]


class NewMapping(Model):
    """Identifiers rank in the order of the columns. What `GET` answers can be put back as it is: `version` and
    `created_attributes` are ignored."""

    data_source: Omittable[Name]
    version: Omittable[int]
    created_attributes: Omittable[list[str]]
    columns: Columns


class NamesQuery(Model):
    """`after` is the `next` of the page before."""

    after: Annotated[str, Field(pattern="^([a-z][a-z0-9_]{0,62})?$")] = ""
    limit: Limit = MAX_PAGE


@router.get("/v1/data-sources", dependencies=[allowed_to(CatalogUseCases.sources)])
def list_data_sources(call: Call, query: Annotated[NamesQuery, Query()]) -> DataSourceList:
    """All data sources, by name, page by page."""
    found = call.use_cases.catalog.sources(call.caller, after=query.after, limit=query.limit)
    return DataSourceList(data_sources=[source_view(source) for source in found], next=_next(found, query.limit))


@router.post(
    "/v1/data-sources",
    dependencies=[allowed_to(CatalogUseCases.create_source)],
    status_code=201,
    responses=problems(409),
)
def create_data_source(call: Call, body: NewDataSource) -> DataSourceView:
    """Create a data source; one that exists is answered as it is."""
    return source_view(call.use_cases.catalog.create_source(call.caller, body.name, body.display_name))


@router.get("/v1/attributes", dependencies=[allowed_to(CatalogUseCases.attributes)])
def list_attributes(call: Call, query: Annotated[NamesQuery, Query()]) -> AttributeList:
    """All attributes, built-in and custom, by name, page by page."""
    found = call.use_cases.catalog.attributes(call.caller, after=query.after, limit=query.limit)
    return AttributeList(attributes=[attribute_view(each) for each in found], next=_next(found, query.limit))


@router.post(
    "/v1/attributes",
    dependencies=[allowed_to(CatalogUseCases.create_attribute)],
    status_code=201,
    responses=problems(409),
)
def create_attribute(call: Call, body: NewAttribute) -> AttributeView:
    """Create a custom attribute; one of the same shape that exists is answered as it is."""
    created = call.use_cases.catalog.create_attribute(
        call.caller, body.name, display_name=body.display_name, format=body.format, pii=body.pii
    )
    return attribute_view(created)


def _next(page: Sequence[DataSource] | Sequence[Attribute], limit: int) -> str | None:
    """Where the next page begins; a full page may be the last one."""
    return page[-1].name if len(page) == limit else None
