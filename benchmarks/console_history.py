"""How long the upload history takes to answer at many requests; figures as one JSON document.

    python -m benchmarks.console_history [--requests 10000] [--rounds 20]

`milliseconds` are those from the call to the first byte of the page (the median of all rounds, and the longest), over
loopback, of the newest page, of a page in the middle, and of filters that match few or none.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import httpx
import msgspec

from penstock.application.access.api_keys import ApiKeys
from penstock.config import Settings
from penstock.domain.access.permissions import Role
from penstock.domain.requests.request import Request, Status
from penstock.ports.control_store import Table
from penstock.wiring import System, embedded
from services.uploader.console.cookies import NAME
from services.uploader.main import api_server

TENANT, SOURCES, DAY_US = "default", 20, 86_400_000_000
FAILED_EVERY = 97


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as (system, url):
        middle = fill(system, options.requests)
        with signed_in(system, url) as client:
            paths = {
                "newest": "/imports",
                "middle": f"/imports?before={middle}",
                "failed": "/imports?status=failed",
                "none_of_a_name": "/imports?file=nothing-like-it",
                "home": "/",
            }
            figures = {name: measured(client, path, options.rounds) for name, path in paths.items()}
    print(json.dumps({"requests": options.requests, "cores": os.cpu_count(), "milliseconds": figures}))


def measured(client: httpx.Client, path: str, rounds: int) -> dict[str, float]:
    seconds = [first_byte(client, path) for _ in range(rounds + 1)][1:]  # the first compiles the template
    return {"median": round(statistics.median(seconds) * 1000, 1), "longest": round(max(seconds) * 1000, 1)}


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
    for number, request_id in enumerate(ids):
        at = begin_us + number * 1_000_000
        body = msgspec.json.encode(_request(request_id, number, at))
        system.control.create(Table.REQUESTS, TENANT, "", request_id, body)
    return ids[count // 2]


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
def serving(folder: Path) -> Iterator[tuple[System, str]]:
    system = embedded(Settings(data=folder))
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
