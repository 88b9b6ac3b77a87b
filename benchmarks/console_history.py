"""How long the upload history takes to answer at many requests; figures as one JSON document.

    python -m benchmarks.console_history [--requests 10000] [--rounds 20] [--at-once 20] [--cluster]

`milliseconds` are those from the call to the first byte of the page, over loopback: the median of all rounds, the 95th
percentile and the longest, of the newest page, of a page in the middle, and of filters that match many, few or none.
`at_once` has the same for so many callers at once. With `--cluster`, the requests are in a Cassandra of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from threading import Thread

import httpx
import msgspec

from benchmarks.cluster import PERIODIC, SERVERS
from deploy.stack.addresses import Ports
from deploy.stack.fleet import Fleet
from deploy.stack.sets import single
from penstock.application.access.api_keys import ApiKeys
from penstock.application.requests.request_lists import RequestLists
from penstock.config import Settings, load_settings
from penstock.domain.access.permissions import Role
from penstock.domain.requests.ids import partition_of
from penstock.domain.requests.request import Request, Status
from penstock.ports.control_store import Put, Table
from penstock.wiring import System, open_system
from services.uploader.console.cookies import NAME
from services.uploader.main import api_server

TENANT, SOURCES, DAY_US = "default", 20, 86_400_000_000
FAILED_EVERY = 97
FILLED_AT_ONCE = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--at-once", type=int, default=20)
    parser.add_argument("--cluster", action="store_true")
    options = parser.parse_args()
    open_settings = of_cluster if options.cluster else of_folder
    with (
        tempfile.TemporaryDirectory() as folder,
        open_settings(Path(folder)) as settings,
        serving(settings) as (system, url),
    ):
        middle = fill(system, options.requests)
        with signed_in(system, url) as client:
            paths = {
                "newest": "/imports",
                "middle": f"/imports?before={middle}",
                "failed": "/imports?status=failed",
                "source": "/imports?source=source_3",
                "source_and_uploader": "/imports?source=source_3&by=team+4",
                "none_of_an_uploader": "/imports?by=nobody",
                "none_of_a_name": "/imports?file=nothing-like-it",
                "home": "/",
            }
            alone = {name: measured(client, path, options.rounds, 1) for name, path in paths.items()}
            at_once = {name: measured(client, path, options.rounds, options.at_once) for name, path in paths.items()}
    figures = {"milliseconds": alone, f"milliseconds_of_{options.at_once}_at_once": at_once}
    runtime = "cluster" if options.cluster else "embedded"
    print(json.dumps({"requests": options.requests, "runtime": runtime, "cores": os.cpu_count(), **figures}))


@contextmanager
def of_folder(folder: Path) -> Iterator[Settings]:
    yield Settings(data=folder)


@contextmanager
def of_cluster(folder: Path) -> Iterator[Settings]:
    """The settings of an installation on servers of its own, which are also this process's."""
    stack = single(folder / "stack", Ports.free(), heap_megabytes=1024, commitlog_sync="periodic")
    stack.up(*SERVERS)
    try:
        with Fleet(stack.addresses, folder / "fleet", "history", **PERIODIC) as fleet:
            os.environ.update(fleet.variables)
            yield load_settings()
    finally:
        stack.down()


def measured(client: httpx.Client, path: str, rounds: int, at_once: int) -> dict[str, float]:
    first_byte(client, path)  # compiles the template
    with ThreadPoolExecutor(at_once) as threads:
        seconds = sorted(threads.map(lambda _: first_byte(client, path), range(rounds * at_once)))
    return {
        "median": round(statistics.median(seconds) * 1000, 1),
        "p95": round(statistics.quantiles(seconds, n=20)[-1] * 1000, 1),
        "longest": round(seconds[-1] * 1000, 1),
    }


def first_byte(client: httpx.Client, path: str) -> float:
    begin = time.perf_counter()
    with client.stream("GET", path) as answer:
        next(answer.iter_raw())
        assert answer.status_code == 200, path
        return time.perf_counter() - begin


def fill(system: System, count: int) -> str:
    """Store `count` requests that have ended; returns the id of the one in the middle."""
    begin_us = system.clock.now_us() - 30 * DAY_US
    ids = [f"{(begin_us + number * 1_000_000) // 1000:012x}" for number in range(count)]
    ids = [f"{each[:8]}-{each[8:]}-7000-8000-{number:012x}" for number, each in enumerate(ids)]
    lists = RequestLists(system.control, system.requests.markers)
    requests = (_request(each, number, begin_us + number * 1_000_000) for number, each in enumerate(ids))
    while part := list(islice(requests, FILLED_AT_ONCE)):
        entries = [entry for request in part for entry in (*lists.entries_of(request), *lists.ends_of(request))]
        system.control.put_each(TENANT, [*entries, *map(_put, part)])
    return ids[count // 2]


def _put(request: Request) -> Put:
    place = partition_of(request.request_id), request.request_id
    return Put(Table.REQUESTS, *place, msgspec.json.encode(request))


def _request(request_id: str, number: int, at: int) -> Request:
    failed = number % FAILED_EVERY == 0
    return Request(
        request_id=request_id,
        tenant_id=TENANT,
        data_source=f"source_{number % SOURCES}",
        file_name=f"customers-{number}.tsv",
        uploaded_by=f"team {number % 7}",
        status=Status.FAILED if failed else Status.COMPLETED,
        accepted_at=at,
        started_at=at + 100_000,
        finished_at=at + 4_000_000,
        rows_read=400_000,
        rows_rejected=number % 300,
    )


@contextmanager
def serving(settings: Settings) -> Iterator[tuple[System, str]]:
    system = open_system(settings)
    server = api_server(system, "127.0.0.1", 0, problems=list)
    thread = Thread(target=server.run)
    thread.start()
    try:
        yield system, server.url
    finally:
        server.stop()
        thread.join()
        system.close()


@contextmanager
def signed_in(system: System, url: str) -> Iterator[httpx.Client]:
    keys = ApiKeys(system.control, system.clock)
    secret, key = keys.new_key(TENANT, Role.UPLOADER, "benchmark")
    keys.add(TENANT, key)
    same_site = {"Sec-Fetch-Site": "same-origin"}
    cookies = httpx.post(f"{url}/signin", data={"key": secret}, headers=same_site).cookies
    with httpx.Client(base_url=url, headers={"Cookie": f"{NAME}={cookies[NAME]}"}, timeout=60) as client:
        yield client


if __name__ == "__main__":
    main()
