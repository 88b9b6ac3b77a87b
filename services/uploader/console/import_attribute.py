"""A new attribute for a column of an import: a dialog on its page, and a page of its own without scripts."""

from __future__ import annotations

from msgspec.structs import replace
from starlette.responses import HTMLResponse, Response

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.catalog.use_cases import CatalogUseCases
from penstock.application.imports.import_draft import ColumnChoice, ImportDraft
from penstock.application.imports.use_cases import ImportUseCases
from penstock.domain.errors import NotFound, Refused
from penstock.domain.mapping.attributes import Attribute
from services.uploader.console import import_page
from services.uploader.console.attribute_form import NEW, change_of, form_for
from services.uploader.console.entered import Entered, refused, sent
from services.uploader.console.forms import LARGE
from services.uploader.console.import_form import spellings_of
from services.uploader.console.import_paging import COLUMNS
from services.uploader.console.import_review import page_number
from services.uploader.console.known_attributes import known_attributes
from services.uploader.console.rendering import render
from services.uploader.console.visits import Visit, action, go, page
from services.uploader.console.words import KINDS

PATH = "/imports/new/{draft_id}/columns/{at:int}/attribute"


def ask(visit: Visit) -> Response:
    """The form, after what was entered on the page of the import has been kept."""
    import_page.keep_entered(visit)
    if not visit.is_partial:
        return go(visit.request.url.path.removesuffix("/ask"))
    return show(visit)


def show(visit: Visit) -> Response:
    draft, choice = _choice(visit)
    spec = choice.spec
    attribute = known_attributes(visit).get(spec.attribute) if spec else None
    is_personal = bool(spec and spec.pii) or bool(attribute and attribute.pii)
    written = (spec.format if spec else None) or (str(attribute.format) if attribute else "text")
    return _form(
        visit, draft, form_for(import_page.name_of(choice.column), choice.column, written, is_personal=is_personal)
    )


def create(visit: Visit) -> Response:
    """Create the attribute, and have the column feed it."""
    draft, choice = _choice(visit)
    entered = sent(visit.form, NEW)
    try:
        name = import_page.name_of(entered.text("name"))
        attribute = visit.use_cases.catalog.create_attribute(visit.caller, name, change_of(entered))
    except Refused as error:
        return _form(visit, draft, refused(entered, error))
    values = spellings_of(attribute.name, choice.column, import_page.known_for(visit))
    draft = visit.use_cases.imports.change(
        visit.caller, draft.draft_id, lambda present: _fed(present, choice.column, attribute, values)
    )
    if not visit.is_partial:
        at: int = visit.request.path_params["at"]
        return go(f"/imports/new/{draft.draft_id}?page={at // COLUMNS + 1}#c{at}")
    headers = {"HX-Retarget": "#columns", "HX-Reswap": "outerMorph", "HX-Trigger": "dialog-done"}
    return import_page.columns_part(visit, draft, headers=headers, keeps=visit.form.has("revealed"))


def _form(visit: Visit, draft: ImportDraft, entered: Entered) -> Response:
    context = {
        "visit": visit,
        "draft": draft,
        "column": _choice(visit)[1].column,
        "entered": entered,
        "derived": entered.text("name").upper(),
        "kinds": KINDS,
        "page": page_number(visit),
        "revealed": visit.form.has("revealed"),
        "action": visit.request.url.path.removesuffix("/ask"),
    }
    if visit.is_partial:
        return HTMLResponse(render("_import_attribute.html", **context))
    return HTMLResponse(render("import_attribute.html", **context), 422 if entered.faults else 200)


def _choice(visit: Visit) -> tuple[ImportDraft, ColumnChoice]:
    """Raises `NotFound`."""
    draft = visit.use_cases.imports.get(visit.caller, visit.request.path_params["draft_id"])
    at: int = visit.request.path_params["at"]
    if at >= len(draft.choices):
        raise NotFound("there is no such column")
    return draft, draft.choices[at]


def _fed(draft: ImportDraft, column: str, attribute: Attribute, values: dict[str, str]) -> ImportDraft:
    def fed(choice: ColumnChoice) -> ColumnChoice:
        if choice.column != column:
            return choice
        spec = choice.spec or ColumnSpec(column=column, attribute=attribute.name)
        return replace(choice, spec=replace(spec, attribute=attribute.name, format=None, pii=None, values=values))

    return replace(draft, choices=tuple(map(fed, draft.choices)), rows=None)


routes = [
    action(f"{PATH}/ask", ask, of=CatalogUseCases.create_attribute, form=LARGE),
    page(PATH, show, of=ImportUseCases.get),
    action(PATH, create, of=CatalogUseCases.create_attribute, form=LARGE),
]
