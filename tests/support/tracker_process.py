"""A status tracker as a process of its own, which a fault test kills: `python -m tests.support.tracker_process …`.

On the embedded event log it handles all progress that is there, reconciles, delivers all that is due, and ends. With
`--kafka` it runs on faust until SIGTERM.
"""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from penstock.adapters.cluster.kafka_lag import KafkaLag
from penstock.adapters.cluster.kafka_settings import KafkaSettings
from penstock.application.consuming.consume_loop import ConsumeLoop
from penstock.application.consuming.groups import TRACKERS
from penstock.application.consuming.worker_pool import WorkerPool
from penstock.domain.events import PROGRESS
from penstock.logs import configure
from penstock.runner.periodic import Periodic
from penstock.runner.watchdog import Watchdog
from penstock.wiring import System
from services.status_tracker.main import notifiers, reconciler, tracker
from tests.support.manual_clock import ManualClock
from tests.support.tracker_harness import PARTITIONS, kafka_settings, stream_consumer, tracker_system

BATCH = 5  # events, so that a few requests make several batches
DAY_SECONDS = 86_400.0


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kafka", nargs=2, metavar=("SERVERS", "PREFIX"))
    parser.add_argument("--clock-seconds", type=int, default=0, help="how far the clock is ahead")
    parser.add_argument("--stall-seconds", type=float, default=600.0, help="after which the watchdog ends the process")
    parser.add_argument("--no-delivery", action="store_true", help="run no notifier; only with --kafka")
    options = parser.parse_args()
    configure("info", "test")
    kafka = kafka_settings(*options.kafka) if options.kafka else None
    clock = ManualClock(running=True)
    clock.jump(options.clock_seconds)
    system = tracker_system(options.folder, clock, kafka)
    if kafka is None:
        run_to_the_end(system)
    else:
        run_on_kafka(system, kafka, stall_seconds=options.stall_seconds, deliver=not options.no_delivery)
    system.close()


def run_to_the_end(system: System) -> None:
    loop = ConsumeLoop(
        log=system.log,
        group=TRACKERS,
        topics=[PROGRESS],
        handle=tracker(system, WorkerPool()).handle,
        clock=system.clock,
        max_messages=BATCH,
    )
    while system.log.lag(TRACKERS, PROGRESS):
        loop.run_once()
    loop.close()
    reconciler(system, DAY_SECONDS).reconcile()
    for notifier in notifiers(system).values():
        while notifier.deliver_due():
            pass


def run_on_kafka(system: System, kafka: KafkaSettings, *, stall_seconds: float, deliver: bool) -> None:
    from penstock.runner.signals import run_until_signalled  # noqa: PLC0415 - takes a second to load

    consumer = stream_consumer(system, kafka)
    watchdog = Watchdog(
        topic=PROGRESS,
        lags=KafkaLag(kafka, group=TRACKERS, topic=PROGRESS, partitions=PARTITIONS),
        assigned=lambda: consumer.assigned,
        is_expected_stall=consumer.is_expected_stall,
        clock=system.clock,
        timeout_seconds=stall_seconds,
    )
    delivering = [Periodic(name, each.deliver_due, 0.1, at_end=True) for name, each in notifiers(system).items()]
    run_until_signalled([consumer, Periodic("watchdog", watchdog.check, 0.5), *(delivering if deliver else ())])


if __name__ == "__main__":
    main()
