"""A status tracker of the cluster runtime as a process of its own: `python -m tests.support.stream_tracker_process …`.

Real Kafka, with the embedded control store. Runs until SIGTERM, or until it dies.
"""

from __future__ import annotations

import sys
from pathlib import Path

from penstock import struct_types
from penstock.adapters.cluster.faust_consumer import FaustConsumer
from penstock.adapters.cluster.kafka_event_log import KafkaEventLog
from penstock.adapters.cluster.kafka_lag import KafkaLag
from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.adapters.smtp_mailer import Security, SmtpMailer, SmtpServer
from penstock.adapters.system_clock import SystemClock
from penstock.application.consuming.worker_pool import WorkerPool
from penstock.application.requests.requests import Requests
from penstock.domain.events import PROGRESS
from penstock.logs import configure
from penstock.runner.periodic import Periodic
from penstock.runner.watchdog import Watchdog
from services.cli.service_commands import run_until_signalled
from services.status_tracker.announcer import Announcer
from services.status_tracker.main import POOL_SIZE
from services.status_tracker.notifier import Notifier
from services.status_tracker.outbox import Outbox
from services.status_tracker.tracker import Tracker
from tests.support.stream_scene import GROUP, PARTITIONS, kafka_settings

TIMEOUT_SECONDS = 3.0


def main(folder: Path, servers: str, prefix: str, smtp_port: int) -> None:
    configure("info", "test")
    struct_types.prepare()
    clock = SystemClock()
    store = EmbeddedControlStore(folder / "control.db")
    kafka = kafka_settings(servers, prefix)
    log, requests = KafkaEventLog(kafka), Requests(store, clock)
    pool = WorkerPool(POOL_SIZE)
    announcer = Announcer(log=log, requests=requests, outbox=Outbox(store), pool=pool)
    tracker = FaustConsumer(
        kafka=kafka,
        group=GROUP,
        topic=PROGRESS,
        handle=Tracker(requests=requests, announcer=announcer, pool=pool).handle,
        events=log,
        clock=clock,
    )
    watchdog = Watchdog(
        topic=PROGRESS,
        lags=KafkaLag(kafka, group=GROUP, topic=PROGRESS, partitions=PARTITIONS),
        assigned=lambda: tracker.assigned,
        is_expected_stall=tracker.is_expected_stall,
        clock=clock,
        timeout_seconds=TIMEOUT_SECONDS if "--watched" in sys.argv else 600.0,
    )
    mailer = SmtpMailer(SmtpServer(host="127.0.0.1", port=smtp_port, security=Security.NONE))
    notifier = Notifier(store=store, requests=requests, mailer=mailer, clock=clock, sender="penstock@mail.example")
    beside = [Periodic("watchdog", watchdog.check, 0.5), Periodic("notifier", notifier.send_due, 0.1, at_end=True)]
    run_until_signalled([tracker, *beside])
    log.close()
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
