"""A small file beside large ones of another tenant, on real servers; figures as one JSON document.

    python -m benchmarks.lanes [--small 40] [--large 2] [--rows 400000] [--workers 2]

One tenant's large files keep the workers busy the whole time: whenever one has completed, another is uploaded.
Meanwhile another tenant uploads files of 100 rows one after another. `alone_seconds` and `beside_seconds` are from the
POST to the end of such a file, without and beside the large ones. The servers are this benchmark's own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from benchmarks.cluster import PERIODIC, SERVERS
from benchmarks.embedded import MAPPING
from deploy.stack.addresses import Ports
from deploy.stack.fleet import Fleet
from deploy.stack.sets import single
from penstock.domain.requests.request import Status
from services.cli.sample import write_sample

SMALL_ROWS, ALONE = 100, 20
LOOK_SECONDS, LONG_LOOK_SECONDS, GIVE_UP_SECONDS = 0.01, 0.5, 600.0
SMALL, LARGE = "small", "large"  # the tenants
PAUSE_SECONDS = 0.25


class Tenant:
    """Uploads files of its own, and waits for their ends."""

    def __init__(self, url: str, key: str) -> None:
        self._client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=120)

    def post(self, content: bytes) -> str:
        parts: list[tuple[str, Any]] = [
            ("request", (None, json.dumps({"data_source": "crm", "force": True}), "application/json")),
            ("file", ("customers.tsv", content)),
        ]
        answer = self._client.post("/v1/uploads", files=parts).raise_for_status()
        request_id: str = answer.json()["request_id"]
        return request_id

    def wait(self, request_id: str, look_seconds: float) -> None:
        """Until a request has completed. Raises `TimeoutError`."""
        deadline = time.perf_counter() + GIVE_UP_SECONDS
        while Status(self._client.get(f"/v1/requests/{request_id}").raise_for_status().json()["status"]) is not (
            Status.COMPLETED
        ):
            if time.perf_counter() > deadline:
                raise TimeoutError(f"request {request_id} has not completed")
            time.sleep(look_seconds)

    def timed(self, contents: Sequence[bytes]) -> list[float]:
        """Upload one after another; the seconds of each from its POST to its end."""
        seconds = []
        for content in contents:
            begin = time.perf_counter()
            self.wait(self.post(content), LOOK_SECONDS)
            seconds.append(time.perf_counter() - begin)
            time.sleep(PAUSE_SECONDS)
        return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=40)
    parser.add_argument("--large", type=int, default=2)
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        stack = single(folder / "stack", Ports.free(), heap_megabytes=1024, commitlog_sync="periodic")
        stack.up(*SERVERS)
        opened.callback(stack.down)
        fleet = opened.enter_context(Fleet(stack.addresses, folder / "fleet", "lanes", **PERIODIC))
        url = f"http://127.0.0.1:{Ports.free().kafka}"
        workers = [f"worker-{number}" for number in range(1, options.workers + 1)]
        tenants = {}
        for name in (SMALL, LARGE):
            fleet.variables["PENSTOCK_TENANT"] = name
            fleet.map("crm", MAPPING)
            key = fleet.run("key", "create", "--role", "uploader", "--name", "benchmark")["key"]
            tenants[name] = Tenant(url, key)
        fleet.start("dispatcher", "tracker", *workers)
        fleet.start("uploader", options=["--port", url.rpartition(":")[2]])
        _until_ready(url)
        small, large = _files(ALONE + options.small, SMALL_ROWS), _files(1, options.rows)[0]
        alone = tenants[SMALL].timed(small[:ALONE])
        stopping = threading.Event()
        feeders = [threading.Thread(target=_feed, args=(tenants[LARGE], large, stopping)) for _ in range(options.large)]
        for feeder in feeders:
            feeder.start()
        time.sleep(5)  # until the large files are at work
        beside = tenants[SMALL].timed(small[ALONE:])
        stopping.set()
        for feeder in feeders:
            feeder.join()
    figures = {
        "small_files": options.small,
        "large_files_at_once": options.large,
        "large_file_bytes": len(large),
        "workers": options.workers,
        "cores": os.cpu_count(),
        "alone_seconds": _figures(alone),
        "beside_seconds": _figures(beside),
    }
    print(json.dumps(figures))


def _feed(tenant: Tenant, content: bytes, stopping: threading.Event) -> None:
    while not stopping.is_set():
        tenant.wait(tenant.post(content), LONG_LOOK_SECONDS)


def _files(count: int, rows: int) -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "customers.tsv"
        write_sample(file, rows * count, seed=1, faulty=0)
        header, *lines = file.read_bytes().splitlines(keepends=True)
    return [b"".join([header, *lines[start : start + rows]]) for start in range(0, rows * count, rows)]


def _figures(seconds: Sequence[float]) -> dict[str, float]:
    percentiles = statistics.quantiles(seconds, n=100, method="inclusive")
    return {
        "median": round(percentiles[49], 3),
        "p95": round(percentiles[94], 3),
        "longest": round(max(seconds), 3),
    }


def _until_ready(url: str) -> None:
    deadline = time.perf_counter() + GIVE_UP_SECONDS
    while time.perf_counter() < deadline:
        try:
            if httpx.get(f"{url}/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(LONG_LOOK_SECONDS)
    raise TimeoutError("the uploader does not become ready")


if __name__ == "__main__":
    main()
