"""Mappings of data sources, and their versions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from penstock.application.catalog.use_cases import CatalogUseCases
from penstock.documents.mapping_versions import MappingChangesView, MappingVersionList, changes_view, version_list
from penstock.documents.mappings import MappingView, mapping_view
from penstock.domain.errors import NotFound, refusal
from services.uploader.api.access import allowed_to
from services.uploader.api.etags import CHANGED, TAGGED, IfMatch, expected_revision, tagged
from services.uploader.api.mapping_bodies import NewMapping
from services.uploader.api.openapi import problems
from services.uploader.api.route import Operation
from services.uploader.api.services import Call
from services.uploader.api.validation import Model, Omittable, QueryNumber

MAPPING = "/v1/data-sources/{name}/mapping"

router = APIRouter(route_class=Operation)


class ChangesQuery(Model):
    """`base` is the version to compare with; without it, the one before."""

    base: Omittable[Annotated[QueryNumber, Field(ge=1)]]


@router.get(MAPPING, dependencies=[allowed_to(CatalogUseCases.mapping)], responses=TAGGED)
def get_mapping(call: Call, name: str, response: Response) -> MappingView:
    """The current mapping of a data source."""
    return _tagged(response, mapping_view(call.use_cases.catalog.mapping(call.caller, name)))


@router.put(
    MAPPING,
    dependencies=[allowed_to(CatalogUseCases.save_mapping)],
    responses=CHANGED,
)
def save_mapping(call: Call, name: str, body: NewMapping, response: Response, if_match: IfMatch) -> MappingView:
    """Save a data source's mapping; it is the current one at once. Attributes that do not exist yet are created.

    If the newest version is the same, no new one is made.
    """
    if body.data_source not in (None, name):
        raise refusal(
            "invalid_request",
            "the body names another data source than the path",
            "Name the same one in both, or leave data_source out.",
        )
    columns = [column.spec() for column in body.columns]
    saved = call.use_cases.catalog.save_mapping(
        call.caller, name, columns, base=expected_revision(if_match), new_attributes=body.new_attributes
    )
    return _tagged(response, mapping_view(saved))


@router.get(f"{MAPPING}/versions", dependencies=[allowed_to(CatalogUseCases.mapping_versions)])
def list_mapping_versions(call: Call, name: str) -> MappingVersionList:
    """The kept versions of a data source's mapping, newest first: who saved them, when, and with which request."""
    return version_list(name, call.use_cases.catalog.mapping_versions(call.caller, name))


@router.get(MAPPING + "/versions/{version:id}", dependencies=[allowed_to(CatalogUseCases.mapping)], responses=TAGGED)
def get_mapping_version(call: Call, name: str, version: str, response: Response) -> MappingView:
    """A version of a data source's mapping."""
    return _tagged(response, mapping_view(call.use_cases.catalog.mapping(call.caller, name, _number(version))))


@router.get(MAPPING + "/versions/{version:id}/changes", dependencies=[allowed_to(CatalogUseCases.mapping_changes)])
def compare_mapping_versions(
    call: Call, name: str, version: str, query: Annotated[ChangesQuery, Query()]
) -> MappingChangesView:
    """What a version of a mapping changes of another one: columns that are added, removed, or have other options."""
    return changes_view(name, call.use_cases.catalog.mapping_changes(call.caller, name, _number(version), query.base))


@router.post(
    MAPPING + "/versions/{version:id}:restore",
    dependencies=[allowed_to(CatalogUseCases.restore_mapping)],
    responses={**problems(422), **CHANGED},
)
def restore_mapping(call: Call, name: str, version: str, response: Response, if_match: IfMatch) -> MappingView:
    """Save the columns of an earlier version again, as the newest version and the current one."""
    restored = call.use_cases.catalog.restore_mapping(
        call.caller, name, _number(version), base=expected_revision(if_match)
    )
    return _tagged(response, mapping_view(restored))


def _number(version: str) -> int:
    """Raises `NotFound`, as for every path that leads nowhere."""
    if not (version.isascii() and version.isdigit()):
        raise NotFound(f"there is no version {version[:20]!r}")
    return int(version)


def _tagged(response: Response, mapping: MappingView) -> MappingView:
    return tagged(response, mapping["version"], mapping)
