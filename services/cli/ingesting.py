"""A file's way through the embedded runtime, from what was ordered to the request's end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from penstock.application.catalog import Catalog
from penstock.config import Settings
from penstock.domain.errors import NotFound, Refused, Unavailable, refusal
from penstock.domain.file_rules import Header
from penstock.domain.mapping import ColumnMapping, Mapping, Mode
from penstock.wiring import System
from services.cli.column_options import check_segment, columns_said
from services.cli.failures import BadUsage
from services.cli.following import changes
from services.cli.local_user import local_user
from services.cli.output import Document, Output
from services.cli.progress import progress
from services.cli.upload_file import UploadFile
from services.standalone.system import Standalone
from services.uploader.mapping_form import ColumnForm, read_columns, save_wanted
from services.uploader.upload_form import UploadForm

LARGE_BYTES = 8_000_000  # from here on worker processes earn the time that they take to start
QUIET_SECONDS = 1.0  # without any movement, until it is asked why
PATIENCE_SECONDS = 60.0  # how long nothing may move while the system reports a problem


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
    """A saved mapping that fits the file."""

    mapping: Mapping
    created_attributes: list[str]
    unmapped_columns: list[str]


def ingest_file(
    settings: Settings, order: Order, out: Output, document: Document, tell: Callable[[Ingested], None]
) -> Ingested:
    """Ingest one file, and `tell` what came of it before anything is stopped.

    Killed before it was told, the same order leads to the same request. `document` is kept at what is known of the
    request, should this end before its end. Raises `BadUsage` and `Refused` before anything is stored, `Unavailable`
    when a problem lasts.
    """
    forms = columns_said(order.maps, order.policies)
    check_segment(order.segment)
    with UploadFile(order.file) as file, Standalone(settings, workers=_workers(settings, file.size)) as standalone:
        system = standalone.system
        prepared = _prepared(system, order.source, forms, file)
        form = UploadForm(
            data_source=order.source,
            file_name=file.name,
            uploaded_by=local_user(),
            mode=order.mode,
            segment=order.segment,
            notify=tuple(order.notify),
            mapping=prepared.mapping,
        )
        with progress(out) as shown:
            shown.storing(file.size)
            request = standalone.intake.resume_or_upload(settings.tenant, file.parts(shown.stored), form)
            states = changes(system.requests, system.clock, settings.tenant, request.request_id)
            for state in watched(states, standalone.problems, system.clock.monotonic, out):
                document.update(state)
                shown.show(state)
        done = Ingested(document, prepared.created_attributes, prepared.unmapped_columns)
        tell(done)
        standalone.intake.release(system.requests.get(settings.tenant, request.request_id))
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
            if present and now - moved_at > PATIENCE_SECONDS:
                raise Unavailable(f"{present[0]}; run the same command again to go on with {state['request_id']}")


def _prepared(system: System, source: str, forms: Sequence[ColumnForm], file: UploadFile) -> Prepared:
    """Judge the header and the mapping together, then save the mapping and what it needs.

    Without `forms` the saved mapping is used. Raises `Refused` with all faults of both, and has then created nothing.
    """
    tenant_id, catalog = system.settings.tenant, system.catalog
    if not forms:
        mapping = _saved(catalog, tenant_id, source)
        return Prepared(mapping, [], _unmapped(file.judge(mapping, system.limits), mapping))
    faults = []
    try:
        wanted = read_columns(forms, catalog.attributes(tenant_id))
    except Refused as refused:
        faults += refused.faults
    try:
        header = file.judge(_unsaved(source, forms), system.limits)
    except Refused as refused:
        faults += refused.faults
    if faults:
        raise Refused(faults)
    catalog.create_source(tenant_id, source)
    mapping = save_wanted(catalog, tenant_id, source, wanted)
    return Prepared(mapping, [each.name for each in wanted.missing], _unmapped(header, mapping))


def _saved(catalog: Catalog, tenant_id: str, source: str) -> Mapping:
    try:
        return catalog.mapping(tenant_id, source)
    except NotFound:
        missing = refusal(
            "no_mapping",
            f"the data source {source[:64]!r} has no saved mapping, and no --map says which column is which",
            "Add at least one identifier, such as --map crmid=crmid!",
        )
        raise BadUsage(missing.faults) from None


def _unsaved(source: str, forms: Sequence[ColumnForm]) -> Mapping:
    columns = (ColumnMapping(column=each.column, attribute=each.attribute) for each in forms)
    return Mapping(data_source=source, version=0, columns=tuple(columns))


def _unmapped(header: Header, mapping: Mapping) -> list[str]:
    mapped = {column.column for column in mapping.columns}
    return [name for name in header.columns if name not in mapped]


def _workers(settings: Settings, size: int | None) -> int:
    """What was asked for, or one process per core for a large file and none of their own for a small one."""
    if settings.workers or (size is not None and size < LARGE_BYTES):
        return settings.workers
    return os.cpu_count() or 1
