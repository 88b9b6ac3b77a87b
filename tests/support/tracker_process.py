"""A status tracker as a process of its own, which a fault test kills: `python -m tests.support.tracker_process …`.

Handles all progress events that are there, reconciles, sends all e-mails that are due, and ends.
"""

from __future__ import annotations

import sys
from pathlib import Path

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.adapters.embedded.event_log import EmbeddedEventLog
from penstock.adapters.smtp_mailer import Security, SmtpMailer, SmtpServer
from penstock.adapters.system_clock import SystemClock
from penstock.application.consuming.consume_loop import ConsumeLoop
from penstock.application.consuming.worker_pool import WorkerPool
from penstock.application.requests.chunks import Chunks
from penstock.application.requests.requests import Requests
from penstock.domain.events import PROGRESS
from penstock.ports.clock import Clock
from services.status_tracker.announcer import Announcer
from services.status_tracker.notifier import Notifier
from services.status_tracker.outbox import Outbox
from services.status_tracker.reconcile import Reconciler
from services.status_tracker.tracker import Tracker

GROUP = "penstock.trackers"
BATCH = 5  # events, so that a few requests make several batches


class ShiftedClock(SystemClock):
    """The machine's clock, `seconds` ahead."""

    def __init__(self, seconds: int) -> None:
        self._shift_us = seconds * 1_000_000

    def now_us(self) -> int:
        return super().now_us() + self._shift_us


def main(folder: Path, smtp_port: int, clock_seconds: int) -> None:
    clock = ShiftedClock(clock_seconds)
    store = EmbeddedControlStore(folder / "control.db")
    log = EmbeddedEventLog(folder / "events.db", clock)
    requests = Requests(store, clock)
    pool = WorkerPool()
    announcer = Announcer(log=log, requests=requests, outbox=Outbox(store), pool=pool)
    handle_all(log, Tracker(requests=requests, announcer=announcer, pool=pool), clock)
    Reconciler(
        store=store,
        requests=requests,
        chunks=Chunks(store),
        announcer=announcer,
        events=log,
        clock=clock,
        quiet_seconds=86_400,
    ).reconcile()
    mailer = SmtpMailer(SmtpServer(host="127.0.0.1", port=smtp_port, security=Security.NONE))
    notifier = Notifier(store=store, requests=requests, mailer=mailer, clock=clock, sender="penstock@mail.example")
    while notifier.send_due():
        pass


def handle_all(log: EmbeddedEventLog, tracker: Tracker, clock: Clock) -> None:
    loop = ConsumeLoop(log=log, group=GROUP, topics=[PROGRESS], handle=tracker.handle, clock=clock, max_messages=BATCH)
    while log.lag(GROUP, PROGRESS):
        loop.run_once()
    loop.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
