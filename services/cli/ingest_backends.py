"""The systems that can ingest a file for `penstock ingest`: the one of the settings, or a remote one over HTTP."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Protocol

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.health.dependencies import Dependencies
from penstock.application.requests.requests import Accepted
from penstock.application.uploads.checking import CheckedUpload, check_upload
from penstock.application.uploads.inspection import inspect
from penstock.application.uploads.resubmit import CorrectedFile
from penstock.application.uploads.review import Review, accept_for, review
from penstock.application.uploads.suggesting import AcceptedSuggestions
from penstock.application.uploads.upload_command import not_notified
from penstock.client import Client
from penstock.client.catalog import NO_LIMITS, RemoteCatalog
from penstock.client.resumption import KeptResumption, Resumption, state_folder
from penstock.client.upload_order import UploadOrder
from penstock.config import Settings
from penstock.documents.checks import check_view
from penstock.documents.requests import detailed_view
from penstock.domain.errors import Refused
from penstock.domain.files.tabular_format import FileOptions
from penstock.domain.requests.request import Request
from penstock.runner.supervisor import Supervisor
from penstock.wiring import System, open_system
from penstock.wiring.use_cases import use_cases_of
from services.cli.following import changes
from services.cli.local_caller import local_caller
from services.cli.output import Document, Output
from services.cli.progress import Progress
from services.cli.upload_file import UploadFile
from services.standalone.system import Standalone

LARGE_BYTES = 8_000_000  # a larger file is worth the time that worker processes take to start
Columns = Sequence[ColumnSpec] | None  # of a mapping that is saved with the file


class Backend(Protocol):
    """A system that ingests a file. `idle` is the message for a request that does not start, empty if that cannot
    happen. `may_resume` says, after `begin`, whether the same command may have begun the request before."""

    idle: str
    may_resume: bool

    def file_options(self, order: UploadOrder) -> FileOptions:
        """How the file is read: as the order says, or else as the files of its data source are."""
        ...

    def check(self, file: UploadFile, order: UploadOrder, columns: Columns) -> CheckedUpload:
        """Check everything that can be checked before the file is sent, with a new mapping or the saved one.
        Raises `Refused` with every fault."""
        ...

    def review(self, file: UploadFile, source: str) -> Review:
        """The file with a suggested mapping."""
        ...

    def suggest(self, file: UploadFile, source: str, confidence: float, by_hand: Columns) -> AcceptedSuggestions:
        """A mapping of suggestions of at least `confidence`, and of the columns mapped by hand. Raises `Refused`."""
        ...

    def dry_run(self, file: UploadFile, order: UploadOrder, columns: Columns, progress: Progress) -> Document:
        """A dry run of the file; stores nothing. Raises `Refused`."""
        ...

    def begin(self, file: UploadFile, order: UploadOrder, columns: Columns, progress: Progress) -> Document:
        """Store the file, with a new mapping or the saved one. Returns the request: the same one for the same call
        until `release`. `duplicate` in it: the same file had led to it before, and it does not notify `not_notified`.
        Raises `Refused`."""
        ...

    def request(self, request_id: str) -> Document:
        """The current request, with the delivery of its e-mails."""
        ...

    def resubmit(self, request_id: str, file: UploadFile | None, progress: Progress, *, force: bool) -> Document:
        """The child request for a corrected file, or for rows that were set aside: the same one for the same rows while
        that runs or counts (`duplicate` in it), unless with `force`. Raises `Refused`."""
        ...

    def changes(self, request_id: str) -> Iterator[Document]:
        """The request now, and again as it changes, until it has ended."""
        ...

    def problems(self) -> list[str]:
        """The problems for which the system waits, in sentences."""
        ...

    def check_parts(self) -> None:
        """Raises `PartFailed` when a part in this process has ended without which the request cannot go on."""
        ...

    def release(self) -> None:
        """The end of the request was shown: the same file again is a new request."""
        ...


OpenBackend = Callable[[UploadFile | None, Output], AbstractContextManager[Backend]]


@contextmanager
def open_local(settings: Settings, file: UploadFile | None) -> Iterator[Backend]:
    """The embedded system, started for this file, or the servers of the cluster, whose services run elsewhere."""
    if settings.runtime == "cluster":
        idle = "The request has not started yet. Are the services running? penstock dispatcher, worker, tracker"
        dependencies = Dependencies(changed=lambda _: None)  # the command says what it waits for
        with closing(open_system(settings, dependencies)) as system, closing(Supervisor(dependencies)) as supervisor:
            supervisor.start([system.prober()])
            yield SystemBackend(system, supervisor, idle)
    else:
        with Standalone(settings, workers=_workers(settings, file.size if file else 0)) as standalone:
            yield SystemBackend(standalone.system, standalone.supervisor, "")


@contextmanager
def open_without_services(settings: Settings) -> Iterator[Backend]:
    """The system of the settings, of which a dry run needs no service."""
    with closing(open_system(settings)) as system:
        yield SystemBackend(system, None, "")


@contextmanager
def open_remote(url: str, key: str | None, out: Output) -> Iterator[Backend]:
    """The remote system at `url`. Raises `Misconfigured`."""
    with Client(url, key) as client:
        yield HttpBackend(client, out)


class SystemBackend(Backend):
    """A system that this process has opened; `supervisor` is that of its parts, when they run in this process."""

    def __init__(self, system: System, supervisor: Supervisor | None, idle: str) -> None:
        self._system, self._supervisor = system, supervisor
        self._use_cases, self._caller = use_cases_of(system), local_caller(system.settings.tenant)
        self._begun: Request | None = None
        self.may_resume = True
        self.idle = idle

    def file_options(self, order: UploadOrder) -> FileOptions:
        return self._use_cases.uploads.file_options(self._caller, order.data_source, order.file_options)

    def check(self, file: UploadFile, order: UploadOrder, columns: Columns) -> CheckedUpload:
        uploads = self._use_cases.uploads
        command = order.command(file.name, self._caller.name, columns=columns, create_source=True)
        return uploads.check(self._caller, command, file.head(uploads.limits))

    def review(self, file: UploadFile, source: str) -> Review:
        uploads = self._use_cases.uploads
        return uploads.review(self._caller, uploads.inspect(self._caller, file.sampled_parts(), file.options), source)

    def suggest(self, file: UploadFile, source: str, confidence: float, by_hand: Columns) -> AcceptedSuggestions:
        uploads = self._use_cases.uploads
        inspection = uploads.inspect(self._caller, file.sampled_parts(), file.options)
        return uploads.suggest(self._caller, inspection, source, confidence, by_hand or ())

    def dry_run(self, file: UploadFile, order: UploadOrder, columns: Columns, progress: Progress) -> Document:
        command = order.command(file.name, self._caller.name, columns=columns, create_source=True)
        progress.storing(file.size)
        run = self._use_cases.uploads.dry_run(self._caller, file.parts(progress.stored), command)
        document: Document = {**check_view(run)}
        return document

    def begin(self, file: UploadFile, order: UploadOrder, columns: Columns, progress: Progress) -> Document:
        command = order.command(file.name, self._caller.name, columns=columns, create_source=True)
        progress.storing(file.size)
        accepted = self._use_cases.uploads.resume_or_upload(self._caller, file.parts(progress.stored), command)
        self._begun = accepted.request
        ignored = not_notified(command, accepted.request.notify)
        found = self.request(accepted.request.request_id)
        return {**found, "duplicate": accepted.duplicate, "not_notified": ignored}

    def resubmit(self, request_id: str, file: UploadFile | None, progress: Progress, *, force: bool) -> Document:
        requests, uploads = self._use_cases.requests, self._use_cases.uploads
        if file is None:
            return self._child(requests.resubmit(self._caller, request_id))
        requests.check_root(self._caller, request_id)
        progress.storing(file.size)
        stored = uploads.store(self._caller, file.parts(progress.stored), file.options)
        corrected = CorrectedFile(stored, file.name, file.options.encoding, force)
        return self._child(requests.resubmit_file(self._caller, request_id, corrected))

    def _child(self, accepted: Accepted) -> Document:
        return {**self.request(accepted.request.request_id), "duplicate": accepted.duplicate}

    def request(self, request_id: str) -> Document:
        request = self._use_cases.requests.get(self._caller, request_id)
        view = detailed_view(self._use_cases.requests, self._caller, request, self._system.clock.now_us())
        document: Document = {**view}
        return document

    def changes(self, request_id: str) -> Iterator[Document]:
        return changes(self._use_cases.requests, self._caller, request_id, self._system.clock)

    def problems(self) -> list[str]:
        return self._supervisor.problems() if self._supervisor else []

    def check_parts(self) -> None:
        if self._supervisor:
            self._supervisor.check()

    def release(self) -> None:
        if self._begun is not None:
            self._use_cases.uploads.release(self._caller, self._begun)


class HttpBackend(Backend):
    """A remote system, over HTTP."""

    def __init__(self, client: Client, out: Output) -> None:
        self._client, self._out = client, out
        self._resumption = Resumption()
        self.may_resume = False
        self.idle = "The request has not started yet. Are all services of the system running? Check its /readyz."

    def file_options(self, order: UploadOrder) -> FileOptions:
        source = RemoteCatalog(self._client).find_source(order.data_source)
        return order.file_options if source is None else source.file_options(order.file_options)

    def check(self, file: UploadFile, order: UploadOrder, columns: Columns) -> CheckedUpload:
        command = order.command(file.name, "", columns=columns, create_source=True)
        return check_upload(command, RemoteCatalog(self._client), NO_LIMITS, file.head(NO_LIMITS))

    def review(self, file: UploadFile, source: str) -> Review:
        return review(
            inspect(file.sampled_parts(), NO_LIMITS, file.options), RemoteCatalog(self._client), NO_LIMITS, source
        )

    def suggest(self, file: UploadFile, source: str, confidence: float, by_hand: Columns) -> AcceptedSuggestions:
        inspection = inspect(file.sampled_parts(), NO_LIMITS, file.options)
        return accept_for(inspection, RemoteCatalog(self._client), NO_LIMITS, source, confidence, by_hand or ())

    def dry_run(self, file: UploadFile, order: UploadOrder, columns: Columns, progress: Progress) -> Document:
        return {**self._client.check(file, order, progress, columns or ())}

    def begin(self, file: UploadFile, order: UploadOrder, columns: Columns, progress: Progress) -> Document:
        columns = columns or ()
        self._resumption = self._client.resumption(file, order, columns)
        self._warn_unless_kept(file)
        self.may_resume = self._resumption.kept
        try:
            request = self._client.resume(file, order, self._resumption, progress, columns)
        except Refused:
            self.release()
            raise
        return {**request}

    def resubmit(self, request_id: str, file: UploadFile | None, progress: Progress, *, force: bool) -> Document:
        if file is None:
            return {**self._client.resubmit(request_id)}
        return {**self._client.resubmit(request_id, file, progress, encoding=file.options.encoding, force=force)}

    def request(self, request_id: str) -> Document:
        return self._client.request(request_id)

    def changes(self, request_id: str) -> Iterator[Document]:
        return self._client.changes(request_id)

    def problems(self) -> list[str]:
        return self._client.problems()

    def check_parts(self) -> None:
        """The server looks after its own parts."""

    def release(self) -> None:
        self._resumption.forget()

    def _warn_unless_kept(self, file: UploadFile) -> None:
        if file.size is not None and not isinstance(self._resumption, KeptResumption):
            self._out.say(
                f"If this command is killed, it will start from the beginning: {state_folder()} cannot be written. "
                "Set XDG_STATE_HOME to a writable folder."
            )


def _workers(settings: Settings, size: int | None) -> int:
    """The number that is set; otherwise one process per core for a large file, and none for a small one."""
    if settings.workers or (size is not None and size < LARGE_BYTES):
        return settings.workers
    return os.cpu_count() or 1
