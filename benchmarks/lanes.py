"""A small file beside large ones of another tenant, on real servers; figures as one JSON document.

    python -m benchmarks.lanes [--small 40] [--small-rows 100] [--large 2] [--rows 365000] [--workers 2]

One tenant's large files keep the workers busy the whole time: whenever one has completed, another is uploaded.
Meanwhile another tenant uploads small files one after another. `alone_seconds` and `beside_seconds` are from the
POST to the end of such a file, without and beside the large ones; `post` and `work` are parts of the `total`. At last a
large file in progress is cancelled: `cancel_seconds` are from that call to its answer, and to the end of its last
chunk. The servers are this benchmark's own.
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

ALONE = 20  # files, at most
LOOK_SECONDS, LONG_LOOK_SECONDS, GIVE_UP_SECONDS = 0.01, 0.5, 600.0
SMALL, LARGE = "small", "large"  # the tenants
PAUSE_SECONDS = 0.25
WARMING_SECONDS = 5.0  # until the large files are at work
DRAIN_SECONDS = 10.0  # after which no chunk of a cancelled file comes any more


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
            if Status(request["status"]).ended:
                return request
            time.sleep(look_seconds)
        raise TimeoutError(f"request {request_id} has not ended")

    def cancel_one(self) -> tuple[str, float, float]:
        """Cancel a request in progress; its id, when that was (since the epoch), and the seconds of the call."""
        while not (running := self._client.get("/v1/requests?status=IN_PROGRESS").json()["requests"]):
            time.sleep(LOOK_SECONDS)
        request_id = running[0]["request_id"]
        at, begin = time.time(), time.perf_counter()
        self._client.post(f"/v1/requests/{request_id}:cancel").raise_for_status()
        return request_id, at, time.perf_counter() - begin

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
    parser.add_argument("--small-rows", type=int, default=100)
    parser.add_argument("--large", type=int, default=2)
    parser.add_argument("--rows", type=int, default=365_000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    count = min(ALONE, options.small)
    small = sample_files(count + options.small, options.small_rows, seed=1)
    (large,) = sample_files(1, options.rows, seed=1)
    with serving("lanes", [SMALL, LARGE], options.workers) as (_, fleet, url, keys):
        tenants = {name: Tenant(url, key) for name, key in keys.items()}
        alone = tenants[SMALL].timed(small[:count])
        stopping = threading.Event()
        with ThreadPoolExecutor(options.large) as threads:
            feeders = [threads.submit(_feed, tenants[LARGE], large, stopping) for _ in range(options.large)]
            time.sleep(WARMING_SECONDS)
            beside = tenants[SMALL].timed(small[count:])
            request_id, cancelled_at, answered = tenants[LARGE].cancel_one()
            time.sleep(DRAIN_SECONDS)
            stopping.set()
            logs = [(fleet.folder / f"worker-{number}.log").read_text() for number in range(1, options.workers + 1)]
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
        "cancel_seconds": {
            "answer": round(answered, 3),
            "last_chunk": round(max(0.0, _last_chunk(logs, request_id) - cancelled_at), 3),
        },
    }
    print(json.dumps(figures))


def _feed(tenant: Tenant, content: bytes, stopping: threading.Event) -> int:
    """Upload the same file again and again; returns how often."""
    count = 0
    while not stopping.is_set():
        tenant.wait(tenant.post(content), LONG_LOOK_SECONDS)
        count += 1
    return count


def _last_chunk(logs: Sequence[str], request_id: str) -> float:
    """When the last chunk of a request was done, in seconds since the epoch."""
    lines = (json.loads(line) for log in logs for line in log.splitlines() if request_id in line)
    done = [each["timestamp"] for each in lines if each["event"] == "chunk.done"]
    return max((datetime.fromisoformat(each).timestamp() for each in done), default=0.0)


def _figures(timings: Sequence[Timing]) -> dict[str, dict[str, float]]:
    return {name: _spread([getattr(each, name) for each in timings]) for name in Timing._fields}


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    percentiles = statistics.quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else [*seconds] * 99
    return {
        "median": round(percentiles[49], 3),
        "p95": round(percentiles[94], 3),
        "longest": round(max(seconds), 3),
    }


if __name__ == "__main__":
    main()
