"""The ingestion of one file, from the command's options until its request has ended or is held."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from penstock.application.uploads.checking import CheckedUpload
from penstock.application.uploads.inspection import inspect
from penstock.application.uploads.missing_identifiers import is_worth_it, missing_identifier
from penstock.application.uploads.suggesting import SUGGESTED_CONFIDENCE
from penstock.application.uploads.warnings import warnings_of
from penstock.client.catalog import NO_LIMITS
from penstock.client.upload_order import UploadOrder
from penstock.domain.dry_run.as_identifier import NO_IDENTIFIER
from penstock.domain.errors import Fault, PartFailed, Refused, Unavailable
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.requests.request import Status
from penstock.domain.requests.waiting import WaitsFor
from penstock.domain.suggestions import ColumnSuggestion, LeftOut
from services.cli.column_options import check_as_of, check_max_rejects, check_segment
from services.cli.failures import BadUsage
from services.cli.following import with_idle_hint
from services.cli.ingest_backends import Backend, Columns, OpenBackend
from services.cli.mail_states import add_mails, await_mails
from services.cli.mapping_options import MappingOptions
from services.cli.output import Document, Output
from services.cli.progress import Progress, show_progress
from services.cli.similar_attributes import with_confirmed
from services.cli.suggestion_question import confirmed, lacks_mapped_columns, no_mapping, with_renames
from services.cli.suggestion_views import left_out_view
from services.cli.upload_file import UploadFile
from services.cli.views import duplicate_text, mail_problems

QUIET_SECONDS = 1.0  # without progress, before problems are reported
STALL_TIMEOUT_SECONDS = 60.0  # without progress while a problem lasts, before the command gives up


class Order(NamedTuple):
    """The options of the command."""

    file: Path
    upload: UploadOrder
    mapping: MappingOptions = MappingOptions()
    accept_suggestions: float | None = None
    may_ask: bool = False  # there is a person at a terminal


class Ingested(NamedTuple):
    """The ended or held request, with created attributes, ignored columns, and those that suggestions left out."""

    request: Document
    created_attributes: list[str]
    unmapped_columns: list[str]
    renamed_columns: dict[str, str]
    left_out: Sequence[LeftOut] = ()
    warnings: Sequence[Fault] = ()
    mail_problems: Sequence[str] = ()  # that were reported before
    identifier: ColumnSuggestion | None = None  # the column that identifies rows that have no identifier

    def document(self) -> Document:
        return {
            **self.request,
            "created_attributes": self.created_attributes,
            "unmapped_columns": self.unmapped_columns,
            "left_out_columns": [each._asdict() for each in self.left_out],
            "renamed_columns": self.renamed_columns,
            "warnings": msgspec.to_builtins(self.warnings),
        }


def ingest_file(
    open_backend: OpenBackend, order: Order, out: Output, document: dict[str, Any], report: Callable[[Ingested], None]
) -> Ingested:
    """Ingest one file, and `report` the result before the backend is closed.

    If this is killed before, the same order leads to the same request. `document` always has the latest state of the
    request, for an early end. Raises `BadUsage` and `Refused` before anything is stored, `Unavailable` when a problem
    lasts, and `PartFailed`.
    """
    by_hand, upload = _mapped_by_hand(order), order.upload
    with UploadFile(order.file) as file, open_backend(file, out) as backend:
        file.options = backend.file_options(upload)
        upload, columns, left_out, checked = _checked(backend, file, order, by_hand, out)
        warnings = warnings_of(checked.mapping, checked.attributes, file.head(NO_LIMITS), file.options, NO_LIMITS)
        for warning in warnings:
            out.say(f"Warning: {warning.message}. {warning.hint}")
        with show_progress(out) as progress:
            began = datetime.now(UTC)
            document.update(backend.begin(file, upload, columns, progress))
            add_mails(backend, document)
            reported = mail_problems(document["notify"])
            for problem in reported:
                out.say(f"No e-mails: {problem}")
            if document.get("duplicate"):
                out.say(duplicate_text(document))
            elif backend.may_resume and datetime.fromisoformat(document["accepted_at"]) < began:
                out.say(f"Continuing {document['request_id']}")
            follow_to_end(backend, document, progress, out)
        await_mails(backend, document, time.monotonic, time.sleep)
        created = [attribute.name for attribute in checked.missing]
        done = Ingested(
            document,
            created,
            checked.unmapped_columns,
            checked.renamed_columns,
            left_out,
            warnings,
            reported,
            _identifier(file, checked, document),
        )
        report(done)
        backend.release()
    return done


def _identifier(file: UploadFile, checked: CheckedUpload, request: Document) -> ColumnSuggestion | None:
    """The column to identify rows by that were rejected without an identifier."""
    lacking = request["reject_reasons"].get(NO_IDENTIFIER, 0)
    if not is_worth_it(lacking, request["rows_read"]) or file.path is None:
        return None
    sample = inspect(file.sampled_parts(), NO_LIMITS, file.options).sample
    known = {**BUILTIN, **{attribute.name: attribute for attribute in checked.attributes}}
    return missing_identifier(sample, checked.mapping, known)


def follow_to_end(backend: Backend, document: dict[str, Any], progress: Progress, out: Output) -> None:
    """Follow the request of `document`, which always has its latest state, until it has ended or is held."""
    states = backend.changes(document["request_id"])
    if backend.idle:
        states = with_idle_hint(states, lambda: out.say(backend.idle), time.monotonic)
    for state in with_problems(states, backend.problems, time.monotonic, out):
        document.update(state)
        progress.show(state)
        _check_parts(backend, state)


def dry_run_file(open_backend: OpenBackend, order: Order, out: Output) -> Document:
    """A dry run of one file; stores nothing. Raises `BadUsage`, `Refused`."""
    by_hand, upload = _mapped_by_hand(order), order.upload
    with UploadFile(order.file) as file, open_backend(file, out) as backend:
        file.options = backend.file_options(upload)
        upload, columns, _, _ = _checked(backend, file, order, by_hand, out)
        with show_progress(out) as progress:
            return backend.dry_run(file, upload, columns, progress)


def _mapped_by_hand(order: Order) -> Columns:
    """Raises `BadUsage`, also for other options."""
    columns = order.mapping.columns(suggestions=order.accept_suggestions is not None) or None
    check_segment(order.upload.segment)
    check_as_of(order.upload.as_of)
    check_max_rejects(order.upload.max_rejects)
    return columns


def _check_parts(backend: Backend, state: Document) -> None:
    """Raises `PartFailed` if a part that the unfinished request needs has failed."""
    if Status(state["status"]).processing:
        try:
            backend.check_parts()
        except PartFailed as failed:
            raise PartFailed(f"{failed}; {_again(state)}") from None


def with_problems(
    states: Iterator[Document], problems: Callable[[], list[str]], seconds: Callable[[], float], out: Output
) -> Iterator[Document]:
    """`states`; while there is no progress, each new problem is shown. Raises `Unavailable` when one lasts."""
    reported: set[str] = set()
    progress_at, before = seconds(), None
    for state in states:
        yield state
        now, progress = seconds(), (state["status"], state["chunks_done"], state["chunks_total"])
        if progress != before:
            progress_at, before = now, progress
        elif now - progress_at > QUIET_SECONDS:
            current = problems() or _outages(state)
            for problem in current:
                if problem not in reported:
                    out.say(f"Waiting: {problem}")
            reported.update(current)
            if current and now - progress_at > STALL_TIMEOUT_SECONDS:
                raise Unavailable(f"{current[0]}; {_again(state)}")


def _outages(state: Document) -> list[str]:
    """What the system says that the request waits for."""
    waits = state["waiting"]
    return [waits["message"]] if waits and waits["reason"] == WaitsFor.SYSTEM else []


def _again(state: Document) -> str:
    return f"run the same command again to continue {state['request_id']}"


class _Checked(NamedTuple):
    """The settings and the mapping to use, the columns that suggestions left out, and the check."""

    upload: UploadOrder
    columns: Columns
    left_out: Sequence[LeftOut]
    checked: CheckedUpload


def _checked(backend: Backend, file: UploadFile, order: Order, columns: Columns, out: Output) -> _Checked:
    """Check the file and the options before anything is sent. Raises `Refused` with every fault."""
    upload, confidence = order.upload, order.accept_suggestions
    if confidence is None:
        try:
            return _with_new_attributes(backend, file, order, columns)
        except Refused as refused:
            if columns is None and lacks_mapped_columns(refused):
                raise with_renames(refused, backend.review(file, upload.data_source).suggested) from None
            if refused.code != "no_mapping":
                raise
            if not (order.may_ask and confirmed(backend, file, upload.data_source, out)):
                raise BadUsage(no_mapping(order.file, upload.data_source).faults) from None
            confidence = SUGGESTED_CONFIDENCE
    suggested = backend.suggest(file, upload.data_source, confidence, columns)
    if suggested.left_out:
        mapped = {spec.column for spec in suggested.columns if spec.column}
        out.say(left_out_view(suggested.left_out, of=len(mapped) + len(suggested.left_out)))
    columns = order.mapping.applied(suggested.columns)
    return _with_new_attributes(backend, file, order, columns)._replace(left_out=suggested.left_out)


def _with_new_attributes(backend: Backend, file: UploadFile, order: Order, columns: Columns) -> _Checked:
    """The check, once a person has confirmed attributes with similar names. Raises `Refused`."""

    def check(new_attributes: tuple[str, ...]) -> _Checked:
        upload = replace(order.upload, new_attributes=new_attributes)
        return _Checked(upload, columns, (), backend.check(file, upload, columns))

    return with_confirmed(check, columns or (), order.upload.new_attributes, may_ask=order.may_ask)
