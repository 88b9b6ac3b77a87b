"""A new attribute for a column of an import: a dialog on its page, and a page of its own without scripts."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace
from starlette.responses import HTMLResponse, Response

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.catalog.use_cases import CatalogUseCases
from penstock.application.imports.import_draft import ColumnChoice, ImportDraft
from penstock.application.imports.use_cases import ImportUseCases
from penstock.domain.catalog.attribute_changes import AttributeChange
from penstock.domain.errors import Fault, NotFound, Refused
from penstock.domain.mapping.attributes import Attribute, ValueType
from services.uploader.console import import_page
from services.uploader.console.forms import LARGE, Form
from services.uploader.console.import_paging import COLUMNS
from services.uploader.console.import_review import page_number
from services.uploader.console.rendering import render
from services.uploader.console.visits import Visit, action, go, page

PATH = "/imports/new/{draft_id}/columns/{at:int}/attribute"


class Entered(NamedTuple):
    """The fields of the form."""

    name: str
    display_name: str = ""
    format: str = "text"
    is_personal: bool = False
    in_segments: bool = True
    in_macros: bool = False

    def change(self) -> AttributeChange:
        return AttributeChange(
            display_name=self.display_name,
            format=self.format,
            pii=self.is_personal,
            segmentable=self.in_segments and not self.is_personal,
            macro=self.in_macros,
        )


def ask(visit: Visit) -> Response:
    """The form, after what was entered on the page of the import has been kept."""
    import_page.keep_entered(visit)
    if not visit.is_partial:
        return go(visit.request.url.path.removesuffix("/ask"))
    return show(visit)


def show(visit: Visit) -> Response:
    draft, choice = _choice(visit)
    is_personal = bool(choice.spec and choice.spec.pii)
    name, format = import_page.name_of(choice.column), import_page.format_of(choice)
    return _form(visit, draft, Entered(name, format=format, is_personal=is_personal, in_segments=not is_personal))


def create(visit: Visit) -> Response:
    """Create the attribute, and have the column feed it."""
    draft, choice = _choice(visit)
    entered = _entered(visit.form)
    try:
        attribute = visit.use_cases.catalog.create_attribute(visit.caller, entered.name, entered.change())
    except Refused as refused:
        return _form(visit, draft, entered, refused.faults)
    draft = visit.use_cases.imports.change(
        visit.caller, draft.draft_id, lambda present: _fed(present, choice.column, attribute)
    )
    if not visit.is_partial:
        at: int = visit.request.path_params["at"]
        return go(f"/imports/new/{draft.draft_id}?page={at // COLUMNS + 1}#c{at}")
    headers = {"HX-Retarget": "#columns", "HX-Reswap": "outerMorph", "HX-Trigger": "dialog-done"}
    return import_page.columns_part(visit, draft, headers=headers, keeps=visit.form.has("revealed"))


def _form(visit: Visit, draft: ImportDraft, entered: Entered, faults: list[Fault] | None = None) -> Response:
    context = {
        "visit": visit,
        "draft": draft,
        "column": _choice(visit)[1].column,
        "entered": entered,
        "faults": faults or [],
        "formats": [str(kind) for kind in ValueType],
        "page": page_number(visit),
        "revealed": visit.form.has("revealed"),
        "action": visit.request.url.path.removesuffix("/ask"),
    }
    if visit.is_partial:
        return HTMLResponse(render("_import_attribute.html", **context))
    return HTMLResponse(render("import_attribute.html", **context), 422 if faults else 200)


def _choice(visit: Visit) -> tuple[ImportDraft, ColumnChoice]:
    """Raises `NotFound`."""
    draft = visit.use_cases.imports.get(visit.caller, visit.request.path_params["draft_id"])
    at: int = visit.request.path_params["at"]
    if at >= len(draft.choices):
        raise NotFound("there is no such column")
    return draft, draft.choices[at]


def _entered(form: Form) -> Entered:
    return Entered(
        import_page.name_of(form.text("name")),
        form.text("display_name"),
        form.text("format") or "text",
        form.has("pii"),
        form.has("segmentable"),
        form.has("macro"),
    )


def _fed(draft: ImportDraft, column: str, attribute: Attribute) -> ImportDraft:
    def fed(choice: ColumnChoice) -> ColumnChoice:
        if choice.column != column:
            return choice
        spec = choice.spec or ColumnSpec(column=column, attribute=attribute.name)
        return replace(choice, spec=replace(spec, attribute=attribute.name, format=None, pii=None))

    return replace(draft, choices=tuple(map(fed, draft.choices)), rows=None)


routes = [
    action(f"{PATH}/ask", ask, of=CatalogUseCases.create_attribute, form=LARGE),
    page(PATH, show, of=ImportUseCases.get),
    action(PATH, create, of=CatalogUseCases.create_attribute, form=LARGE),
]
