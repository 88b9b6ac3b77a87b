"""The mapping of a data source: its versions, the difference between two, and going back to one."""

from __future__ import annotations

from starlette.responses import Response

from penstock.application.catalog.use_cases import CatalogUseCases
from penstock.documents.data_sources import source_view
from penstock.documents.mapping_versions import MappingChangesView, changes_view, version_list
from penstock.documents.mappings import mapping_view
from penstock.domain.errors import NotFound
from services.uploader.console.known_attributes import known_attributes
from services.uploader.console.visits import Visit, action, go, page
from services.uploader.console.words import OPTIONS, option_words


def show(visit: Visit) -> Response:
    """One version, with its changes from another one."""
    name, given = visit.request.path_params["name"], visit.request.query_params
    catalog, caller = visit.use_cases.catalog, visit.caller
    listed = catalog.mapping_versions(caller, name)
    versions = version_list(name, listed)["versions"]
    if not versions:
        raise NotFound("this data source has no mapping yet")
    version = _number(given.get("version", "")) or versions[0]["version"]
    base = _number(given.get("base", "")) or next(
        (each["version"] for each in versions if each["version"] < version), None
    )
    return visit.page(
        "source_mapping.html",
        source=source_view(catalog.source(caller, name)),
        mapping=mapping_view(catalog.mapping(caller, name, version)),
        known=known_attributes(visit),
        versions=versions,
        current=_current(visit, name),
        undone=[each.version.version for each in listed if each.is_undone],
        base=base,
        changes=_changes(visit, name, version, base),
        words=OPTIONS,
        option_words=option_words,
        may_restore=visit.may(CatalogUseCases.restore_mapping),
    )


def restore(visit: Visit) -> Response:
    name = visit.request.path_params["name"]
    version, base = _number(visit.form.text("version")), _number(visit.form.text("base"))
    if version is None:
        raise NotFound("this data source has no such version of its mapping")
    visit.use_cases.catalog.restore_mapping(visit.caller, name, version, base=base)
    return go(f"/sources/{name}?done=restored#mapping")


def _changes(visit: Visit, name: str, version: int, base: int | None) -> MappingChangesView | None:
    if base is None or base == version:
        return None
    return changes_view(name, visit.use_cases.catalog.mapping_changes(visit.caller, name, version, base))


def _current(visit: Visit, name: str) -> int | None:
    """The version that uploads use; None while the first one waits for its import."""
    try:
        return visit.use_cases.catalog.mapping(visit.caller, name).mapping.version
    except NotFound:
        return None


def _number(text: str) -> int | None:
    """A version, None if the text is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


routes = [
    page("/sources/{name}/mapping", show, of=CatalogUseCases.mapping_versions),
    action("/sources/{name}/restore", restore, of=CatalogUseCases.restore_mapping),
]
