"""Use the mapping of another data source, or another version of the source's own, for the columns of an import: in a
dialog on its page, and on a page of its own without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from starlette.responses import HTMLResponse, Response

from penstock.application.catalog.column_specs import ColumnSpec, column_specs
from penstock.application.catalog.mapping_versions import ListedVersion
from penstock.application.catalog.use_cases import CatalogUseCases
from penstock.application.imports.import_draft import ImportDraft
from penstock.application.imports.taken_mapping import with_mapping
from penstock.application.imports.use_cases import ImportUseCases
from penstock.domain.errors import Fault, NotFound, Refused, refusal
from penstock.domain.mapping.mapping_version import VersionState
from services.uploader.console import import_page
from services.uploader.console.forms import LARGE
from services.uploader.console.import_review import page_number
from services.uploader.console.known_sources import all_sources, name_for_people
from services.uploader.console.rendering import render
from services.uploader.console.visits import Visit, action, go, page

PATH = "/imports/new/{draft_id}/mapping"
MAX_VERSION_DIGITS = 9
_STATES = {
    VersionState.CURRENT: ", the current one",
    VersionState.PENDING: ", its import has not completed",
    VersionState.UNUSED: ", not used",
}


class MappingChoice(NamedTuple):
    """`value` is the name of a data source, for its current mapping, or `name@version`."""

    value: str
    words: str


def ask(visit: Visit) -> Response:
    """Which mapping, after what was entered on the page of the import has been kept."""
    draft = import_page.keep_entered(visit)
    return show(visit) if visit.is_partial else go(PATH.format(draft_id=draft.draft_id))


def show(visit: Visit) -> Response:
    return _form(visit, import_page.draft_of(visit))


def take(visit: Visit) -> Response:
    """Take a mapping over, and say which columns could not be placed."""
    draft = import_page.with_choices(visit, import_page.draft_of(visit))
    chosen = visit.form.text("mapping")
    try:
        specs = _specs(visit, chosen)
    except Refused as refused:
        return _form(visit, draft, refused.faults, chosen)
    mapping = with_mapping(draft, specs)
    draft = visit.use_cases.imports.change(
        visit.caller, draft.draft_id, lambda present: with_mapping(present, specs).draft
    )
    taken = import_page.Taken(_name_of(visit, chosen), mapping)
    if not visit.is_partial:
        return import_page.whole_page(visit, draft, taken=taken)
    headers = {"HX-Retarget": "#columns", "HX-Reswap": "outerHTML", "HX-Trigger": "dialog-done"}
    return import_page.columns_part(visit, draft, headers=headers, taken=taken)


def _specs(visit: Visit, chosen: str) -> list[ColumnSpec]:
    """The columns of a mapping. Raises `Refused`: no_mapping, unknown_data_source."""
    source, _, version = chosen.partition("@")
    is_number = version.isascii() and version.isdigit() and len(version) <= MAX_VERSION_DIGITS
    try:
        found = visit.use_cases.catalog.mapping(visit.caller, source, int(version) if is_number else None)
    except NotFound:
        hint = "Choose another data source, or map the columns by hand."
        raise refusal("no_mapping", "this data source has no such mapping", hint) from None
    return column_specs(found.mapping.columns, found.attributes)


def _form(visit: Visit, draft: ImportDraft, faults: Sequence[Fault] = (), chosen: str = "") -> Response:
    versions = visit.use_cases.catalog.mapping_versions(visit.caller, draft.data_source)
    context = {
        "visit": visit,
        "draft": draft,
        "faults": faults,
        "chosen": chosen,
        "versions": [_version_choice(draft.data_source, each) for each in versions],
        "sources": [
            MappingChoice(each.name, name_for_people(each))
            for each in all_sources(visit)
            if each.name != draft.data_source
        ],
        "page": page_number(visit),
        "action": PATH.format(draft_id=draft.draft_id),
    }
    if visit.is_partial:
        return HTMLResponse(render("_import_mapping.html", **context))
    return HTMLResponse(render("import_mapping.html", **context), 422 if faults else 200)


def _version_choice(source: str, listed: ListedVersion) -> MappingChoice:
    version, state = listed.version, listed.state
    undone = ", its import was undone" if listed.is_undone else ""
    day = datetime.fromtimestamp(version.saved_at / 1e6, UTC).strftime("%d %b %Y")
    words = f"Version {version.version} of {day}, by {version.saved_by}{_STATES.get(state, '')}{undone}"
    return MappingChoice(f"{source}@{version.version}", words)


def _name_of(visit: Visit, chosen: str) -> str:
    source, _, version = chosen.partition("@")
    name = name_for_people(visit.use_cases.catalog.source(visit.caller, source))
    return f"{name}, version {version}" if version else name


routes = [
    action(f"{PATH}/ask", ask, of=ImportUseCases.change, form=LARGE),
    page(PATH, show, of=CatalogUseCases.mapping_versions),
    action(PATH, take, of=ImportUseCases.change, form=LARGE),
]
