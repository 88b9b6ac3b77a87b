"""Attributes: the fields of a profile; and the ranking of those that identify people."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from penstock.application.catalog.use_cases import CatalogUseCases
from penstock.documents.attributes import (
    AttributeDetailView,
    AttributeList,
    AttributeView,
    RankingView,
    attribute_detail_view,
    attribute_view,
    ranking_view,
)
from services.uploader.api.access import allowed_to
from services.uploader.api.catalog_bodies import (
    AttributeChangeBody,
    IdentifierOrder,
    NamesQuery,
    NewAttribute,
    next_name,
)
from services.uploader.api.etags import CHANGED, TAGGED, IfMatch, expected_revision, tagged
from services.uploader.api.openapi import problems
from services.uploader.api.route import Operation
from services.uploader.api.services import Call

router = APIRouter(route_class=Operation)


@router.get("/v1/attributes", dependencies=[allowed_to(CatalogUseCases.attributes)])
def list_attributes(call: Call, query: Annotated[NamesQuery, Query()]) -> AttributeList:
    """All attributes, built-in and custom, by name, page by page; archived ones only if asked for."""
    found = call.use_cases.catalog.attributes(
        call.caller, after=query.after, limit=query.limit, archived=query.archived
    )
    return AttributeList(attributes=[attribute_view(each) for each in found], next=next_name(found, query.limit))


@router.post(
    "/v1/attributes",
    dependencies=[allowed_to(CatalogUseCases.create_attribute)],
    status_code=201,
    responses=problems(404, 409),
)
def create_attribute(call: Call, body: NewAttribute) -> AttributeView:
    """Create a custom attribute; an identical one that exists is answered as it is."""
    return attribute_view(call.use_cases.catalog.create_attribute(call.caller, body.name, body.change()))


@router.get("/v1/attributes/{name:id}", dependencies=[allowed_to(CatalogUseCases.attribute)], responses=TAGGED)
def get_attribute(call: Call, name: str, response: Response) -> AttributeDetailView:
    """One attribute, with its rank as an identifier and the data sources that feed it."""
    found = call.use_cases.catalog.attribute(call.caller, name)
    return tagged(response, found.attribute.revision, attribute_detail_view(found))


@router.patch("/v1/attributes/{name:id}", dependencies=[allowed_to(CatalogUseCases.edit_attribute)], responses=CHANGED)
def edit_attribute(
    call: Call, name: str, body: AttributeChangeBody, response: Response, if_match: IfMatch
) -> AttributeView:
    """Change some fields of an attribute (RFC 7396), as far as that keeps true what is stored."""
    revision = expected_revision(if_match)
    attribute = call.use_cases.catalog.edit_attribute(call.caller, name, body.change(), revision=revision)
    return tagged(response, attribute.revision, attribute_view(attribute))


@router.post(
    "/v1/attributes/{name:id}:archive",
    dependencies=[allowed_to(CatalogUseCases.archive_attribute)],
    responses=CHANGED,
)
def archive_attribute(call: Call, name: str, response: Response, if_match: IfMatch) -> AttributeView:
    """Archive an attribute that no current mapping feeds: no new mapping can; stored values stay."""
    attribute = call.use_cases.catalog.archive_attribute(call.caller, name, revision=expected_revision(if_match))
    return tagged(response, attribute.revision, attribute_view(attribute))


@router.post(
    "/v1/attributes/{name:id}:unarchive",
    dependencies=[allowed_to(CatalogUseCases.unarchive_attribute)],
    responses=CHANGED,
)
def unarchive_attribute(call: Call, name: str, response: Response, if_match: IfMatch) -> AttributeView:
    """Let mappings feed an archived attribute again."""
    attribute = call.use_cases.catalog.unarchive_attribute(call.caller, name, revision=expected_revision(if_match))
    return tagged(response, attribute.revision, attribute_view(attribute))


@router.get("/v1/identifiers", dependencies=[allowed_to(CatalogUseCases.identifiers)], responses=TAGGED)
def get_identifiers(call: Call, response: Response) -> RankingView:
    """The ranking of identifiers: a row is stored under its highest-ranking one."""
    ranking = call.use_cases.catalog.identifiers(call.caller)
    return tagged(response, ranking.revision, ranking_view(ranking))


@router.put("/v1/identifiers", dependencies=[allowed_to(CatalogUseCases.rank_identifiers)], responses=CHANGED)
def rank_identifiers(call: Call, body: IdentifierOrder, response: Response, if_match: IfMatch) -> RankingView:
    """Set the ranking of identifiers. The order of those that requests have used is fixed."""
    revision = expected_revision(if_match)
    ranking = call.use_cases.catalog.rank_identifiers(call.caller, body.identifiers, revision=revision)
    return tagged(response, ranking.revision, ranking_view(ranking))
