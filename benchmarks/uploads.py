"""Many small uploads of one tenant, at once, through one uploader on real servers; figures as one JSON document.

    python -m benchmarks.uploads [--uploads 600] [--clients 32] [--workers 2]

Each client posts files of 100 rows one after another; every file is another. `per_second` counts from the first POST to
the last request that is COMPLETED; `post_seconds` are the median, the 99th percentile and the longest of the POSTs;
`cpu_milliseconds_per_upload` and `peak_rss_mb` are by process, `reads_per_upload` and `writes_per_upload` by table of
Cassandra, as it counts them. The servers are this benchmark's own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from benchmarks.cluster import SERVERS
from benchmarks.meter import Meter
from benchmarks.serving import GIVE_UP_SECONDS, LOOK_SECONDS, sample_files, serving
from penstock.adapters.cluster.cassandra_cluster import CassandraSettings
from penstock.adapters.cluster.cassandra_session import CassandraSession
from penstock.config import DEFAULT_TENANT, load_section
from penstock.domain.requests.request import Status

ROWS, WARMING_UPLOADS = 100, 100
KINDS = ("read", "write")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uploads", type=int, default=600)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with serving("uploads", [DEFAULT_TENANT], options.workers) as (stack, fleet, url, keys):
        headers = {"Authorization": f"Bearer {keys[DEFAULT_TENANT]}"}
        limits = httpx.Limits(max_connections=options.clients)
        client = httpx.Client(base_url=url, headers=headers, timeout=120, limits=limits)
        _load(client, sample_files(WARMING_UPLOADS, ROWS, seed=1), options.clients)
        servers = {name: stack.process(name).pid for name in SERVERS}
        session = CassandraSession(load_section(CassandraSettings, "cassandra", fleet.variables))
        meter = Meter(servers | {name: process.pid for name, process in fleet.processes.items()})
        before = [_operations(session, kind) for kind in KINDS]
        seconds, posts = _load(client, sample_files(options.uploads, ROWS, seed=2), options.clients)
        taken = meter.read()
        after = [_operations(session, kind) for kind in KINDS]
        session.close()
    figures = {
        "uploads": options.uploads,
        "clients": options.clients,
        "cores": os.cpu_count(),
        "per_second": round(options.uploads / seconds, 1),
        "accepted_per_second": round(options.uploads / posts.seconds, 1),
        "post_seconds": posts.figures(),
        "cpu_milliseconds_per_upload": {
            name: round(each.cpu_seconds / options.uploads * 1000, 1) for name, each in taken.items()
        },
        "peak_rss_mb": {name: round(each.peak_rss_mb) for name, each in taken.items()},
        **{
            f"{kind}s_per_upload": {
                table: round(count / options.uploads, 1) for table, count in (now - then).most_common()
            }
            for kind, then, now in zip(KINDS, before, after, strict=True)
        },
    }
    print(json.dumps(figures))


class Posts:
    """The seconds of each POST, and of all together."""

    def __init__(self, each: Sequence[float], seconds: float) -> None:
        self._each, self.seconds = sorted(each), seconds

    def figures(self) -> dict[str, float]:
        percentiles = statistics.quantiles(self._each, n=100)
        return {
            "median": round(percentiles[49], 3),
            "p99": round(percentiles[98], 3),
            "longest": round(self._each[-1], 3),
        }


def _operations(session: CassandraSession, kind: str) -> Counter[str]:
    """How many reads or writes each table has had since the server started, those of lightweight transactions too."""
    rows = session.read(f"SELECT table_name, count FROM system_views.local_{kind}_latency")
    return Counter({str(table): int(count) for table, count in rows})


def _load(client: httpx.Client, files: Sequence[bytes], clients: int) -> tuple[float, Posts]:
    """The seconds from the first POST to the last end, and the POSTs."""

    def post(content: bytes) -> tuple[float, str]:
        begin = time.perf_counter()
        parts: list[tuple[str, Any]] = [
            ("request", (None, json.dumps({"data_source": "crm"}), "application/json")),
            ("file", ("customers.tsv", content)),
        ]
        answer = client.post("/v1/uploads", files=parts).raise_for_status()
        return time.perf_counter() - begin, answer.json()["request_id"]

    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as threads:
        posted = list(threads.map(post, files))
    posts = Posts([seconds for seconds, _ in posted], time.perf_counter() - started)
    for _, request_id in reversed(posted):
        _until_completed(client, request_id, started + GIVE_UP_SECONDS)
    return time.perf_counter() - started, posts


def _until_completed(client: httpx.Client, request_id: str, deadline: float) -> None:
    while True:
        status = Status(client.get(f"/v1/requests/{request_id}").raise_for_status().json()["status"])
        if status is Status.COMPLETED:
            return
        if status.ended or time.perf_counter() > deadline:
            sys.exit(f"request {request_id} is {status}")
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    main()
