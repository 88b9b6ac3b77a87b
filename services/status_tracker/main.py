"""The status tracker: folds progress, announces statuses, delivers notifications, looks after quiet requests."""

from __future__ import annotations

from collections.abc import Callable

from penstock.application.consuming.consume_loop import ConsumeLoop
from penstock.application.consuming.consumer_share import ConsumerShare
from penstock.application.consuming.groups import TRACKERS
from penstock.application.consuming.worker_pool import WorkerPool
from penstock.application.delivery.announcer import Announcer
from penstock.application.delivery.notifier import Notifier
from penstock.application.delivery.outbox import Outbox
from penstock.application.delivery.status_events import StatusEvents
from penstock.application.health.probing import Prober
from penstock.domain.dispatching.owners import EVERYTHING, Share
from penstock.domain.events import PROGRESS
from penstock.runner.periodic import Periodic
from penstock.runner.runnable import Runnable
from penstock.wiring import System
from services.status_tracker.reconcile import Reconciler
from services.status_tracker.tracker import Tracker

POOL_SIZE = 8  # requests at once in the cluster: each waits for Cassandra most of the time
BATCH_EVENTS = 500
DELIVERY_SECONDS = 1.0
PASS_SECONDS = 1.0  # between two passes of the reconciler
QUIET_SECONDS = 60.0


def all_tenants() -> Share:
    return EVERYTHING


def tracker_parts(system: System) -> list[Runnable]:
    """The parts of a tracker, each of which runs in a thread."""
    if system.settings.runtime == "cluster":
        from penstock.wiring.cluster import stream_consumer  # noqa: PLC0415 - the embedded runtime needs none of it

        handle = tracker(system, WorkerPool(POOL_SIZE)).handle
        consumer, watchdog = stream_consumer(system, group=TRACKERS, topic=PROGRESS, handle=handle)
        own = ConsumerShare(system.log, PROGRESS, consumer.assignment)
        return [consumer, watchdog, *periodic_work(system, own.present)]
    loop = tracker_loop(system)
    own = ConsumerShare(system.log, PROGRESS, loop.last_assignment)
    return [loop, *periodic_work(system, own.present)]


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


def notifiers(system: System, share: Callable[[], Share] = all_tenants) -> dict[str, Notifier]:
    """A notifier for each channel, by name, so that no channel waits for another."""
    return {
        channel.name: Notifier(
            channel=channel, store=system.control, requests=system.requests, clock=system.clock, share=share
        )
        for channel in system.channels
    }


def reconciler(
    system: System, quiet_seconds: float = QUIET_SECONDS, share: Callable[[], Share] = all_tenants
) -> Reconciler:
    return Reconciler(
        store=system.control,
        requests=system.requests,
        chunks=system.chunks,
        announcer=announcer(system, WorkerPool()),
        clock=system.clock,
        share=share,
        quiet_seconds=quiet_seconds,
    )


def periodic_work(system: System, share: Callable[[], Share]) -> list[Periodic | Prober]:
    """The periodic parts beside the consume loop, for the tenants of `share`."""
    dependencies = system.dependencies
    return [
        *(
            Periodic(f"notifier.{name}", each.deliver_due, DELIVERY_SECONDS, at_end=True, dependencies=dependencies)
            for name, each in notifiers(system, share).items()
        ),
        Periodic("reconciler", reconciler(system, share=share).reconcile, PASS_SECONDS, dependencies=dependencies),
        Prober(system.mail_probes, dependencies, system.clock),
    ]


def announcer(system: System, pool: WorkerPool) -> Announcer:
    return Announcer(
        requests=system.requests,
        versions=system.catalog.versions,
        outbox=Outbox(system.control, system.clock),
        channels=system.channels,
        events=StatusEvents(system.log),
        pool=pool,
    )
