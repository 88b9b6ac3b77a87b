"""The data source of an import: one that there is, or a new one that is made in place."""

from __future__ import annotations

from starlette.responses import Response

from penstock.application.catalog.use_cases import CatalogUseCases
from penstock.application.imports.use_cases import ImportUseCases
from penstock.domain.catalog.data_source import SourceChange
from penstock.domain.errors import Fault, Refused, refusal
from services.uploader.console.import_page import name_of
from services.uploader.console.known_sources import source_names
from services.uploader.console.visits import Visit, action, go, page
from services.uploader.console.words import source_words

NEW = "/imports/new"


def choose(visit: Visit) -> Response:
    return _sources(visit, chosen=visit.request.query_params.get("source", ""))


def begin(visit: Visit) -> Response:
    """A new draft, of the data source that was chosen."""
    try:
        name = _chosen(visit)
    except Refused as refused:
        return _sources(visit, refused.faults[0], chosen=visit.form.text("source"), new=visit.form.text("new_source"))
    return go(f"{NEW}/{visit.use_cases.imports.create(visit.caller, name).draft_id}")


def _chosen(visit: Visit) -> str:
    """The name of the source that was chosen, or of a new one, made of what the person calls it. Raises `Refused`."""
    chosen, called = visit.form.text("source"), visit.form.text("new_source")
    if chosen and called:
        name = source_words(chosen, source_names(visit, [chosen]))
        message = f"both “{name}” and a new data source, “{called}”, are given"
        hint = f"Choose one: for “{name}”, empty the field of the new one; for a new one, take “Choose a source”."
        raise refusal("bad_request", message, hint)
    if called:
        chosen = visit.use_cases.catalog.create_source(
            visit.caller, name_of(called), SourceChange(display_name=called)
        ).name
    if not chosen:
        hint = "Choose one from the list, or write what a new one is called."
        raise refusal("unknown_data_source", "no data source is chosen", hint)
    visit.use_cases.uploads.check_source(visit.caller, chosen)
    return chosen


def _sources(visit: Visit, fault: Fault | None = None, *, chosen: str, new: str = "") -> Response:
    sources = visit.use_cases.catalog.sources(visit.caller)
    if len(sources) == 1 and fault is None:
        chosen = sources[0].name
    return visit.page(
        "import_new.html",
        422 if fault else 200,
        sources=sources,
        may_create=visit.may(CatalogUseCases.create_source),
        chosen=chosen,
        new=new,
        fault=fault,
    )


routes = [
    page(NEW, choose, of=ImportUseCases.create),
    action(NEW, begin, of=ImportUseCases.create),
]
