"""The page of an import's draft, and the part of it that has the columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from starlette.responses import HTMLResponse, Response

from penstock.application.catalog.column_specs import joined_name
from penstock.application.catalog.use_cases import CatalogUseCases
from penstock.application.imports.import_draft import ImportDraft
from penstock.application.imports.taken_mapping import TakenMapping
from penstock.application.uploads.dry_run import DryRun
from penstock.documents.inspections import AcceptedView
from penstock.domain.errors import Fault
from penstock.domain.files.encodings import ENCODINGS
from penstock.domain.mapping.attributes import Attribute, ValueType
from penstock.domain.requests.max_rejects import REPLACE_DEFAULT
from penstock.domain.suggestions.names import without_accents
from services.uploader.console.import_check import shown_check
from services.uploader.console.import_form import LEVELS, Known, entered, options_sent, options_shown
from services.uploader.console.import_hints import on_page
from services.uploader.console.import_replacing import Replacing, stopping, typed_number, would_stop
from services.uploader.console.import_review import ShownFile, Unchecked, cells_of, reviewed
from services.uploader.console.known_attributes import known_attributes
from services.uploader.console.rendering import render
from services.uploader.console.visits import Visit

# What a fault is about, by its code: the part of the page that gets the focus.
_PARTS = {
    "no_file": "file",
    "file_incomplete": "file",
    "invalid_max_rejects": "max_rejects",
    "invalid_address": "notify",
    "too_many_recipients": "notify",
    "no_identifier_mapped": "identifier",
}
_COLUMN = "column:"


class Taken(NamedTuple):
    """A mapping that was taken over, and what it is called."""

    name: str
    mapping: TakenMapping


def draft_of(visit: Visit) -> ImportDraft:
    return visit.use_cases.imports.get(visit.caller, visit.request.path_params["draft_id"])


def keep_entered(visit: Visit) -> ImportDraft:
    """The draft with what the page has sent."""
    known = known_for(visit)
    return visit.use_cases.imports.change(
        visit.caller, visit.request.path_params["draft_id"], lambda draft: entered(draft, visit.form, known)
    )


def known_for(visit: Visit) -> Known:
    """What the form of the draft is read with."""
    attributes = known_attributes(visit)
    return Known(attributes, lambda column: cells_of(visit, draft_of(visit), attributes, column))


def with_choices(visit: Visit, draft: ImportDraft) -> ImportDraft:
    """The draft with what is suggested, if its columns have not been displayed yet."""
    return draft if draft.choices else reviewed(visit, draft)[0]


def whole_page(
    visit: Visit,
    draft: ImportDraft,
    faults: Sequence[Fault] = (),
    *,
    run: DryRun | None = None,
    is_news: bool = False,
    imported: AcceptedView | None = None,
    replacing: Replacing | None = None,
    unchecked: Sequence[Unchecked] = (),
    taken: Taken | None = None,
    reveal: bool = False,
) -> Response:
    """`faults` are those of what was tried; a file that cannot be read has its own instead. `imported` is the earlier
    import of the same file, `replacing` what the person is to confirm, `unchecked` the columns to look at; `is_news`:
    the `run` has other numbers than the page had from which the person wanted to import."""
    to_check = f"{_COLUMN}{unchecked[0].column}" if unchecked else ""
    draft, file = reviewed(visit, draft, reveal=reveal, with_column=_column_of(_focus(faults) or to_check))
    faults = [on_page(each) for each in (file.faults if faults and file else ()) or faults]
    context = _context(
        visit,
        draft,
        file=file,
        faults=faults,
        focus=_focus(faults) or to_check,
        unchecked=unchecked,
        revealed=reveal,
        taken=taken,
    )
    names = {**{name: each.display_name for name, each in context["known"].items()}, **context["joined_names"]}
    check = shown_check(run, file, draft.columns, names) if run and file else None
    asked = {"imported": imported, "typed": typed_number(visit), "replacing": replacing}
    stops = stopping(visit, draft) if check else None
    is_refused = faults or (replacing and replacing.fault)
    removes = would_stop(visit, context["source"])
    page = render("import_draft.html", **context, check=check, stops=stops, removes=removes, is_news=is_news, **asked)
    return HTMLResponse(page, 422 if is_refused else 200)


def columns_part(
    visit: Visit,
    draft: ImportDraft,
    *,
    reveal: bool = False,
    keeps: bool = False,
    taken: Taken | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """`keeps`: the page keeps the samples that it has in the clear."""
    draft, file = reviewed(visit, draft, reveal=reveal)
    context = _context(visit, draft, file=file, apart=True, revealed=reveal, keeps=keeps, taken=taken)
    return HTMLResponse(render("_import_columns.html", **context), headers=headers)


def saved_part(visit: Visit, before: ImportDraft, draft: ImportDraft) -> Response:
    """That it was saved, and what follows from it: how far the import is, and the rows of the columns that changed."""
    file: ShownFile | None = None
    if draft.choices != before.choices:
        draft, file = reviewed(visit, draft)
    earlier = {choice.column: choice for choice in before.choices}
    changed = [each for each in file.columns if each.choice != earlier.get(each.choice.column)] if file else []
    return HTMLResponse(
        render(
            "_import_saved.html",
            **_context(
                visit,
                draft,
                file=file,
                changed_columns=changed,
                apart=True,
                keeps=visit.form.has("revealed"),
                options=options_sent(visit.form),
            ),
        )
    )


def name_of(words: str) -> str:
    """A name for what a person calls it: Store CRM is store_crm, Händler is handler."""
    return re.sub(r"[^a-z0-9]+", "_", without_accents(words).lower()).strip("_")[:63]


def _context(visit: Visit, draft: ImportDraft, **more: Any) -> dict[str, Any]:
    known = known_attributes(visit)
    source = visit.use_cases.catalog.source(visit.caller, draft.data_source)
    return {
        "visit": visit,
        "draft": draft,
        "source": source,
        "options": options_shown(draft, source.defaults.mode),
        "arriving": visit.use_cases.imports.file(visit.caller, draft.draft_id),
        "attributes": sorted(known.values(), key=lambda attribute: attribute.display_name.casefold()),
        "known": known,
        "joined_names": joined_names(draft, known),
        "may_create": visit.may(CatalogUseCases.create_attribute),
        "encodings": ENCODINGS,
        "formats": [str(kind) for kind in ValueType],
        "levels": LEVELS,
        "faulty": {fault.column for fault in more.get("faults", ()) if fault.column},
        "max_bytes": visit.use_cases.imports.limits.file_bytes,
        "replace_limit": REPLACE_DEFAULT,
        "sends_mails": visit.use_cases.imports.sends_mails,
        "base": f"/imports/new/{draft.draft_id}",
        "faults": (),
        "unchecked": (),
        "changed_columns": (),
        "apart": False,
        "taken": None,
        "revealed": False,
        "keeps": False,
        "follows": False,
        "focus": "",
        **more,
    }


def joined_names(draft: ImportDraft, known: Mapping[str, Attribute]) -> dict[str, str]:
    """What new attributes of joined columns will be called."""
    fed = {spec.column: spec.attribute for spec in draft.columns if spec.column}
    names = {spec.attribute: joined_name(spec, fed) for spec in draft.kept if spec.attribute not in known}
    return {attribute: name for attribute, name in names.items() if name}


def _focus(faults: Sequence[Fault]) -> str:
    """The part of the page that the first fault is about: a name of `_PARTS`, or a column as `column:NAME`."""
    for fault in faults:
        if fault.code in _PARTS:
            return _PARTS[fault.code]
        if fault.column:
            return f"{_COLUMN}{fault.column}"
    return "faults" if faults else ""


def _column_of(focus: str) -> str:
    """The column that is to get the focus, "" if something else is."""
    return focus.removeprefix(_COLUMN) if focus.startswith(_COLUMN) else ""
