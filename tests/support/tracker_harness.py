"""A status tracker on embedded stores, with a clock that the test sets and a mail server that does as it is told."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.adapters.embedded.event_log import EmbeddedEventLog
from penstock.application.consuming.worker_pool import WorkerPool
from penstock.application.requests.chunks import Chunks
from penstock.application.requests.requests import Requests
from penstock.domain.errors import PenstockError
from penstock.domain.event_codec import decode, encode
from penstock.domain.events import PROGRESS, STATUS, UPLOAD_REQUESTED, Event, Progress, StatusChanged, Step
from penstock.domain.requests.request import Request
from penstock.ports.control_store import Table
from penstock.ports.event_log import Message
from penstock.ports.mailer import Mailer
from services.status_tracker.announcer import Announcer
from services.status_tracker.notifier import Notifier
from services.status_tracker.outbox import Outbox
from services.status_tracker.reconcile import Reconciler
from services.status_tracker.tracker import Tracker
from tests.support.acceptance import TENANT, accept
from tests.support.manual_clock import ManualClock

QUIET_SECONDS = 60.0


class ScriptedMailer(Mailer):
    """Keeps what it is given, and raises the next of `script` before (or, for a lost reply, after) it does."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.script: list[PenstockError | None] = []

    def send(self, message: EmailMessage) -> None:
        outcome = self.script.pop(0) if self.script else None
        if outcome is None or outcome.code == "mail_in_doubt":
            self.messages.append(message)
        if outcome is not None:
            raise outcome

    def told(self) -> list[str]:
        return [f"{message['Subject']} to {message['To']}" for message in self.messages]


class TrackerHarness:
    """All parts of one status tracker, with a `crew` of so many."""

    def __init__(self, folder: Path, pool: int = 1) -> None:
        self.pool = WorkerPool(pool)
        self.clock = ManualClock()
        self.store = EmbeddedControlStore(folder / "control.db")
        self.store.put(Table.DATA_KEYS, TENANT, "general", "1", b"wrapped")  # what makes a tenant
        self.log = EmbeddedEventLog(folder / "events.db", self.clock)
        self.log.create_topics({PROGRESS: 2, STATUS: 1, UPLOAD_REQUESTED: 1})
        self.requests = Requests(self.store, self.clock)
        self.chunks = Chunks(self.store)
        self.outbox = Outbox(self.store)
        self.mailer = ScriptedMailer()
        self.start()

    def start(self) -> None:
        """The tracker's parts, as after a restart of its process."""
        self.announcer = Announcer(log=self.log, requests=self.requests, outbox=self.outbox, pool=self.pool)
        self.tracker = Tracker(requests=self.requests, announcer=self.announcer, pool=self.pool)
        self.notifier = Notifier(
            store=self.store,
            requests=self.requests,
            mailer=self.mailer,
            clock=self.clock,
            sender="penstock@mail.example",
        )
        self.reconciler = Reconciler(
            store=self.store,
            requests=self.requests,
            chunks=self.chunks,
            announcer=self.announcer,
            events=self.log,
            clock=self.clock,
            quiet_seconds=QUIET_SECONDS,
        )

    def accept(self, *notify: str, tenant_id: str = TENANT) -> Request:
        return accept(self.requests, *notify, tenant_id=tenant_id)

    def handle(self, request: Request, *steps: Step) -> Request:
        """Deliver `steps` of `request` as one batch; the request afterwards."""
        self.tracker.handle([delivered(request.tenant_id, request.request_id, step) for step in steps])
        return self.requests.get(TENANT, request.request_id)

    def published(self, topic: str) -> list[Event]:
        return [decode(topic, message.value) for message in self.log.read(topic, 0, 0, 1000)]

    def statuses(self) -> list[str]:
        return [event.status for event in self.published(STATUS) if isinstance(event, StatusChanged)]

    def close(self) -> None:
        self.log.close()
        self.store.close()


def delivered(tenant_id: str, request_id: str, step: Step) -> tuple[Message, Event]:
    event = Progress(tenant_id=tenant_id, request_id=request_id, step=step)
    return Message(PROGRESS, 0, 0, event.key, encode(event), 0), event
