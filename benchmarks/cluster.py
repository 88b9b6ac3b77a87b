"""`make bench`: bulk loaders and Penstock in turn, on the same file and the same Cassandra.

    python -m benchmarks.cluster [--rows 400000] [--rounds 3] [--only NAME …] [--workers 2]

- `bare_driver`: two processes that write the very rows that Penstock writes, built beforehand: the limit;
- `dsbulk_defaults`, `dsbulk_replica_set`, `cqlsh_copy`: the peers, into a table of plain columns;
- `penstock`: from "upload accepted" to COMPLETED, two PII columns sealed, typed columns validated;
- `penstock_three_identifiers`: the same of a file whose rows name a person three times.

The servers are this benchmark's own, warmed up first; tables are empty and servers idle before each load. Cassandra
syncs its commit log periodically, as the peers get it; then Penstock and its fastest peer are measured again with
`commitlog_sync: batch`, which a node alone needs to keep what it acknowledged. Medians of all rounds, a table of them,
and all of it as JSON in benchmarks/out/bench.json.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import table, tracker
from benchmarks.control_store import control_store
from benchmarks.embedded import MAPPING, ingest_command
from benchmarks.meter import Meter
from benchmarks.peers import cqlsh, dsbulk
from benchmarks.peers.loaded import Loaded
from benchmarks.peers.table import create, empty
from benchmarks.processes import cpu_seconds
from deploy.stack.addresses import Ports
from deploy.stack.fleet import Fleet
from deploy.stack.sets import single
from deploy.stack.stack import Stack
from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.adapters.system_clock import SystemClock
from penstock.application.requests.requests import Requests
from penstock.config import load_section
from penstock.domain.requests.request import Request, Status
from services.cli.sample import write_sample

OUT = Path("benchmarks/out")
HEAP_MEGABYTES = 2048
WRITERS = 2
PEERS_KEYSPACE, PEERS_TABLE = "peers", "customers"
SERVERS = ("cassandra", "kafka", "s3")
PERIODIC = {"cassandra_allow_periodic_sync": "true"}
BATCH_LOADS = ("dsbulk_replica_set", "penstock")
WARMING_ROUNDS = 2  # the servers' JVMs compile what a load needs; one as fast as it gets takes two million rows
_IDENTIFIERS = {"email=email:pii": "email=email!", "phone=phone:pii:phone(NL)": "phone=phone!:phone(NL)"}
THREE_IDENTIFIERS = [_IDENTIFIERS.get(mapped, mapped) for mapped in MAPPING]
SMALL_ROWS, SMALL_ROUNDS = 100, 11
LOOK_SECONDS = 0.05
IDLE_CORES, IDLE_LOOK_SECONDS, IDLE_GIVE_UP_SECONDS = 0.1, 1.0, 60.0
Figures = dict[str, Any]


def main() -> None:
    options = _options()
    OUT.mkdir(exist_ok=True)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(dir=OUT)))
        stack = opened.enter_context(_servers(folder / "stack"))
        bench = opened.enter_context(Bench(stack, folder, options.rows, options.workers))
        loads = {name: load for name, load in bench.loads().items() if name in (options.only or bench.loads())}
        rounds = _rounds(bench, loads, options.rounds)
        report = {
            "rows": options.rows,
            "file_mb": round(bench.file.stat().st_size / 1e6, 1),
            "cores": os.cpu_count(),
            "rounds": options.rounds,
            "workers": options.workers,
            "loads": {name: _medians(each) for name, each in rounds.items()},
        }
        if not options.only:
            report |= {"hundred_rows_accepted_to_completed_seconds": bench.small_file_seconds()}
            report |= tracker.measure(stack.addresses, folder / "tracker", **PERIODIC)
        bench.sync_before_acknowledging()
        batch = _rounds(bench, {name: load for name, load in loads.items() if name in BATCH_LOADS}, options.rounds)
        report["loads_under_batch"] = {name: _medians(each) for name, each in batch.items()}
    report |= table.ratios(report["loads"])
    report |= {f"{name}_under_batch": each for name, each in table.ratios(report["loads_under_batch"]).items()}
    (OUT / "bench.json").write_text(json.dumps(report, indent=1))
    print(table.render(report))


def _rounds(bench: Bench, loads: dict[str, Callable[[], Figures]], count: int) -> dict[str, list[Figures]]:
    """Each load in turn, `count` times, after those that warm up."""
    rounds: dict[str, list[Figures]] = {name: [] for name in loads}
    for number in range(1 - WARMING_ROUNDS, count + 1):
        for name, load in loads.items():
            bench.wait_until_idle()
            figures = load()
            what = f"round {number}" if number > 0 else "warming up"
            print(f"{what}: {name} {figures['rows_per_second']:,.0f} rows/s", flush=True)
            if number > 0:
                rounds[name].append(figures)
    return rounds


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="loads to take; all, and the small ones, by default")
    return parser.parse_args()


@contextmanager
def _servers(folder: Path) -> Iterator[Stack]:
    stack = single(folder, Ports.free(), heap_megabytes=HEAP_MEGABYTES, commitlog_sync="periodic")
    stack.up("kafka", "cassandra", "s3")
    try:
        yield stack
    finally:
        stack.down()


class Bench:
    """The loads, ready to be taken in turn."""

    def __init__(self, stack: Stack, folder: Path, rows: int, workers: int) -> None:
        self._stack, self._folder, self._rows = stack, folder, rows
        self.file, self._small = folder / "customers.tsv", folder / "small.tsv"
        write_sample(self.file, rows, seed=1, faulty=0)
        write_sample(self._small, SMALL_ROWS, seed=2, faulty=0)
        size = str(2 * self.file.stat().st_size)
        self._fleet, self._three_identifiers = (
            Fleet(stack.addresses, folder / "fleet", "bench", max_file_bytes=size, tenant=tenant, **PERIODIC)
            for tenant in ("one", "three")
        )
        self._workers = [f"worker-{number}" for number in range(1, workers + 1)]

    def __enter__(self) -> Bench:
        self._fleet.__enter__()
        self._fleet.start("dispatcher", "tracker", *self._workers)
        self._fleet.map("crm", MAPPING)
        self._three_identifiers.map("crm", THREE_IDENTIFIERS)
        create(self._stack.addresses.cassandra, PEERS_KEYSPACE, PEERS_TABLE)
        self._session = CassandraSession(load_section(CassandraSettings, "cassandra", self._fleet.variables))
        self._requests = Requests(control_store(self._fleet, self._session), SystemClock())
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()
        self._fleet.__exit__()

    def loads(self) -> dict[str, Callable[[], Figures]]:
        return {
            "bare_driver": self._bare_driver,
            "dsbulk_defaults": lambda: self._dsbulk(None),
            "dsbulk_replica_set": lambda: self._dsbulk(dsbulk.REPLICA_SET),
            "cqlsh_copy": lambda: self._peer("cqlsh", cqlsh.load),
            "penstock": lambda: self._penstock(self._fleet),
            "penstock_three_identifiers": lambda: self._penstock(self._three_identifiers),
        }

    def wait_until_idle(self) -> None:
        """Empty the tables, and wait until Cassandra has finished the compactions of the last load."""
        keyspace = self._fleet.variables["PENSTOCK_CASSANDRA_KEYSPACE"]
        empty(self._stack.addresses.cassandra, f"{PEERS_KEYSPACE}.{PEERS_TABLE}", f"{keyspace}.profile_fragments")
        pid = self._stack.process("cassandra").pid
        for _ in range(round(IDLE_GIVE_UP_SECONDS / IDLE_LOOK_SECONDS)):
            before = cpu_seconds(pid)
            time.sleep(IDLE_LOOK_SECONDS)
            if cpu_seconds(pid) - before < IDLE_CORES * IDLE_LOOK_SECONDS:
                return

    def sync_before_acknowledging(self) -> None:
        """Restart Cassandra, with a commit log that is synced before a write is acknowledged."""
        self._stack.down("cassandra")
        single(self._stack.folder, heap_megabytes=HEAP_MEGABYTES, commitlog_sync="batch").up("cassandra")

    def small_file_seconds(self) -> float:
        """The median, from accepted to COMPLETED."""
        return statistics.median(_seconds(self._ingested(self._fleet, self._small)) for _ in range(SMALL_ROUNDS))

    def _penstock(self, fleet: Fleet) -> Figures:
        meter = Meter(self._servers | {name: process.pid for name, process in self._fleet.processes.items()})
        request = self._ingested(fleet, self.file)
        return self._figures(request.rows_ingested / _seconds(request), meter)

    def _bare_driver(self) -> Figures:
        """Writes the fragments of an embedded Penstock, which equal those that it writes on Cassandra."""
        data = self._folder / "embedded"
        subprocess.run(ingest_command(self.file, data), check=True, stdout=subprocess.DEVNULL)
        command = [sys.executable, "-m", "benchmarks.bare_driver", str(data)]
        environment = {**os.environ, **self._fleet.variables}
        with ExitStack() as opened:
            writers = {
                f"writer-{index}": opened.enter_context(
                    subprocess.Popen(
                        [*command, str(index), str(WRITERS)],
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        text=True,
                        env=environment,
                    )
                )
                for index in range(WRITERS)
            }
            for writer in writers.values():
                _hear(writer)
            meter = Meter(self._servers | {name: writer.pid for name, writer in writers.items()})
            started = time.perf_counter()
            for writer in writers.values():
                _tell(writer)
            rows = sum(int(_hear(writer)) for writer in writers.values())
            seconds = time.perf_counter() - started
            figures = self._figures(rows / seconds, meter)
            for writer in writers.values():
                _tell(writer)
        shutil.rmtree(data)
        return figures

    def _dsbulk(self, batch_mode: str | None) -> Figures:
        return self._peer("dsbulk", partial(dsbulk.load, batch_mode=batch_mode))

    def _peer(self, name: str, load: Callable[[Path, tuple[str, int], str, str], Loaded]) -> Figures:
        address = self._stack.addresses.cassandra
        meter = Meter(self._servers)
        loaded = load(self.file, address, PEERS_KEYSPACE, PEERS_TABLE)
        figures = self._figures(loaded.rows_per_second_steady, meter)
        figures["rows_per_second_with_start"] = loaded.rows_per_second_wall
        figures["cpu_seconds_per_million_rows"][name] = self._per_million(loaded.measured.cpu_seconds)
        figures["peak_rss_mb"][name] = max(loaded.measured.peak_rss_mb)
        return figures

    def _ingested(self, fleet: Fleet, file: Path) -> Request:
        """A new request, at its end. Exits when that is not COMPLETED.

        This process polls for the end: the start of a waiting command would take CPU time from the load.
        """
        tenant_id = fleet.variables["PENSTOCK_TENANT"]
        request_id = fleet.run("upload", str(file), "--source", "crm", "--force")["request_id"]
        while not (request := self._requests.get(tenant_id, request_id)).status.ended:
            time.sleep(LOOK_SECONDS)
        if request.status is not Status.COMPLETED:
            sys.exit(f"the request has not been completed: {request}")
        return request

    def _figures(self, rows_per_second: float, meter: Meter) -> Figures:
        taken = meter.read()
        return {
            "rows_per_second": rows_per_second,
            "cpu_seconds_per_million_rows": {name: self._per_million(each.cpu_seconds) for name, each in taken.items()},
            "peak_rss_mb": {name: each.peak_rss_mb for name, each in taken.items()},
        }

    @property
    def _servers(self) -> dict[str, int]:
        return {name: self._stack.process(name).pid for name in SERVERS}

    def _per_million(self, seconds: float) -> float:
        return seconds / self._rows * 1e6


def _seconds(request: Request) -> float:
    """From accepted to COMPLETED."""
    assert request.finished_at is not None
    return (request.finished_at - request.accepted_at) / 1e6


def _hear(process: subprocess.Popen[str]) -> str:
    """The next line of the process. Exits when the process has ended before it."""
    assert process.stdout is not None
    return process.stdout.readline() or sys.exit("the bare driver has failed; see above")


def _tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def _medians(rounds: Sequence[Figures]) -> Figures:
    """The median of each number; `spread` is the range from the slowest to the fastest round."""
    speeds = [each["rows_per_second"] for each in rounds]
    return {**_median(rounds), "spread": [round(min(speeds)), round(max(speeds))]}


def _median(values: Sequence[Any]) -> Any:
    first = values[0]
    if isinstance(first, dict):
        return {key: _median([each[key] for each in values]) for key in first}
    return round(statistics.median(values), 2)


if __name__ == "__main__":
    main()
