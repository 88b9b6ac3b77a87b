"""The data source of an import: one that there is, or a new one that is made in place. It can be changed until the
import begins: the file stays, and suggestions are made again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace
from starlette.responses import Response

from penstock.application.catalog.use_cases import CatalogUseCases
from penstock.application.imports.import_draft import ImportDraft
from penstock.application.imports.use_cases import ImportUseCases
from penstock.domain.catalog.data_source import DataSource, SourceChange
from penstock.domain.errors import Fault, Refused, refusal
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.mapping.mapping import Mode
from services.uploader.console.forms import LARGE
from services.uploader.console.import_page import draft_of, keep_entered, name_of
from services.uploader.console.known_sources import all_sources, name_for_people, source_names
from services.uploader.console.visits import Visit, action, go, page
from services.uploader.console.words import source_words

NEW = "/imports/new"
PATH = f"{NEW}/{{draft_id}}/source"


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
    return _form(visit, "import_new.html", sources, fault, chosen=chosen, new=new)


def ask(visit: Visit) -> Response:
    """Which other source, after what was entered on the page of the import has been kept."""
    return go(PATH.format(draft_id=keep_entered(visit).draft_id))


def show(visit: Visit) -> Response:
    draft = draft_of(visit)
    if draft.request_id is not None:
        return go(f"/imports/{draft.request_id}")
    return _other_sources(visit, draft)


def change(visit: Visit) -> Response:
    """Have the draft import into another source."""
    draft = draft_of(visit)
    try:
        name = _chosen(visit)
        mode = visit.use_cases.catalog.source(visit.caller, draft.data_source).defaults.mode
        visit.use_cases.imports.change(visit.caller, draft.draft_id, lambda present: with_source(present, name, mode))
    except Refused as refused:
        return _other_sources(visit, draft, refused.faults[0])
    return go(f"{NEW}/{draft.draft_id}")


def with_source(draft: ImportDraft, name: str, mode: Mode | None) -> ImportDraft:
    """The draft with another source, which suggests the columns and how the file is read. `mode` is the one that
    imports of the present source have by default: where nobody chose another, the default of the new one counts."""
    if name == draft.data_source:
        return draft
    return replace(
        draft,
        data_source=name,
        file_options=FileOptions(),
        choices=(),
        kept=(),
        mode=None if draft.mode is (mode or Mode.UPSERT) else draft.mode,
        rows=None,
    )


def _other_sources(visit: Visit, draft: ImportDraft, fault: Fault | None = None) -> Response:
    sources = [each for each in all_sources(visit) if each.name != draft.data_source]
    present = name_for_people(visit.use_cases.catalog.source(visit.caller, draft.data_source))
    chosen, new = visit.form.text("source"), visit.form.text("new_source")
    return _form(visit, "import_source.html", sources, fault, chosen=chosen, new=new, draft=draft, present=present)


def _form(
    visit: Visit,
    template: str,
    sources: Sequence[DataSource],
    fault: Fault | None,
    *,
    chosen: str,
    new: str,
    **more: Any,
) -> Response:
    return visit.page(
        template,
        422 if fault else 200,
        sources=sources,
        may_create=visit.may(CatalogUseCases.create_source),
        chosen=chosen,
        new=new,
        fault=fault,
        **more,
    )


routes = [
    page(NEW, choose, of=ImportUseCases.create),
    action(NEW, begin, of=ImportUseCases.create),
    page(PATH, show, of=ImportUseCases.get),
    action(PATH, change, of=ImportUseCases.change),
    action(f"{PATH}/ask", ask, of=ImportUseCases.change, form=LARGE),
]
