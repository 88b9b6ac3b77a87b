"""Data sources: the list, a new one, and one with its settings, its mapping and its last imports."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from starlette.responses import Response

from penstock.application.catalog.use_cases import CatalogUseCases
from penstock.application.imports.use_cases import ImportUseCases
from penstock.application.requests.use_cases import RequestUseCases
from penstock.documents.data_sources import source_view
from penstock.documents.mapping_versions import version_list
from penstock.documents.mappings import MappingView, mapping_view
from penstock.domain.catalog.data_source import DataSource
from penstock.domain.errors import NotFound, Refused, refusal
from penstock.domain.requests.request import Status
from penstock.domain.requests.request_filter import RequestFilter
from services.uploader.api.problems import status_of
from services.uploader.api.requests import listed_views
from services.uploader.console.entered import Entered, beginning, merged, refused, sent
from services.uploader.console.known_attributes import known_attributes
from services.uploader.console.known_parents import parents_of
from services.uploader.console.shown_requests import ShownRequest, displayed
from services.uploader.console.source_form import (
    CHOICES,
    EDITED,
    ENCODING_CHOICES,
    MODE_CHOICES,
    NEW,
    change_of,
    form_of,
    in_megabytes,
    new_source,
)
from services.uploader.console.trend import HEIGHT, WIDTH, trend
from services.uploader.console.visits import Visit, action, go, page

PAGE = 100
TREND = 20  # imports
LISTED = 5  # of these

DONE = {
    "added": "The data source was added.",
    "saved": "Saved.",
    "archived": "Archived: it takes no uploads any more. What it has stored stays.",
    "unarchived": "It takes uploads again.",
    "deleted": "The data source was deleted.",
    "restored": "The mapping was restored: the next upload uses it.",
}


def show_all(visit: Visit) -> Response:
    adds = "add" in visit.request.query_params and visit.may(CatalogUseCases.create_source)
    return _list(visit, beginning(dict.fromkeys(NEW, "")) if adds else None)


def add(visit: Visit) -> Response:
    entered = sent(visit.form, NEW)
    name = entered.text("name")
    try:
        _check_is_new(visit, name)
        visit.use_cases.catalog.create_source(visit.caller, name, new_source(entered))
    except Refused as error:
        return _list(visit, refused(entered, error), status_of(error.code))
    return go(f"/sources/{name}?done=added")


def show(visit: Visit) -> Response:
    source = _source(visit)
    return _one(visit, source, form_of(source))


def edit(visit: Visit) -> Response:
    entered, name = sent(visit.form, EDITED), _name(visit)
    try:
        visit.use_cases.catalog.edit_source(visit.caller, name, change_of(entered), revision=entered.revision)
    except Refused as error:
        source = _source(visit)
        if error.code == "precondition_failed":
            return _one(visit, source, merged(entered, form_of(source)), status_of(error.code))
        return _one(visit, source, refused(entered, in_megabytes(error)), status_of(error.code))
    return go(f"/sources/{name}?done=saved")


def archive(visit: Visit) -> Response:
    return _changed(visit, visit.use_cases.catalog.archive_source, "archived")


def unarchive(visit: Visit) -> Response:
    return _changed(visit, visit.use_cases.catalog.unarchive_source, "unarchived")


def delete(visit: Visit) -> Response:
    visit.use_cases.catalog.delete_source(visit.caller, _name(visit), revision=_revision(visit))
    return go("/sources?done=deleted")


def _changed(visit: Visit, change: Callable[..., DataSource], done: str) -> Response:
    change(visit.caller, _name(visit), revision=_revision(visit))
    return go(f"/sources/{_name(visit)}?done={done}")


def _list(visit: Visit, adding: Entered | None, status: int = 200) -> Response:
    given = visit.request.query_params
    after, archived = given.get("after", ""), "archived" in given
    found = visit.use_cases.catalog.sources(visit.caller, after=after, limit=PAGE + 1, archived=archived)
    following = (
        {"after": found[PAGE - 1].name, **({"archived": "yes"} if archived else {})} if len(found) > PAGE else {}
    )
    return visit.page(
        "sources.html",
        status,
        sources=[(source_view(each), _last(visit, each)) for each in found[:PAGE]],
        archived=archived,
        after=after,
        next=urlencode(following),
        adding=adding,
        done=DONE.get(given.get("done", ""), ""),
        may_add=visit.may(CatalogUseCases.create_source),
        may_ingest=visit.may(ImportUseCases.create),
    )


def _one(visit: Visit, source: DataSource, entered: Entered, status: int = 200) -> Response:
    requests = _requests(visit, source.name, TREND)
    catalog, caller = visit.use_cases.catalog, visit.caller
    return visit.page(
        "source.html",
        status,
        source=source_view(source),
        entered=entered,
        may_edit=visit.may(CatalogUseCases.edit_source),
        may_ingest=visit.may(ImportUseCases.create),
        modes=MODE_CHOICES,
        encodings=ENCODING_CHOICES,
        choices=CHOICES,
        mapping=_mapping(visit, source.name),
        known=known_attributes(visit),
        versions=version_list(source.name, catalog.mapping_versions(caller, source.name))["versions"],
        requests=requests[:LISTED],
        parents=parents_of(visit, (each.request for each in requests[:LISTED])),
        trend=trend(each.request for each in requests),
        width=WIDTH,
        height=HEIGHT,
        done=DONE.get(visit.request.query_params.get("done", ""), ""),
    )


def _mapping(visit: Visit, name: str) -> MappingView | None:
    try:
        return mapping_view(visit.use_cases.catalog.mapping(visit.caller, name))
    except NotFound:
        return None


def _last(visit: Visit, source: DataSource) -> ShownRequest | None:
    """The last import that nobody has taken back, or else the last; none is looked for where there has been none."""
    last = next(iter(_requests(visit, source.name, 1)), None) if source.used else None
    if last is None or not _is_taken_back(last):
        return last
    return next((each for each in _requests(visit, source.name, TREND) if not _is_taken_back(each)), last)


def _is_taken_back(last: ShownRequest) -> bool:
    return Status(last.request["status"]) in (Status.CANCELLED, Status.REVERTED)


def _requests(visit: Visit, name: str, limit: int) -> list[ShownRequest]:
    if not visit.may(RequestUseCases.page):
        return []
    found = visit.use_cases.requests.page(visit.caller, limit=limit, only=RequestFilter(data_source=name))
    return [displayed(each) for each in listed_views(visit.call, found.requests)]


def _check_is_new(visit: Visit, name: str) -> None:
    """A form that creates must not lead to another one's data source, which `create_source` would return."""
    try:
        found = visit.use_cases.catalog.source(visit.caller, name)
    except Refused:
        return
    state = ", and is archived" if found.archived else ""
    called = f" “{found.display_name}”" if found.display_name else ""
    message = f"the data source {name}{called} exists already{state}"
    raise refusal("data_source_exists", message, "Choose another name, or use that one.")


def _source(visit: Visit) -> DataSource:
    return visit.use_cases.catalog.source(visit.caller, _name(visit))


def _name(visit: Visit) -> str:
    name: str = visit.request.path_params["name"]
    return name


def _revision(visit: Visit) -> int | None:
    return sent(visit.form, ()).revision


routes = [
    page("/sources", show_all, of=CatalogUseCases.sources),
    action("/sources", add, of=CatalogUseCases.create_source),
    page("/sources/{name}", show, of=CatalogUseCases.source),
    action("/sources/{name}", edit, of=CatalogUseCases.edit_source),
    action("/sources/{name}/archive", archive, of=CatalogUseCases.archive_source),
    action("/sources/{name}/unarchive", unarchive, of=CatalogUseCases.unarchive_source),
    action("/sources/{name}/delete", delete, of=CatalogUseCases.delete_source),
]
