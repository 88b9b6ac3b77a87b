"""A new import, on one page from the data source to the request. All that is entered is kept in its draft."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace
from starlette.responses import Response

from penstock.application.imports.applied_fix import with_fix
from penstock.application.imports.import_draft import ImportDraft
from penstock.application.imports.use_cases import ImportUseCases, no_file
from penstock.application.uploads.dry_run import DryRun
from penstock.application.uploads.use_cases import UploadUseCases
from penstock.documents.inspections import AcceptedView
from penstock.domain.errors import NotFound, Refused
from services.uploader.api.uploads import accept_draft
from services.uploader.console import import_attribute, import_file, import_mapping, import_source
from services.uploader.console.forms import LARGE
from services.uploader.console.import_fixes import chosen_fix
from services.uploader.console.import_form import document
from services.uploader.console.import_page import (
    columns_part,
    draft_of,
    keep_entered,
    saved_part,
    whole_page,
    with_choices,
)
from services.uploader.console.import_replacing import AGAIN, to_ask
from services.uploader.console.import_review import page_number
from services.uploader.console.import_unchecked import to_check
from services.uploader.console.visits import Visit, action, go, page

NEW = "/imports/new"
CHECKED = "checked"  # begins the names of the fields with the numbers that the page has


def show(visit: Visit) -> Response:
    draft = draft_of(visit)
    if draft.request_id is not None:
        return _to_request(draft.request_id)
    return whole_page(visit, draft)


def columns(visit: Visit) -> Response:
    """The columns alone, once the beginning of the file has arrived."""
    return columns_part(visit, draft_of(visit)) if visit.is_partial else back(visit)


def save(visit: Visit) -> Response:
    """Keep what was entered; as a part of the page, only say so, and show what follows from it."""
    before = draft_of(visit)
    draft = keep_entered(visit)
    if visit.is_partial:
        return saved_part(visit, before, draft)
    if visit.form.text("find"):  # the name of a column stands in no address
        return whole_page(visit, draft)
    number = page_number(visit)
    return go(f"{NEW}/{draft.draft_id}{f'?page={number}' if number > 1 else ''}")


def show_columns(visit: Visit) -> Response:
    """Another page of the columns, or those with a word in their names."""
    draft = keep_entered(visit)
    return columns_part(visit, draft) if visit.is_partial else whole_page(visit, draft)


def read_again(visit: Visit) -> Response:
    """The columns, read with other options."""
    draft = keep_entered(visit)
    return columns_part(visit, draft) if visit.is_partial else go(f"{NEW}/{draft.draft_id}")


def reveal(visit: Visit) -> Response:
    """The samples in the clear, once; this is recorded."""
    keep_entered(visit)
    draft = visit.use_cases.imports.reveal(visit.caller, visit.request.path_params["draft_id"])
    return columns_part(visit, draft, reveal=True) if visit.is_partial else whole_page(visit, draft, reveal=True)


def check(visit: Visit) -> Response:
    """What would become of the rows of the whole file."""
    return _checked(visit, with_choices(visit, keep_entered(visit)))


def fix(visit: Visit) -> Response:
    """Apply a fix that the check has found to its columns, and check again."""
    draft, chosen = with_choices(visit, keep_entered(visit)), chosen_fix(visit.form)
    if chosen is not None:
        draft = visit.use_cases.imports.change(visit.caller, draft.draft_id, lambda present: with_fix(present, *chosen))
    return _checked(visit, draft)


def _checked(visit: Visit, draft: ImportDraft) -> Response:
    try:
        draft, run = _counted(visit, draft)
    except Refused as refused:
        return whole_page(visit, draft, refused.faults)
    return whole_page(visit, draft, run=run)


def _counted(visit: Visit, draft: ImportDraft) -> tuple[ImportDraft, DryRun]:
    """The draft with the number of rows that can be imported, and the check that has counted them. Raises `Refused`."""
    content = visit.use_cases.imports.content(visit.caller, draft.draft_id)
    command = document(draft).command(visit.caller.name, draft.file_name)
    run = visit.use_cases.uploads.dry_run(visit.caller, content, command)
    counted = visit.use_cases.imports.change(
        visit.caller,
        draft.draft_id,
        lambda present: replace(present, rows=run.rows_accepted, rejected=run.rows_rejected),
    )
    return counted, run


def _rows_of(visit: Visit, draft: ImportDraft) -> int:
    """The rows that can be imported, of the last check if nothing was changed since. Raises `Refused`."""
    return _counted(visit, draft)[1].rows_accepted if draft.rows is None else draft.rows


def _is_checked(visit: Visit) -> bool:
    """Whether the page has a check, which lists what speaks against its columns."""
    return bool(visit.form.text(f"{CHECKED}.rows"))


def _news(visit: Visit, draft: ImportDraft) -> tuple[ImportDraft, DryRun] | None:
    """A new check, if the page has one that is out of date and had other numbers. Raises `Refused`."""
    on_page = visit.form.text(f"{CHECKED}.rows"), visit.form.text(f"{CHECKED}.rejected")
    if not _is_checked(visit) or (draft.rows is not None and on_page == (str(draft.rows), str(draft.rejected))):
        return None
    draft, run = _counted(visit, draft)
    return None if on_page == (str(run.rows_accepted), str(run.rows_rejected)) else (draft, run)


def accept(visit: Visit) -> Response:
    """Make a request of the draft; if anything is missing, is still to be checked, or is not what the page says, it
    comes back. A file that was imported before needs the word of the person to be imported again; one that replaces
    what counts, the number of these rows."""
    draft = draft_of(visit)
    if draft.request_id is not None:  # pressed twice
        return _to_request(draft.request_id)
    draft = with_choices(visit, keep_entered(visit))
    try:
        if visit.use_cases.imports.file(visit.caller, draft.draft_id) is None:
            raise no_file()
        if not _is_checked(visit) and (unchecked := to_check(visit, draft)):
            return whole_page(visit, draft, unchecked=unchecked)
        if news := _news(visit, draft):
            return whole_page(visit, news[0], run=news[1], is_news=True)
        replacing = to_ask(visit, draft, partial(_rows_of, visit, draft))
        if replacing is not None:
            return whole_page(visit, draft, replacing=replacing)
        accepted = _accepted(visit, draft)
    except Refused as refused:
        return whole_page(visit, draft, refused.faults)
    except NotFound:  # the file was deleted meanwhile
        return whole_page(visit, draft, no_file().faults)
    if accepted["duplicate"]:
        return whole_page(visit, draft, imported=accepted)
    visit.use_cases.imports.begun(visit.caller, draft.draft_id, accepted["request_id"])
    return _to_request(accepted["request_id"])


def _accepted(visit: Visit, draft: ImportDraft) -> AcceptedView:
    upload = document(draft)
    if not visit.form.has(AGAIN):
        return accept_draft(visit.call, upload, None, keep_duplicate=True)
    again = upload.model_copy(update={"force": True})
    return accept_draft(visit.call, again, f"again\n{upload.file_id}", keep_duplicate=True)


def back(visit: Visit) -> Response:
    """From the address of what a button did, to the page that has it."""
    return go(f"{NEW}/{draft_of(visit).draft_id}")


def _to_request(request_id: str) -> Response:
    return go(f"/imports/{request_id}")


def delete(visit: Visit) -> Response:
    visit.use_cases.imports.delete(visit.caller, visit.request.path_params["draft_id"])
    return go("/")


routes = [
    *import_source.routes,
    page(f"{NEW}/{{draft_id}}", show, of=ImportUseCases.get),
    action(f"{NEW}/{{draft_id}}", save, of=ImportUseCases.change, form=LARGE),
    page(f"{NEW}/{{draft_id}}/columns", columns, of=ImportUseCases.inspect),
    action(f"{NEW}/{{draft_id}}/show", show_columns, of=ImportUseCases.change, form=LARGE),
    action(f"{NEW}/{{draft_id}}/read", read_again, of=ImportUseCases.change, form=LARGE),
    action(f"{NEW}/{{draft_id}}/reveal", reveal, of=ImportUseCases.reveal, form=LARGE),
    action(f"{NEW}/{{draft_id}}/check", check, of=UploadUseCases.dry_run, form=LARGE, reads_file=True),
    action(f"{NEW}/{{draft_id}}/fix", fix, of=UploadUseCases.dry_run, form=LARGE, reads_file=True),
    action(f"{NEW}/{{draft_id}}/accept", accept, of=UploadUseCases.accept, form=LARGE, reads_file=True),
    action(f"{NEW}/{{draft_id}}/delete", delete, of=ImportUseCases.delete),
    *import_file.routes,
    *import_attribute.routes,
    *import_mapping.routes,
    page(f"{NEW}/{{draft_id}}/{{done}}", back, of=ImportUseCases.get),
]
