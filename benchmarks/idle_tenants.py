"""What tenants cost that do nothing: the CPU of each part, as a share of one core; the figures as one JSON document.

    python -m benchmarks.idle_tenants [--tenants 1000] [--seconds 60] [--cluster]

Each tenant has a data key, as one that has ever uploaded a file, and nothing to do. The services start with all of
them, and are measured when they have looked at each once; `start_cpu_seconds` is what that took. The first round of
`upkeep` is part of the start: its share is that of a round each hour.

Without `--cluster` all services are threads of one process, on the embedded runtime. With it, each is a process, on
servers of this benchmark's own, whose CPU is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from benchmarks.control_store import control_store
from benchmarks.processes import cpu_seconds
from benchmarks.serving import serving
from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.config import Settings, load_section
from penstock.ports.control_store import ControlStore, Table
from penstock.wiring import embedded
from services.standalone.system import Standalone
from services.uploader.upkeep import UPKEEP_SECONDS

START_SECONDS = 30.0  # longer than all parts take to look at all tenants
SERVICES = ("dispatcher", "tracker", "worker-1")
STOP_SECONDS = 30.0

Clocks = Callable[[], Mapping[str, float]]  # the CPU seconds of each part so far


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenants", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--cluster", action="store_true")
    options = parser.parse_args()
    measure = measure_cluster if options.cluster else measure_embedded
    figures = {
        "runtime": "cluster" if options.cluster else "embedded",
        "tenants": options.tenants,
        "seconds": options.seconds,
        "cores": os.cpu_count(),
        **measure(options.tenants, options.seconds),
    }
    print(json.dumps(figures))


def measure_embedded(tenants: int, seconds: float) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder) / "data", log_level="error")
        with closing(embedded(settings)) as system:
            add_tenants(system.control, tenants)
        with Standalone(settings, workers=0):
            return figures_of(_thread_clocks, seconds)


def measure_cluster(tenants: int, seconds: float) -> dict[str, object]:
    with serving("idle", ["default"], 1) as (_, fleet, _, _):
        session = CassandraSession(load_section(CassandraSettings, "cassandra", fleet.variables))
        with closing(control_store(fleet, session)) as store:
            add_tenants(store, tenants)
        for service in SERVICES:
            fleet.processes[service].terminate()
            fleet.processes[service].wait(STOP_SECONDS)
            fleet.start(service)
        pids = {service: process.pid for service, process in fleet.processes.items()}
        return figures_of(lambda: {service: cpu_seconds(pid) for service, pid in pids.items()}, seconds)


def add_tenants(store: ControlStore, count: int) -> None:
    for number in range(count):
        store.create(Table.DATA_KEYS, f"idle-{number:05}", "general", "1", b"wrapped")


def figures_of(clocks: Clocks, seconds: float) -> dict[str, object]:
    """The shares of each part in a time of `seconds` after the start."""
    time.sleep(START_SECONDS)
    started, began = clocks(), time.perf_counter()
    time.sleep(seconds)
    ended, wall = clocks(), time.perf_counter() - began
    shares = {part: (ended[part] - started.get(part, 0.0)) / wall for part in ended}
    if "upkeep" in shares:
        shares["upkeep"] += started["upkeep"] / UPKEEP_SECONDS
    return {
        "percent_of_a_core": round(100 * sum(shares.values()), 2),
        "percent_by_part": {part: round(100 * share, 3) for part, share in sorted(shares.items())},
        "start_cpu_seconds": {part: round(spent, 2) for part, spent in sorted(started.items())},
    }


def _thread_clocks() -> dict[str, float]:
    """By the name of the thread, which is that of its part; the rest of the process as `others`."""
    threads = {
        thread.name: time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
        for thread in threading.enumerate()
        if thread.ident is not None
    }
    return threads | {"others": time.process_time() - sum(threads.values())}


if __name__ == "__main__":
    main()
