"""Attributes: the list with its filter, a new one, and one with its settings and where it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from urllib.parse import urlencode

from starlette.responses import Response

from penstock.application.catalog.use_cases import AttributeInUse, CatalogUseCases
from penstock.documents.attributes import attribute_detail_view, attribute_view, ranking_view
from penstock.domain.errors import Refused, refusal
from penstock.domain.limits import MAX_PAGE
from penstock.domain.mapping.attributes import Attribute
from services.uploader.api.problems import status_of
from services.uploader.console.attribute_form import EMPTY, NEW, change_of, fields_of, form_of
from services.uploader.console.entered import Entered, merged, refused, sent
from services.uploader.console.known_attributes import known_attributes
from services.uploader.console.visits import Visit, action, go, page
from services.uploader.console.words import KINDS

PAGE = 100
MAX_SEARCH = 200  # characters

DONE = {
    "added": "The attribute was added.",
    "saved": "Saved.",
    "archived": "Archived: no mapping can feed it any more. What is stored stays.",
    "unarchived": "Mappings can feed it again.",
    "ranked": "The order of the identifiers was saved.",
}


def show_all(visit: Visit) -> Response:
    adds = "add" in visit.request.query_params and visit.may(CatalogUseCases.create_attribute)
    return attribute_list(visit, EMPTY if adds else None)


def add(visit: Visit) -> Response:
    entered = sent(visit.form, NEW)
    name = entered.text("name")
    try:
        _check_is_new(visit, name)
        visit.use_cases.catalog.create_attribute(visit.caller, name, change_of(entered))
    except Refused as error:
        return attribute_list(visit, refused(entered, error), status_of(error.code))
    return go(f"/attributes/{name}?done=added")


def show(visit: Visit) -> Response:
    found = _attribute(visit)
    return _one(visit, found, form_of(found.attribute))


def edit(visit: Visit) -> Response:
    found = _attribute(visit)
    entered = sent(visit.form, fields_of(found.attribute))
    name = found.attribute.name
    try:
        visit.use_cases.catalog.edit_attribute(visit.caller, name, change_of(entered), revision=entered.revision)
    except Refused as error:
        found = _attribute(visit)
        if error.code == "precondition_failed":
            return _one(visit, found, merged(entered, form_of(found.attribute)), status_of(error.code))
        return _one(visit, found, refused(entered, error), status_of(error.code))
    return go(f"/attributes/{name}?done=saved")


def archive(visit: Visit) -> Response:
    return _changed(visit, visit.use_cases.catalog.archive_attribute, "archived")


def unarchive(visit: Visit) -> Response:
    return _changed(visit, visit.use_cases.catalog.unarchive_attribute, "unarchived")


def attribute_list(
    visit: Visit, adding: Entered | None = None, status: int = 200, error: Refused | None = None
) -> Response:
    """The page with all attributes and the ranking of those that identify people; `error` is one of the ranking."""
    given = visit.request.query_params
    after, archived, text = given.get("after", ""), "archived" in given, given.get("q", "").strip()[:MAX_SEARCH]
    found = list(islice(_following(_matching(visit, text, archived), after), PAGE + 1))
    kept = {"q": text, "archived": "yes" if archived else ""}
    following = {**kept, "after": found[PAGE - 1].name} if len(found) > PAGE else {}
    ranking = ranking_view(visit.use_cases.catalog.identifiers(visit.caller))
    return visit.page(
        "attributes.html",
        status,
        attributes=[attribute_view(each) for each in found[:PAGE]],
        ranks={name: rank for rank, name in enumerate(ranking["identifiers"], 1)},
        ranking=ranking,
        known=known_attributes(visit),
        error=error,
        q=text,
        archived=archived,
        after=after,
        first=_query(kept),
        next=_query(following),
        adding=adding,
        kinds=KINDS,
        done=DONE.get(given.get("done", ""), ""),
        may_add=visit.may(CatalogUseCases.create_attribute),
        may_rank=visit.may(CatalogUseCases.rank_identifiers),
    )


def _query(fields: dict[str, str]) -> str:
    return urlencode({name: text for name, text in fields.items() if text})


def _following(attributes: Iterable[Attribute], after: str) -> Sequence[Attribute]:
    """By their display names, as people look for them; those behind the one called `after`."""
    ordered = sorted(attributes, key=lambda each: (each.display_name.casefold(), each.name))
    at = next((at for at, each in enumerate(ordered, 1) if each.name == after), 0)
    return ordered[at:]


def _matching(visit: Visit, text: str, archived: bool) -> Iterator[Attribute]:
    """The attributes whose names, of any kind, contain `text`."""
    sought, after = text.casefold(), ""
    while True:
        found = visit.use_cases.catalog.attributes(visit.caller, after=after, limit=MAX_PAGE, archived=archived)
        yield from (each for each in found if any(sought in name.casefold() for name in _names(each)))
        if len(found) < MAX_PAGE:
            return
        after = found[-1].name


def _names(attribute: Attribute) -> tuple[str, ...]:
    return attribute.name, attribute.display_name, attribute.segment_name, attribute.macro_name


def _one(visit: Visit, found: AttributeInUse, entered: Entered, status: int = 200) -> Response:
    return visit.page(
        "attribute.html",
        status,
        attribute=attribute_detail_view(found),
        entered=entered,
        kinds=KINDS,
        may_edit=visit.may(CatalogUseCases.edit_attribute),
        done=DONE.get(visit.request.query_params.get("done", ""), ""),
    )


def _changed(visit: Visit, change: Callable[..., Attribute], done: str) -> Response:
    """An archived attribute must not be fed: the error names the data sources on the attribute's own page."""
    name = visit.request.path_params["name"]
    try:
        change(visit.caller, name, revision=sent(visit.form, ()).revision)
    except Refused as error:
        found = _attribute(visit)
        return _one(visit, found, refused(form_of(found.attribute), error), status_of(error.code))
    return go(f"/attributes/{name}?done={done}")


def _check_is_new(visit: Visit, name: str) -> None:
    """A form that creates must not lead to another one's attribute, which `create_attribute` would return."""
    try:
        found = visit.use_cases.catalog.attribute(visit.caller, name).attribute
    except Refused:
        return
    state = ", and is archived" if found.archived else ""
    message = f"the attribute {name} “{found.display_name}” exists already{state}"
    raise refusal("attribute_exists", message, "Choose another name, or use that one.")


def _attribute(visit: Visit) -> AttributeInUse:
    return visit.use_cases.catalog.attribute(visit.caller, visit.request.path_params["name"])


routes = [
    page("/attributes", show_all, of=CatalogUseCases.attributes),
    action("/attributes", add, of=CatalogUseCases.create_attribute),
    page("/attributes/{name}", show, of=CatalogUseCases.attribute),
    action("/attributes/{name}", edit, of=CatalogUseCases.edit_attribute),
    action("/attributes/{name}/archive", archive, of=CatalogUseCases.archive_attribute),
    action("/attributes/{name}/unarchive", unarchive, of=CatalogUseCases.unarchive_attribute),
]
