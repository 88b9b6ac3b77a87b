"""One simulated life of the whole embedded system: a seed decides all that happens, and a check at the end.

Real services on the real embedded adapters; time, delivery, duplicates, deaths and people's doings come from the
seed. A death raises `Killed` at a failpoint: the service is gone as it stands, and a new one starts on what is on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

from msgspec.structs import replace

from penstock import failpoints
from penstock.adapters.embedded.event_log import EmbeddedEventLog
from penstock.application.delivery.email_channel import EmailChannel
from penstock.application.uploads.resubmit import CorrectedFile
from penstock.application.uploads.upload_command import UploadCommand
from penstock.config import Settings
from penstock.domain.access.permissions import Role
from penstock.domain.catalog.attribute_changes import AttributeChange
from penstock.domain.errors import Refused
from penstock.domain.files.line_set import LineSet
from penstock.domain.mapping.mapping import ColumnMapping, Mode
from penstock.domain.requests.hold import HOLD_DAYS
from penstock.domain.requests.request import Request, Status
from penstock.wiring import System, embedded
from penstock.wiring.uploads import draft_sweeper_of, expiry_sweeper_of, intake_of
from penstock.wiring.use_cases import use_cases_of
from services.row_processor.main import dispatching, worker_loops
from services.status_tracker.main import notifiers, reconciler, tracker_loop
from tests.simulation import files
from tests.simulation.shaky_log import ShakyLog
from tests.support.access import caller
from tests.support.manual_clock import FUTURE_US, ManualClock

TENANT = "default"
SOURCES = ("crm", "store_pos")
CHUNK_BYTES = 480  # at most; files are cut into chunks of a handful of rows
SESSION_SECONDS = 10.0
QUIET_SECONDS = 30.0
STEPS = 120
MOST_STEPS_TO_FINISH = 3_000
MOST_UPLOADS = 8
UPLOADER = caller(Role.ADMIN, tenant_id=TENANT)


Act = Callable[[], object]


class Killed(BaseException):
    """What SIGKILL is to a process."""


@dataclass
class Sent:
    """A file as its uploader knows it; `request_id` is "" until it has an answer, `after` the newest one before."""

    number: int
    body: bytes
    packed: bytes
    columns: tuple[ColumnMapping, ...]
    command: UploadCommand
    after: str
    root: Sent | None = None  # whose rows it corrects
    in_parts: bool = False
    file_id: str = ""  # of its draft
    request_id: str = ""


@dataclass
class SimulatedSystem:
    folder: Path
    seed: int
    random: Random = field(init=False)
    clock: ManualClock = field(default_factory=lambda: ManualClock(FUTURE_US))
    uploads: list[Sent] = field(default_factory=list)
    undone: set[str] = field(default_factory=set)
    kills: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        settings = Settings(data=self.folder, chunk_bytes=CHUNK_BYTES, session_timeout_seconds=SESSION_SECONDS)
        system = embedded(settings, clock=self.clock, random=self.random.randbytes)
        assert isinstance(system.log, EmbeddedEventLog)
        self.log = ShakyLog(system.log, self.random)
        self.system: System = system._replace(log=self.log)  # type: ignore[arg-type]
        for attribute in files.ATTRIBUTES.values():
            if attribute.name not in ("crmid", "email"):
                system.catalog.create_attribute(TENANT, attribute)
        for source in SOURCES:
            system.catalog.create_source(TENANT, source)
        self._makers: dict[str, Callable[[], Act]] = {
            "uploader": lambda: self._upload,
            "dispatcher 1": self._dispatcher,
            "dispatcher 2": self._dispatcher,
            "worker 1": self._worker,
            "worker 2": self._worker,
            "tracker": lambda: partial(tracker_loop(self.system).run_once, 0),
            "notifier 1": self._notifier,
            "notifier 2": self._notifier,  # both own all tenants, as for a moment when owners change
            "reconciler 1": self._reconciler,
            "reconciler 2": self._reconciler,
            "upkeep": lambda: self._tidy_up,
            "person": lambda: self._meddle,
        }
        self._actors: dict[str, Act] = {}

    def _notifier(self) -> Act:
        return notifiers(self.system)[EmailChannel.name].deliver_due

    def _reconciler(self) -> Act:
        return reconciler(self.system, QUIET_SECONDS).reconcile

    def _dispatcher(self) -> Act:
        parts = dispatching(self.system, QUIET_SECONDS)

        def act() -> None:
            parts.loop.run_once(0)
            parts.dispatcher.dispatch()

        return act

    def _worker(self) -> Act:
        loops = worker_loops(self.system)

        def act() -> None:
            for loop in self.random.sample(loops, len(loops)):
                loop.run_once(0)

        return act

    def live(self) -> None:
        """Faults first, then calm, until everything has come to its end."""
        for _ in range(STEPS):
            self._step(self.random.choice(list(self._makers)), deadly=self.random.random() < 0.25)
            self.clock.advance(self.random.choice([0.01, 0.5, 3.0]))
            if self.random.random() < 0.02:
                self.clock.jump(self.random.choice([-3600, 3600]))
        self.log.calm = True
        self._finish()

    def _step(self, name: str, *, deadly: bool) -> None:
        try:
            with self._death(deadly):
                if name not in self._actors:
                    self._actors[name] = self._makers[name]()
                self._actors[name]()
        except Killed:
            self.kills += 1
            self._actors.pop(name, None)  # its membership lapses as a dead process's does

    @contextmanager
    def _death(self, deadly: bool) -> Iterator[None]:
        passes = self.random.randint(1, 4) if deadly else 0
        count = 0

        def hook(_name: str) -> None:
            nonlocal count
            count += 1
            if count == passes:
                raise Killed

        with failpoints.installed(hook):
            yield

    def _finish(self) -> None:
        everyone = [name for name in self._makers if name != "person"]
        for _ in range(MOST_STEPS_TO_FINISH):
            for name in everyone:
                self._step(name, deadly=False)
            self.clock.advance(1.0)
            if self._all_ended():
                return
            if self.random.random() < 0.05 and all(upload.request_id for upload in self.uploads):
                self._decide()  # and so keys may expire: nobody sends a file again
        raise AssertionError(f"not finished: {[(u.number, self._status(u)) for u in self.uploads]}")

    def _all_ended(self) -> bool:
        return all(self._status(upload) == "ended" for upload in self.uploads) and not any(
            self.system.requests.markers.list(TENANT)
        )

    def _status(self, upload: Sent) -> str:
        if not upload.request_id:
            return "not accepted"
        request = self.system.requests.get(TENANT, upload.request_id)
        return "ended" if request.status.ended else str(request.status)

    def _decide(self) -> None:
        """Somebody decides about a held request, or nobody does and the holds expire."""
        held = [upload.request_id for upload in self.uploads if self._status(upload) == Status.HELD]
        if not held:
            return
        act = self.random.choice([self.system.requests.cancel, self.system.requests.approve, None])
        if act is None:
            self.clock.jump(HOLD_DAYS * 86_400)
        else:
            act(TENANT, self.random.choice(held))

    def _upload(self) -> None:
        """Send a new file, or one again whose acceptance was never confirmed, with the same idempotency key."""
        waiting = [upload for upload in self.uploads if not upload.request_id]
        if not waiting and not self.log.calm and len(self.uploads) < MOST_UPLOADS:
            self.uploads.append(self._new_child() or self._new_file())
            waiting = self.uploads[-1:]
        for upload in waiting[:1]:
            try:
                upload.request_id = self._send(upload).request_id
            except Refused as refused:
                if refused.code == "file_expired":
                    upload.file_id = ""  # send it again from the beginning
                else:
                    self.uploads.remove(upload)

    def _send(self, upload: Sent) -> Request:
        key = f"key-{upload.number}"
        if upload.in_parts:
            return self._send_in_parts(upload, key)
        parts = [upload.packed[at : at + 50] for at in range(0, len(upload.packed), 50)]
        if upload.root is None:
            return intake_of(self.system).upload(TENANT, parts, upload.command, idempotency_key=key)
        use_cases = use_cases_of(self.system)
        stored = use_cases.uploads.store(UPLOADER, parts)
        file = CorrectedFile(stored, upload.command.file_name, force=True)
        root_id = upload.root.request_id
        return use_cases.requests.resubmit_file(UPLOADER, root_id, file, idempotency_key=key).request

    def _send_in_parts(self, upload: Sent, key: str) -> Request:
        """Continue where the last attempt was cut off, as the API does."""
        use_cases, name, length = use_cases_of(self.system), upload.command.file_name, len(upload.packed)
        drafts = use_cases.drafts
        if not upload.file_id:
            upload.file_id = drafts.create(UPLOADER, length=length, file_name=name, metadata="").file_id
        draft = drafts.get(UPLOADER, upload.file_id)
        while not draft.complete:
            piece = upload.packed[draft.offset : draft.offset + self.random.randint(1, 300)]
            draft = drafts.append(UPLOADER, upload.file_id, draft.offset, iter([piece]))
        draft = drafts.claim(UPLOADER, upload.file_id, key)
        if draft.request_id is None:
            stored = drafts.store(UPLOADER, draft)
            accepted = use_cases.uploads.accept(UPLOADER, stored, upload.command, idempotency_key=key)
            drafts.finish(UPLOADER, upload.file_id, accepted.request.request_id, {})
            return accepted.request
        return use_cases.requests.get(UPLOADER, draft.request_id)

    def _new_child(self) -> Sent | None:
        """Corrections of a completed file, if somebody makes some."""
        roots = [each for each in self.uploads if each.root is None and self._counts(each)]
        if not roots or self.random.random() < 0.4:
            return None
        root = self.random.choice(roots)
        body = files.corrected(self.random, root.body, self._lines_to_correct(root))
        return self._sent(body, root.columns, replace(root.command, file_name="corrected.tsv"), root)

    def _counts(self, upload: Sent) -> bool:
        stored = self.system.requests.stored_each(TENANT, [upload.request_id] if upload.request_id else [])
        return any(each.request.status is Status.COMPLETED for each in stored)

    def _lines_to_correct(self, root: Sent) -> list[int]:
        lines = self.system.chunks.lines(TENANT, root.request_id)
        found = [LineSet(*(each.rejected for each in lines)), LineSet(*(each.dropped for each in lines))]
        return [line for line in range(1, root.body.count(b"\n") + 3) if any(line in each for each in found)]

    def _tidy_up(self) -> None:
        draft_sweeper_of(self.system).sweep()
        expiry_sweeper_of(self.system).sweep()

    def _new_file(self) -> Sent:
        columns = files.mapping(self.random)
        body = files.tsv(self.random, columns)
        source = self.random.choice(SOURCES)
        mapping = self.system.catalog.save_mapping(TENANT, source, columns)
        command = UploadCommand(
            data_source=source,
            file_name="file.tsv",
            uploaded_by="simulation",
            mode=self.random.choice([Mode.UPSERT, Mode.UPSERT, Mode.REPLACE]),
            as_of=self.random.choice([None, None, self.clock.now_us() - self.random.randrange(10**14)]),
            max_rejects=self.random.choice([None, "0", "25%", "100%"]),
            notify=("one@example.org", "two@example.org"),
            mapping=mapping,
            force=True,  # bodies may be alike by chance
        )
        return self._sent(body, columns, command)

    def _sent(
        self, body: bytes, columns: tuple[ColumnMapping, ...], command: UploadCommand, root: Sent | None = None
    ) -> Sent:
        number = self.uploads[-1].number + 1 if self.uploads else 1
        newest = max((upload.request_id for upload in self.uploads), default="")
        in_parts = root is None and self.random.random() < 0.4
        packed = files.packed(self.random, body)
        return Sent(number, body, packed, columns, command, newest, root=root, in_parts=in_parts)

    def _prefer(self) -> None:
        """Let an attribute prefer some of the data sources that exist."""
        known = {each.name for each in self.system.catalog.data_sources.all(TENANT)}
        sources = tuple(self.random.sample(sorted(known), min(2, len(known))))
        change = AttributeChange(preferred_sources=sources)
        use_cases_of(self.system).catalog.edit_attribute(UPLOADER, self.random.choice(["note", "points"]), change)

    def _meddle(self) -> None:
        """Cancel, approve or undo something, as a person would; a refusal is an answer too."""
        known = [upload for upload in self.uploads if upload.request_id]
        if not known or self.random.random() < 0.6:
            return
        request_id = self.random.choice(known).request_id
        requests = self.system.requests
        if self.random.random() < 0.2:
            self._prefer()
            return
        act = self.random.choice([requests.cancel, requests.approve, requests.undo])
        try:
            act(TENANT, request_id)
        except Refused:
            return
