"""Data sources: named categories of uploads, with the defaults of their uploads."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from penstock.application.catalog.use_cases import CatalogUseCases
from penstock.documents.data_sources import DataSourceList, DataSourceView, source_view
from services.uploader.api.access import allowed_to
from services.uploader.api.catalog_bodies import DataSourceChange, NamesQuery, NewDataSource, next_name
from services.uploader.api.etags import CHANGED, TAGGED, IfMatch, expected_revision, tagged
from services.uploader.api.openapi import problems
from services.uploader.api.route import Operation
from services.uploader.api.services import Call

router = APIRouter(route_class=Operation)


@router.get("/v1/data-sources", dependencies=[allowed_to(CatalogUseCases.sources)])
def list_data_sources(call: Call, query: Annotated[NamesQuery, Query()]) -> DataSourceList:
    """All data sources, by name, page by page; archived ones only if asked for."""
    found = call.use_cases.catalog.sources(call.caller, after=query.after, limit=query.limit, archived=query.archived)
    return DataSourceList(data_sources=[source_view(source) for source in found], next=next_name(found, query.limit))


@router.post(
    "/v1/data-sources",
    dependencies=[allowed_to(CatalogUseCases.create_source)],
    status_code=201,
    responses=problems(409),
)
def create_data_source(call: Call, body: NewDataSource) -> DataSourceView:
    """Create a data source; one that exists is answered as it is."""
    return source_view(call.use_cases.catalog.create_source(call.caller, body.name, body.change()))


@router.get("/v1/data-sources/{name:id}", dependencies=[allowed_to(CatalogUseCases.source)], responses=TAGGED)
def get_data_source(call: Call, name: str, response: Response) -> DataSourceView:
    """One data source."""
    source = call.use_cases.catalog.source(call.caller, name)
    return tagged(response, source.revision, source_view(source))


@router.patch("/v1/data-sources/{name:id}", dependencies=[allowed_to(CatalogUseCases.edit_source)], responses=CHANGED)
def edit_data_source(
    call: Call, name: str, body: DataSourceChange, response: Response, if_match: IfMatch
) -> DataSourceView:
    """Change some fields of a data source (RFC 7396)."""
    revision = expected_revision(if_match)
    source = call.use_cases.catalog.edit_source(call.caller, name, body.change(), revision=revision)
    return tagged(response, source.revision, source_view(source))


@router.post(
    "/v1/data-sources/{name:id}:archive", dependencies=[allowed_to(CatalogUseCases.archive_source)], responses=CHANGED
)
def archive_data_source(call: Call, name: str, response: Response, if_match: IfMatch) -> DataSourceView:
    """Archive a data source: it takes no uploads and leaves the lists; what it stored stays."""
    source = call.use_cases.catalog.archive_source(call.caller, name, revision=expected_revision(if_match))
    return tagged(response, source.revision, source_view(source))


@router.post(
    "/v1/data-sources/{name:id}:unarchive",
    dependencies=[allowed_to(CatalogUseCases.unarchive_source)],
    responses=CHANGED,
)
def unarchive_data_source(call: Call, name: str, response: Response, if_match: IfMatch) -> DataSourceView:
    """Take uploads of an archived data source again."""
    source = call.use_cases.catalog.unarchive_source(call.caller, name, revision=expected_revision(if_match))
    return tagged(response, source.revision, source_view(source))


@router.delete(
    "/v1/data-sources/{name:id}",
    dependencies=[allowed_to(CatalogUseCases.delete_source)],
    status_code=204,
    responses=problems(409, 412),
)
def delete_data_source(call: Call, name: str, if_match: IfMatch) -> None:
    """Delete a data source that has never had a request, and its mappings."""
    call.use_cases.catalog.delete_source(call.caller, name, revision=expected_revision(if_match))
