"""Where `penstock ingest` has a file ingested: by the system of the settings, or by one elsewhere over HTTP."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from typing import NamedTuple, Protocol

import msgspec

from penstock.application.catalog.column_specs import ColumnSpec, ResolvedColumns, save_mapping
from penstock.application.uploads.intake import Intake
from penstock.application.uploads.upload_command import UploadCommand
from penstock.config import Settings
from penstock.domain.errors import Refused, refusal
from penstock.domain.mapping.attributes import Attribute
from penstock.domain.mapping.mapping import ColumnMapping, Limits, WritePolicy
from penstock.domain.mapping.mapping import Mapping as SavedMapping
from penstock.wiring import System, open_system
from penstock.wiring.uploads import intake_of
from services.cli.client import UploadOrder
from services.cli.connecting import http_client
from services.cli.following import changes
from services.cli.http_client import HttpClient
from services.cli.local_user import local_user
from services.cli.output import Document, Output
from services.cli.progress import Progress
from services.cli.resumption import Resumption, command_hash, state_folder
from services.cli.upload_file import STDIN, UploadFile
from services.standalone.system import Standalone

LARGE_BYTES = 8_000_000  # from here on worker processes earn the time that they take to start
_NO_LIMITS = Limits(  # what a server takes is for the server to say
    file_bytes=sys.maxsize, columns=sys.maxsize, cell_bytes=sys.maxsize, row_bytes=sys.maxsize, expansion=sys.maxsize
)


class NewMapping(NamedTuple):
    """A mapping that is saved with the file: as it was typed, and what that comes to."""

    columns: Sequence[ColumnSpec]
    wanted: ResolvedColumns


class Backend(Protocol):
    """A system that ingests a file. `limits` are what the header is judged by before anything is sent; `idle` says what
    to look at when nobody takes a request up, nothing where that cannot be. `may_resume` says, after `begin`, whether
    the request may be one that the same command has begun before."""

    limits: Limits
    idle: str
    may_resume: bool

    def sources(self) -> list[Document]: ...

    def attributes(self) -> Mapping[str, Attribute]: ...

    def mapping(self, source: str) -> SavedMapping:
        """The saved mapping. Raises `NotFound`."""
        ...

    def begin(self, file: UploadFile, order: UploadOrder, new: NewMapping | None, shown: Progress) -> Document:
        """Store the file, with a mapping that is saved or with the one that is; the request, the same one for the
        same call until `release`. Raises `Refused`."""
        ...

    def changes(self, request_id: str) -> Iterator[Document]:
        """The request now, and again as it changes, until it has ended."""
        ...

    def problems(self) -> list[str]:
        """What keeps the system from going on, in sentences."""
        ...

    def release(self) -> None:
        """The end of the request was shown: the same file once more is a new request."""
        ...


OpenBackend = Callable[[UploadFile, Output], AbstractContextManager[Backend]]


@contextmanager
def open_here(settings: Settings, file: UploadFile) -> Iterator[Backend]:
    """The embedded system, started for this file, or the servers of the cluster, whose services run elsewhere."""
    if settings.runtime == "cluster":
        idle = "Nobody has taken it up yet. Do the services run? penstock splitter, worker, tracker"
        with closing(open_system(settings)) as system:
            yield SystemBackend(system, intake_of(system), list, idle)
    else:
        with Standalone(settings, workers=_workers(settings, file.size)) as standalone:
            yield SystemBackend(standalone.system, standalone.intake, standalone.problems, "")


@contextmanager
def open_elsewhere(url: str, key: str | None, out: Output) -> Iterator[Backend]:
    """The running system at `url`. Raises `BadUsage`."""
    with closing(http_client(url, key)) as client:
        yield HttpBackend(client, url, out)


class SystemBackend(Backend):
    """A system that this process has opened."""

    def __init__(self, system: System, intake: Intake, problems: Callable[[], list[str]], idle: str) -> None:
        self._system, self._intake, self._problems = system, intake, problems
        self._tenant_id = system.settings.tenant
        self._begun = ""  # the request's id
        self.may_resume = True
        self.limits, self.idle = system.limits, idle

    def sources(self) -> list[Document]:
        return [msgspec.to_builtins(each) for each in self._system.catalog.sources(self._tenant_id)]

    def attributes(self) -> Mapping[str, Attribute]:
        return self._system.catalog.attributes(self._tenant_id)

    def mapping(self, source: str) -> SavedMapping:
        return self._system.catalog.mapping(self._tenant_id, source)

    def begin(self, file: UploadFile, order: UploadOrder, new: NewMapping | None, shown: Progress) -> Document:
        catalog, source = self._system.catalog, order.data_source
        if new:
            catalog.create_source(self._tenant_id, source)
        mapping = save_mapping(catalog, self._tenant_id, source, new.wanted) if new else self.mapping(source)
        form = UploadCommand(
            data_source=source,
            file_name=file.name,
            uploaded_by=local_user(),
            mode=order.mode,
            segment=order.segment,
            notify=order.notify,
            mapping=mapping,
        )
        shown.storing(file.size)
        request = self._intake.resume_or_upload(self._tenant_id, file.parts(shown.stored), form)
        self._begun = request.request_id
        return next(self.changes(self._begun))

    def changes(self, request_id: str) -> Iterator[Document]:
        return changes(self._system.requests, self._system.clock, self._tenant_id, request_id)

    def problems(self) -> list[str]:
        return self._problems()

    def release(self) -> None:
        self._intake.release(self._system.requests.get(self._tenant_id, self._begun))


class HttpBackend(Backend):
    """A running system elsewhere."""

    limits = _NO_LIMITS

    def __init__(self, client: HttpClient, url: str, out: Output) -> None:
        self._client, self._url, self._out = client, url, out
        self._resumption: Resumption | None = None
        self.may_resume = False
        self.idle = "Nobody has taken it up yet. Do all services of the system run? Its /readyz tells."

    def sources(self) -> list[Document]:
        return self._client.sources()

    def attributes(self) -> Mapping[str, Attribute]:
        return self._client.known_attributes()

    def mapping(self, source: str) -> SavedMapping:
        found = self._client.mapping(source)
        return SavedMapping(data_source=source, version=found["version"], columns=tuple(map(_column, found["columns"])))

    def begin(self, file: UploadFile, order: UploadOrder, new: NewMapping | None, shown: Progress) -> Document:
        columns = new.columns if new else ()
        self._resumption = self._resuming(file, order, columns)
        key = self._resumption.key if self._resumption else None
        self.may_resume = self._resumption is not None and self._resumption.kept
        if new:
            self._client.create_source(order.data_source, "")
        try:
            return self._client.upload_once(file, order, shown, columns=columns, idempotency_key=key)
        except Refused as refused:
            self.release()
            if refused.code == "idempotency_key_reused":
                message = "an upload of this file was broken off, and the mapping has changed since"
                raise refusal(refused.code, message, "Run the same command again: it uploads the file anew.") from None
            raise

    def changes(self, request_id: str) -> Iterator[Document]:
        return self._client.changes(request_id)

    def problems(self) -> list[str]:
        return self._client.problems()

    def release(self) -> None:
        if self._resumption is not None:
            self._resumption.forget()

    def _resuming(self, file: UploadFile, order: UploadOrder, columns: Sequence[ColumnSpec]) -> Resumption | None:
        """None where the same upload could not be recognised."""
        if file.path == STDIN:
            return None
        arguments = msgspec.json.encode([self._url, order, columns])
        try:
            return Resumption(state_folder(), command_hash(file.path, arguments))
        except OSError as error:
            self._out.say(
                f"Stopped, this upload would begin anew: {state_folder()} cannot be written ({error.strerror}). "
                "Set XDG_STATE_HOME to a folder that can."
            )
            return None


def _column(document: Document) -> ColumnMapping:
    """As far as a header is judged by it."""
    return ColumnMapping(
        column=document["column"],
        attribute=document["attribute"],
        identifier=document["identifier"],
        policy=WritePolicy(document["policy"]),
    )


def _workers(settings: Settings, size: int | None) -> int:
    """What was asked for, or one process per core for a large file and none of their own for a small one."""
    if settings.workers or (size is not None and size < LARGE_BYTES):
        return settings.workers
    return os.cpu_count() or 1
