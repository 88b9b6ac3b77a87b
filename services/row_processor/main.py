"""The row processor: the splitter and the workers, each a consume loop.

`python -m services.row_processor.main` runs one worker.
"""

from __future__ import annotations

import signal

from penstock.application.consume import ConsumeLoop

from penstock.config import load_settings
from penstock.domain.events import CHUNK_READY, UPLOAD_REQUESTED
from penstock.wiring import System, embedded
from services.row_processor.splitter import Splitter
from services.row_processor.worker import Worker

SPLITTERS = "penstock.splitters"
WORKERS = "penstock.workers"


def splitter_loop(system: System) -> ConsumeLoop:
    splitter = Splitter(system.log, system.requests, system.files, system.clock)
    return ConsumeLoop(
        log=system.log, group=SPLITTERS, topics=[UPLOAD_REQUESTED], handle=splitter.handle, clock=system.clock
    )


def worker_loop(system: System) -> ConsumeLoop:
    worker = Worker(
        log=system.log,
        requests=system.requests,
        profiles=system.profiles,
        files=system.files,
        keys=system.keys,
        clock=system.clock,
        random=system.random,
        bits=system.settings.bucket_bits,
    )
    return ConsumeLoop(log=system.log, group=WORKERS, topics=[CHUNK_READY], handle=worker.handle, clock=system.clock)


def main() -> None:
    """Run one worker until SIGTERM or SIGINT, or until the process that started it is gone."""
    system = embedded(load_settings())
    loop = worker_loop(system)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.stop())
    try:
        loop.run()
    finally:
        system.close()


if __name__ == "__main__":
    main()
