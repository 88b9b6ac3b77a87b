"""Where `penstock ingest` has a file ingested: by the system of the settings, or by one elsewhere over HTTP."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Protocol

import msgspec

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.uploads.checking import CheckedUpload, check_upload
from penstock.config import Settings
from penstock.domain.errors import Refused
from penstock.domain.mapping.mapping import Limits
from penstock.domain.requests.request import Request
from penstock.runner.supervisor import Supervisor
from penstock.wiring import System, open_system
from penstock.wiring.use_cases import use_cases_of
from services.cli.client import UploadOrder
from services.cli.connecting import http_client
from services.cli.following import changes
from services.cli.http_client import HttpClient
from services.cli.local_caller import local_caller
from services.cli.output import Document, Output
from services.cli.progress import Progress
from services.cli.remote_catalog import RemoteCatalog
from services.cli.resumption import Resumption, command_hash, state_folder
from services.cli.upload_file import STDIN, UploadFile
from services.standalone.system import Standalone

LARGE_BYTES = 8_000_000  # from here on worker processes earn the time that they take to start
NO_LIMITS = Limits(  # what a server takes is for the server to say
    file_bytes=sys.maxsize, columns=sys.maxsize, cell_bytes=sys.maxsize, row_bytes=sys.maxsize, expansion=sys.maxsize
)


Columns = Sequence[ColumnSpec] | None  # of a mapping that is saved with the file


class Backend(Protocol):
    """A system that ingests a file. `idle` says what to look at when nobody takes a request up, nothing where that
    cannot be. `may_resume` says, after `begin`, whether the request may be one that the same command has begun before.
    """

    idle: str
    may_resume: bool

    def check(self, file: UploadFile, order: UploadOrder, columns: Columns) -> CheckedUpload:
        """All that can be known before the file is sent, with a mapping that is to be saved or with the one that is.
        Raises `Refused` with every fault."""
        ...

    def begin(self, file: UploadFile, order: UploadOrder, columns: Columns, shown: Progress) -> Document:
        """Store the file, with a mapping that is saved or with the one that is; the request, the same one for the
        same call until `release`. Raises `Refused`."""
        ...

    def changes(self, request_id: str) -> Iterator[Document]:
        """The request now, and again as it changes, until it has ended."""
        ...

    def problems(self) -> list[str]:
        """What keeps the system from going on, in sentences."""
        ...

    def check_parts(self) -> None:
        """Raises `PartFailed` when a part in this process has ended without which the request cannot go on."""
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
            yield SystemBackend(system, None, idle)
    else:
        with Standalone(settings, workers=_workers(settings, file.size)) as standalone:
            yield SystemBackend(standalone.system, standalone.supervisor, "")


@contextmanager
def open_elsewhere(url: str, key: str | None, out: Output) -> Iterator[Backend]:
    """The running system at `url`. Raises `BadUsage`."""
    with closing(http_client(url, key)) as client:
        yield HttpBackend(client, url, out)


class SystemBackend(Backend):
    """A system that this process has opened; `supervisor` is that of its parts, when they run in this process."""

    def __init__(self, system: System, supervisor: Supervisor | None, idle: str) -> None:
        self._system, self._supervisor = system, supervisor
        self._use_cases, self._caller = use_cases_of(system), local_caller(system.settings.tenant)
        self._begun: Request | None = None
        self.may_resume = True
        self.idle = idle

    def check(self, file: UploadFile, order: UploadOrder, columns: Columns) -> CheckedUpload:
        uploads = self._use_cases.uploads
        command = order.command(file.name, self._caller.name, columns=columns, create_source=True)
        return uploads.check(self._caller, command, file.head(uploads.limits))

    def begin(self, file: UploadFile, order: UploadOrder, columns: Columns, shown: Progress) -> Document:
        command = order.command(file.name, self._caller.name, columns=columns, create_source=True)
        shown.storing(file.size)
        self._begun = self._use_cases.uploads.resume_or_upload(self._caller, file.parts(shown.stored), command)
        return next(self.changes(self._begun.request_id))

    def changes(self, request_id: str) -> Iterator[Document]:
        return changes(lambda: self._use_cases.requests.get(self._caller, request_id), self._system.clock)

    def problems(self) -> list[str]:
        return self._supervisor.problems() if self._supervisor else []

    def check_parts(self) -> None:
        if self._supervisor:
            self._supervisor.check()

    def release(self) -> None:
        if self._begun is not None:
            self._use_cases.uploads.release(self._caller, self._begun)


class HttpBackend(Backend):
    """A running system elsewhere."""

    def __init__(self, client: HttpClient, url: str, out: Output) -> None:
        self._client, self._url, self._out = client, url, out
        self._resumption: Resumption | None = None
        self.may_resume = False
        self.idle = "Nobody has taken it up yet. Do all services of the system run? Its /readyz tells."

    def check(self, file: UploadFile, order: UploadOrder, columns: Columns) -> CheckedUpload:
        command = order.command(file.name, "", columns=columns, create_source=True)
        return check_upload(command, RemoteCatalog(self._client), NO_LIMITS, file.head(NO_LIMITS))

    def begin(self, file: UploadFile, order: UploadOrder, columns: Columns, shown: Progress) -> Document:
        self._resumption = self._resuming(file, order, columns or ())
        key = self._resumption.key if self._resumption else None
        self.may_resume = self._resumption is not None and self._resumption.kept
        try:
            return self._client.upload_once(file, order, shown, columns=columns or (), idempotency_key=key)
        except Refused:
            self.release()
            raise

    def changes(self, request_id: str) -> Iterator[Document]:
        return self._client.changes(request_id)

    def problems(self) -> list[str]:
        return self._client.problems()

    def check_parts(self) -> None:
        """The server replaces its own."""

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


def _workers(settings: Settings, size: int | None) -> int:
    """What was asked for, or one process per core for a large file and none of their own for a small one."""
    if settings.workers or (size is not None and size < LARGE_BYTES):
        return settings.workers
    return os.cpu_count() or 1
