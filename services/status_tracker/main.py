"""The status tracker: folds progress, announces statuses, delivers notifications, looks after quiet requests."""

from __future__ import annotations

from penstock.application.consuming.consume_loop import ConsumeLoop
from penstock.application.consuming.groups import TRACKERS
from penstock.application.consuming.worker_pool import WorkerPool
from penstock.application.delivery.announcer import Announcer
from penstock.application.delivery.notifier import Notifier
from penstock.application.delivery.outbox import Outbox
from penstock.application.delivery.status_events import StatusEvents
from penstock.application.health.probing import Prober
from penstock.domain.events import PROGRESS
from penstock.runner.periodic import Periodic
from penstock.runner.runnable import Runnable
from penstock.wiring import System
from services.status_tracker.reconcile import Reconciler
from services.status_tracker.tracker import Tracker

POOL_SIZE = 8  # requests at once in the cluster: each waits for Cassandra most of the time
BATCH_EVENTS = 500
DELIVERY_SECONDS = 1.0
RECONCILE_SECONDS = 10.0
QUIET_SECONDS = 60.0


def tracker_parts(system: System) -> list[Runnable]:
    """The parts of `penstock tracker`, each of which runs in a thread."""
    if system.settings.runtime == "cluster":
        from penstock.wiring.cluster import stream_consumer  # noqa: PLC0415 - the embedded runtime needs none of it

        handle = tracker(system, WorkerPool(POOL_SIZE)).handle
        return [*stream_consumer(system, group=TRACKERS, topic=PROGRESS, handle=handle), *periodic_work(system)]
    return [tracker_loop(system), *periodic_work(system)]


def tracker(system: System, pool: WorkerPool) -> Tracker:
    return Tracker(requests=system.requests, announcer=announcer(system, pool), pool=pool, clock=system.clock)


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


def notifiers(system: System) -> dict[str, Notifier]:
    """A notifier for each channel, by name, so that no channel waits for another."""
    return {
        channel.name: Notifier(channel=channel, store=system.control, requests=system.requests, clock=system.clock)
        for channel in system.channels
    }


def reconciler(system: System, quiet_seconds: float = QUIET_SECONDS) -> Reconciler:
    return Reconciler(
        store=system.control,
        requests=system.requests,
        chunks=system.chunks,
        announcer=announcer(system, WorkerPool()),
        clock=system.clock,
        quiet_seconds=quiet_seconds,
    )


def periodic_work(system: System) -> list[Periodic | Prober]:
    """The periodic parts beside the consume loop."""
    dependencies = system.dependencies
    return [
        *(
            Periodic(f"notifier.{name}", each.deliver_due, DELIVERY_SECONDS, at_end=True, dependencies=dependencies)
            for name, each in notifiers(system).items()
        ),
        Periodic("reconciler", reconciler(system).reconcile, RECONCILE_SECONDS, dependencies=dependencies),
        Prober(system.mail_probes, dependencies, system.clock),
    ]


def announcer(system: System, pool: WorkerPool) -> Announcer:
    return Announcer(
        requests=system.requests,
        versions=system.catalog.versions,
        outbox=Outbox(system.control),
        channels=system.channels,
        events=StatusEvents(system.log),
        pool=pool,
    )
