"""A file's way through a system, from what was ordered to the request's end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from penstock.application.uploads.checking import CheckedUpload
from penstock.domain.errors import PartFailed, Refused, Unavailable, refusal
from penstock.domain.mapping.mapping import Mode
from penstock.domain.requests.request import Status
from services.cli.client import UploadOrder
from services.cli.column_options import check_segment, parse_column_options
from services.cli.failures import BadUsage
from services.cli.following import hinted
from services.cli.ingest_backends import Backend, Columns, OpenBackend
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


def ingest_file(
    open_backend: OpenBackend, order: Order, out: Output, document: Document, tell: Callable[[Ingested], None]
) -> Ingested:
    """Ingest one file, and `tell` the result before anything is stopped.

    Killed before that, the same order leads to the same request. `document` is kept at what is known of the
    request, should this end before its end. Raises `BadUsage` and `Refused` before anything is stored, `Unavailable`
    when a problem lasts, and `PartFailed`.
    """
    columns = parse_column_options(order.maps, order.policies) or None
    check_segment(order.segment)
    upload = UploadOrder(data_source=order.source, mode=order.mode, segment=order.segment, notify=tuple(order.notify))
    with UploadFile(order.file) as file, open_backend(file, out) as backend:
        checked = _checked(backend, file, upload, columns)
        with progress(out) as shown:
            began = datetime.now(UTC)
            document.update(backend.begin(file, upload, columns, shown))
            if backend.may_resume and datetime.fromisoformat(document["accepted_at"]) < began:
                out.say(f"Going on with {document['request_id']}")
            states = backend.changes(document["request_id"])
            if backend.idle:
                states = hinted(states, lambda: out.say(backend.idle), time.monotonic)
            for state in watched(states, backend.problems, time.monotonic, out):
                document.update(state)
                shown.show(state)
                _check_parts(backend, state)
        created = [attribute.name for attribute in checked.missing]
        done = Ingested(document, created, checked.unmapped_columns)
        tell(done)
        backend.release()
    return done


def _check_parts(backend: Backend, state: Document) -> None:
    """Raises `PartFailed` when nobody is left to finish the request."""
    if not Status(state["status"]).ended:
        try:
            backend.check_parts()
        except PartFailed as failed:
            raise PartFailed(f"{failed}; {_again(state)}") from None


def watched(
    states: Iterator[Document], problems: Callable[[], list[str]], seconds: Callable[[], float], out: Output
) -> Iterator[Document]:
    """`states`; while nothing moves, each new problem is shown. Raises `Unavailable` when one lasts."""
    shown: set[str] = set()
    moved_at, before = seconds(), None
    for state in states:
        yield state
        now, moved = seconds(), (state["status"], state["chunks_done"], state["chunks_total"])
        if moved != before:
            moved_at, before = now, moved
        elif now - moved_at > QUIET_SECONDS:
            present = problems()
            for problem in present:
                if problem not in shown:
                    out.say(f"Waiting: {problem}")
            shown.update(present)
            if present and now - moved_at > STALL_TIMEOUT_SECONDS:
                raise Unavailable(f"{present[0]}; {_again(state)}")


def _again(state: Document) -> str:
    return f"run the same command again to go on with {state['request_id']}"


def _checked(backend: Backend, file: UploadFile, order: UploadOrder, columns: Columns) -> CheckedUpload:
    """Check the file and what is asked of it, before anything is sent. Raises `Refused` with every fault."""
    try:
        return backend.check(file, order, columns)
    except Refused as refused:
        if refused.code != "no_mapping":
            raise
        missing = refusal(
            "no_mapping",
            f"the data source {order.data_source[:64]!r} has no saved mapping, and no --map says which column is which",
            "Add at least one identifier, such as --map crmid=crmid!",
        )
        raise BadUsage(missing.faults) from None
