"""A small file beside large ones of another tenant, on real servers; figures as one JSON document.

    python -m benchmarks.lanes [--small 40] [--large 2] [--rows 365000] [--workers 2]

One tenant's large files keep the workers busy the whole time: whenever one has completed, another is uploaded.
Meanwhile another tenant uploads files of 100 rows one after another. `alone_seconds` and `beside_seconds` are from the
POST to the end of such a file, without and beside the large ones; `post` and `work` are parts of the `total`. The
servers are this benchmark's own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, NamedTuple

import httpx

from benchmarks.serving import sample_files, serving
from penstock.domain.requests.request import Status

SMALL_ROWS, ALONE = 100, 20
LOOK_SECONDS, LONG_LOOK_SECONDS, GIVE_UP_SECONDS = 0.01, 0.5, 600.0
SMALL, LARGE = "small", "large"  # the tenants
PAUSE_SECONDS = 0.25
WARMING_SECONDS = 5.0  # until the large files are at work


class Timing(NamedTuple):
    """Seconds from the POST of a file to its end, those of the POST, and those from its dispatch to its last chunk."""

    total: float
    post: float
    work: float


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

    def wait(self, request_id: str, look_seconds: float) -> Any:
        """The request once it has completed. Raises `TimeoutError`."""
        deadline = time.perf_counter() + GIVE_UP_SECONDS
        while time.perf_counter() < deadline:
            request = self._client.get(f"/v1/requests/{request_id}").raise_for_status().json()
            if Status(request["status"]) is Status.COMPLETED:
                return request
            time.sleep(look_seconds)
        raise TimeoutError(f"request {request_id} has not completed")

    def timed(self, contents: Sequence[bytes]) -> list[Timing]:
        """Upload one after another."""
        timings = []
        for content in contents:
            begin = time.perf_counter()
            request_id = self.post(content)
            posted = time.perf_counter()
            request = self.wait(request_id, LOOK_SECONDS)
            began, ended = (datetime.fromisoformat(request[name]) for name in ("started_at", "finished_at"))
            worked = (ended - began).total_seconds()
            timings.append(Timing(time.perf_counter() - begin, posted - begin, worked))
            time.sleep(PAUSE_SECONDS)
        return timings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=40)
    parser.add_argument("--large", type=int, default=2)
    parser.add_argument("--rows", type=int, default=365_000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    small = sample_files(ALONE + options.small, SMALL_ROWS, seed=1)
    (large,) = sample_files(1, options.rows, seed=1)
    with serving("lanes", [SMALL, LARGE], options.workers) as (_, _, url, keys):
        tenants = {name: Tenant(url, key) for name, key in keys.items()}
        alone = tenants[SMALL].timed(small[:ALONE])
        stopping = threading.Event()
        with ThreadPoolExecutor(options.large) as threads:
            feeders = [threads.submit(_feed, tenants[LARGE], large, stopping) for _ in range(options.large)]
            time.sleep(WARMING_SECONDS)
            beside = tenants[SMALL].timed(small[ALONE:])
            stopping.set()
        ended = sum(feeder.result() for feeder in feeders)
    figures = {
        "small_files": options.small,
        "large_files_at_once": options.large,
        "large_files": ended,
        "large_file_bytes": len(large),
        "workers": options.workers,
        "cores": os.cpu_count(),
        "alone_seconds": _figures(alone),
        "beside_seconds": _figures(beside),
    }
    print(json.dumps(figures))


def _feed(tenant: Tenant, content: bytes, stopping: threading.Event) -> int:
    """Upload the same file again and again; returns how often."""
    count = 0
    while not stopping.is_set():
        tenant.wait(tenant.post(content), LONG_LOOK_SECONDS)
        count += 1
    return count


def _figures(timings: Sequence[Timing]) -> dict[str, dict[str, float]]:
    return {name: _spread([getattr(each, name) for each in timings]) for name in Timing._fields}


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    percentiles = statistics.quantiles(seconds, n=100, method="inclusive")
    return {
        "median": round(percentiles[49], 3),
        "p95": round(percentiles[94], 3),
        "longest": round(max(seconds), 3),
    }


if __name__ == "__main__":
    main()
