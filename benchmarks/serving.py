"""An installation of its own on real servers, with an uploader, and files for it."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from benchmarks.cluster import PERIODIC, SERVERS
from benchmarks.embedded import MAPPING
from deploy.stack.addresses import Ports
from deploy.stack.fleet import Fleet
from deploy.stack.sets import single
from deploy.stack.stack import Stack
from services.cli.sample import write_sample

LOOK_SECONDS, GIVE_UP_SECONDS = 0.1, 300.0


class Serving(NamedTuple):
    """The servers, the services, the address of the uploader, and an uploader's key of each tenant."""

    stack: Stack
    fleet: Fleet
    url: str
    keys: dict[str, str]


@contextmanager
def serving(name: str, tenants: Sequence[str], workers: int) -> Iterator[Serving]:
    """All services, with `workers`, and the data source `crm` of each tenant. Ends the process if they do not start."""
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        stack = single(folder / "stack", Ports.free(), heap_megabytes=1024, commitlog_sync="periodic")
        opened.callback(stack.down)
        stack.up(*SERVERS)
        fleet = opened.enter_context(Fleet(stack.addresses, folder / "fleet", name, **PERIODIC))
        keys = {}
        for tenant in tenants:
            fleet.variables["PENSTOCK_TENANT"] = tenant
            fleet.map("crm", MAPPING)
            keys[tenant] = fleet.run("key", "create", "--role", "uploader", "--name", "benchmark")["key"]
        port = Ports.free().kafka
        fleet.start("dispatcher", "tracker", *(f"worker-{number}" for number in range(1, workers + 1)))
        fleet.start("uploader", options=["--port", str(port)])
        url = f"http://127.0.0.1:{port}"
        _await_ready(url)
        yield Serving(stack, fleet, url, keys)


def sample_files(count: int, rows: int, *, seed: int) -> list[bytes]:
    """`count` files with `rows` invented customers each, all different."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "customers.tsv"
        write_sample(file, rows * count, seed=seed, faulty=0)
        header, *lines = file.read_bytes().splitlines(keepends=True)
    return [b"".join([header, *lines[start : start + rows]]) for start in range(0, rows * count, rows)]


def _await_ready(url: str) -> None:
    for _ in range(round(GIVE_UP_SECONDS / LOOK_SECONDS)):
        try:
            if httpx.get(f"{url}/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(LOOK_SECONDS)
    sys.exit("the uploader does not become ready")
