"""The status tracker: folds progress, announces what is new, sends e-mails, looks after requests that stand still."""

from __future__ import annotations

from penstock.application.consuming.consume_loop import ConsumeLoop
from penstock.application.consuming.worker_pool import WorkerPool
from penstock.application.health.probing import Prober
from penstock.domain.events import PROGRESS
from penstock.runner.part_runner import Part
from penstock.runner.periodic import Periodic
from penstock.wiring import System
from services.status_tracker.announcer import Announcer
from services.status_tracker.notifier import Notifier
from services.status_tracker.outbox import Outbox
from services.status_tracker.reconcile import Reconciler
from services.status_tracker.tracker import Tracker

TRACKERS = "penstock.trackers"
POOL_SIZE = 8  # requests at once in the cluster: each waits for Cassandra most of the time
BATCH_EVENTS = 500
MAIL_SECONDS = 1.0
RECONCILE_SECONDS = 10.0
QUIET_SECONDS = 60.0


def tracker_parts(system: System) -> list[Part]:
    """What `penstock tracker` runs, each part in a thread."""
    if system.settings.runtime == "cluster":
        from penstock.wiring.cluster import stream_consumer  # noqa: PLC0415 - the embedded runtime needs none of it

        handle = tracker(system, WorkerPool(POOL_SIZE)).handle
        return [*stream_consumer(system, group=TRACKERS, topic=PROGRESS, handle=handle), *periodic_work(system)]
    return [tracker_loop(system), *periodic_work(system)]


def tracker(system: System, pool: WorkerPool) -> Tracker:
    return Tracker(requests=system.requests, announcer=announcer(system, pool), pool=pool)


def tracker_loop(system: System) -> ConsumeLoop:
    return ConsumeLoop(
        log=system.log,
        group=TRACKERS,
        topics=[PROGRESS],
        handle=tracker(system, WorkerPool()).handle,  # the embedded stores do one thing after another
        clock=system.clock,
        max_messages=BATCH_EVENTS,
        dependencies=system.dependencies,
    )


def notifier(system: System) -> Notifier:
    return Notifier(
        store=system.control,
        requests=system.requests,
        mailer=system.mailer,
        clock=system.clock,
        sender=system.settings.mail_from,
    )


def reconciler(system: System, quiet_seconds: float = QUIET_SECONDS) -> Reconciler:
    return Reconciler(
        store=system.control,
        requests=system.requests,
        chunks=system.chunks,
        announcer=announcer(system, WorkerPool()),
        events=system.log,
        clock=system.clock,
        quiet_seconds=quiet_seconds,
    )


def periodic_work(system: System) -> list[Periodic | Prober]:
    """What runs beside the consume loop."""
    watched = system.dependencies
    return [
        Periodic("notifier", notifier(system).send_due, MAIL_SECONDS, at_end=True, dependencies=watched),
        Periodic("reconciler", reconciler(system).reconcile, RECONCILE_SECONDS, dependencies=watched),
        Prober(system.mail_probes, watched, system.clock),
    ]


def announcer(system: System, pool: WorkerPool) -> Announcer:
    return Announcer(log=system.log, requests=system.requests, outbox=Outbox(system.control), pool=pool)
