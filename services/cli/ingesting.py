"""A file's way through a system, from what was ordered to the request's end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from penstock.application.catalog.column_specs import ColumnSpec, resolve_columns
from penstock.domain.errors import Fault, NotFound, Refused, Unavailable, refusal
from penstock.domain.files.header import Header
from penstock.domain.mapping.attributes import check_name
from penstock.domain.mapping.mapping import ColumnMapping, Mapping, Mode
from services.cli.client import UploadOrder
from services.cli.column_options import check_segment, parse_column_options
from services.cli.failures import BadUsage
from services.cli.following import hinted
from services.cli.ingest_backends import Backend, NewMapping, OpenBackend
from services.cli.new_source import check_new_source
from services.cli.output import Document, Output
from services.cli.progress import progress
from services.cli.upload_file import UploadFile

QUIET_SECONDS = 1.0  # without any movement, until it is asked why
STALL_TIMEOUT_SECONDS = 60.0  # how long nothing may move while the system reports a problem


class Order(NamedTuple):
    """What was asked for; `maps` and `policies` as they were typed."""

    file: Path
    source: str
    maps: Sequence[str] = ()
    policies: Sequence[str] = ()
    mode: Mode = Mode.UPSERT
    segment: str | None = None
    notify: Sequence[str] = ()


class Ingested(NamedTuple):
    """The request at its end, and what was decided on the way."""

    request: Document
    created_attributes: list[str]
    unmapped_columns: list[str]

    def document(self) -> Document:
        return {
            **self.request,
            "created_attributes": self.created_attributes,
            "unmapped_columns": self.unmapped_columns,
        }


class Prepared(NamedTuple):
    """A mapping that fits the file; `new` when it is to be saved."""

    new: NewMapping | None
    unmapped_columns: list[str]

    @property
    def created_attributes(self) -> list[str]:
        return [each.name for each in self.new.wanted.missing] if self.new else []


def ingest_file(
    open_backend: OpenBackend, order: Order, out: Output, document: Document, tell: Callable[[Ingested], None]
) -> Ingested:
    """Ingest one file, and `tell` what came of it before anything is stopped.

    Killed before it was told, the same order leads to the same request. `document` is kept at what is known of the
    request, should this end before its end. Raises `BadUsage` and `Refused` before anything is stored, `Unavailable`
    when a problem lasts.
    """
    forms = parse_column_options(order.maps, order.policies)
    check_segment(order.segment)
    upload = UploadOrder(data_source=order.source, mode=order.mode, segment=order.segment, notify=tuple(order.notify))
    with UploadFile(order.file) as file, open_backend(file, out) as backend:
        prepared = _prepared(backend, order.source, forms, file)
        with progress(out) as shown:
            began = datetime.now(UTC)
            document.update(backend.begin(file, upload, prepared.new, shown))
            if backend.may_resume and datetime.fromisoformat(document["accepted_at"]) < began:
                out.say(f"Going on with {document['request_id']}")
            states = backend.changes(document["request_id"])
            if backend.idle:
                states = hinted(states, lambda: out.say(backend.idle), time.monotonic)
            for state in watched(states, backend.problems, time.monotonic, out):
                document.update(state)
                shown.show(state)
        done = Ingested(document, prepared.created_attributes, prepared.unmapped_columns)
        tell(done)
        backend.release()
    return done


def watched(
    states: Iterator[Document], problems: Callable[[], list[str]], seconds: Callable[[], float], out: Output
) -> Iterator[Document]:
    """`states`; while nothing moves, each new problem is told. Raises `Unavailable` when one lasts."""
    told: set[str] = set()
    moved_at, before = seconds(), None
    for state in states:
        yield state
        now, moved = seconds(), (state["status"], state["chunks_done"], state["chunks_total"])
        if moved != before:
            moved_at, before = now, moved
        elif now - moved_at > QUIET_SECONDS:
            present = problems()
            for problem in present:
                if problem not in told:
                    out.say(f"Waiting: {problem}")
            told.update(present)
            if present and now - moved_at > STALL_TIMEOUT_SECONDS:
                raise Unavailable(f"{present[0]}; run the same command again to go on with {state['request_id']}")


def _prepared(backend: Backend, source: str, forms: Sequence[ColumnSpec], file: UploadFile) -> Prepared:
    """Judge the header, the mapping and the name of a new source together, before anything is created.

    Without `forms` the saved mapping is used. Raises `Refused` with all faults.
    """
    if not forms:
        mapping = _saved(backend, source)
        return Prepared(None, _unmapped(file.read_header(mapping, backend.limits), mapping))
    faults: list[Fault] = []
    try:
        wanted = resolve_columns(forms, backend.attributes())
    except Refused as refused:
        faults += refused.faults
    try:
        check_new_source(check_name(source), backend)
    except Refused as refused:
        faults += refused.faults
    mapping = _unsaved(source, forms)
    try:
        header = file.read_header(mapping, backend.limits)
    except Refused as refused:
        faults += refused.faults
    if faults:
        raise Refused(faults)
    return Prepared(NewMapping(forms, wanted), _unmapped(header, mapping))


def _saved(backend: Backend, source: str) -> Mapping:
    try:
        return backend.mapping(source)
    except NotFound:
        check_new_source(source, backend)
        missing = refusal(
            "no_mapping",
            f"the data source {source[:64]!r} has no saved mapping, and no --map says which column is which",
            "Add at least one identifier, such as --map crmid=crmid!",
        )
        raise BadUsage(missing.faults) from None


def _unsaved(source: str, forms: Sequence[ColumnSpec]) -> Mapping:
    columns = (ColumnMapping(column=each.column, attribute=each.attribute) for each in forms)
    return Mapping(data_source=source, version=0, columns=tuple(columns))


def _unmapped(header: Header, mapping: Mapping) -> list[str]:
    mapped = {column.column for column in mapping.columns}
    return [name for name in header.columns if name not in mapped]
