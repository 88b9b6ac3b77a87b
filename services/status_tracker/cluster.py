"""The status tracker's parts in the cluster runtime. Not in `main`, so that the embedded one need not load faust."""

from __future__ import annotations

from penstock.adapters.cluster.kafka_settings import KafkaSettings
from penstock.adapters.cluster.kafka_standing import KafkaStanding
from penstock.application.periodic import Periodic
from penstock.application.probing import Prober
from penstock.domain.events import PROGRESS
from penstock.wiring import System
from penstock.wiring.system import topics
from services.status_tracker.crew import Crew
from services.status_tracker.main import TRACKERS, announcer, periodic_work
from services.status_tracker.stream_tracker import StreamTracker
from services.status_tracker.tracker import Tracker
from services.status_tracker.watchdog import LOOK_SECONDS, Watchdog

CREW = 8  # requests at once: each waits for Cassandra most of the time


def tracker_parts(system: System, kafka: KafkaSettings) -> list[StreamTracker | Periodic | Prober]:
    """What `penstock tracker` runs, each part in a thread: the stream, its watchdog, mails and the reconciler."""
    tracker = stream_tracker(system, kafka)
    watchdog = Watchdog(
        standing=KafkaStanding(kafka, group=TRACKERS, topic=PROGRESS, partitions=topics(system.settings)[PROGRESS]),
        assigned=lambda: tracker.assigned,
        excused=tracker.excuses,
        clock=system.clock,
    )
    return [
        tracker,
        Periodic("watchdog", watchdog.check, LOOK_SECONDS, dependencies=system.dependencies),
        *periodic_work(system),
    ]


def stream_tracker(system: System, kafka: KafkaSettings) -> StreamTracker:
    crew = Crew(CREW)
    return StreamTracker(
        kafka=kafka,
        group=TRACKERS,
        tracker=Tracker(requests=system.requests, announcer=announcer(system, crew), crew=crew),
        events=system.log,
        clock=system.clock,
        dependencies=system.dependencies,
    )
