"""What people who follow a running import in the console cost the server; figures as one JSON document (Linux).

    python -m benchmarks.console_viewers [--rows 370000] [--rounds 3] [--viewers 1 200]

`penstock up` with one worker process ingests the same file again and again, 40 MB by default: alone, then followed by
one viewer, then by 200. A viewer is a connection for server-sent events, as the page of an import opens it.
`server_cpu_seconds` is that of the process of `penstock up`, in which the console runs, from "upload accepted" to the
end; `viewers_percent_of_a_core` is what it is above that of the load without viewers, by the time of the load. Medians
of all rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx

from benchmarks.embedded import ingest_command
from benchmarks.processes import cpu_seconds
from penstock.application.access.api_keys import ApiKeys
from penstock.config import Settings
from penstock.domain.access.permissions import Role
from penstock.domain.requests.request import Status
from penstock.wiring import embedded
from services.cli.sample import write_sample
from services.uploader.console.cookies import NAME

TENANT = "default"
LOOK_SECONDS = 0.25
PIECE_BYTES = 1 << 16
END = b"event: ended"
MESSAGE = b'hx-target="#progress"'  # each has it once


class Server(NamedTuple):
    """A running `penstock up`, and a person who may upload and has signed in."""

    pid: int
    url: str
    key: str
    cookie: str


class Load(NamedTuple):
    """One load of the file. `messages` are those that a viewer got."""

    seconds: float
    server_cpu_seconds: float
    messages: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=370_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--viewers", type=int, nargs="+", default=[1, 200])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "customers.tsv"
        write_sample(file, options.rows, seed=1)
        with serving(Path(folder) / "data") as server:
            measured(server, file, 1)  # compiles the templates, among others
            rounds = [
                {viewers: measured(server, file, viewers) for viewers in (0, *options.viewers)}
                for _ in range(options.rounds)
            ]
        megabytes = round(file.stat().st_size / 1e6, 1)
    figures = [summary(viewers, rounds) for viewers in rounds[0]]
    print(json.dumps({"cores": os.cpu_count(), "file_mb": megabytes, "rounds": options.rounds, "loads": figures}))


def summary(viewers: int, rounds: Sequence[dict[int, Load]]) -> dict[str, float]:
    """The medians of one number of viewers."""
    extra = [(each[viewers].server_cpu_seconds - each[0].server_cpu_seconds) / each[viewers].seconds for each in rounds]
    load = Load(*map(statistics.median, zip(*(each[viewers] for each in rounds), strict=True)))
    return {
        "viewers": viewers,
        "seconds": round(load.seconds, 2),
        "server_cpu_seconds": round(load.server_cpu_seconds, 2),
        "messages_to_a_viewer": load.messages,
        "viewers_percent_of_a_core": round(100 * statistics.median(extra), 1),
    }


@contextmanager
def serving(data: Path) -> Iterator[Server]:
    """`penstock up` with a data source that has a mapping."""
    first = data.with_name("first.tsv")
    write_sample(first, 10, seed=2)
    subprocess.run(ingest_command(first, data), check=True, capture_output=True)
    with closing(embedded(Settings(data=data))) as system:
        keys = ApiKeys(system.control, system.clock)
        secret, key = keys.new_key(TENANT, Role.UPLOADER, "benchmark")
        keys.add(TENANT, key)
    penstock = str(Path(sys.executable).with_name("penstock"))
    command = [penstock, "up", "--port=0", "--workers=1", "--json", f"--data={data}"]
    quiet = {**os.environ, "PENSTOCK_LOG_LEVEL": "error"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=quiet) as process:
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            answer = httpx.post(f"{url}/signin", data={"key": secret}, headers={"Sec-Fetch-Site": "same-origin"})
            yield Server(process.pid, url, secret, f"{NAME}={answer.cookies[NAME]}")
        finally:
            process.terminate()


def measured(server: Server, file: Path, viewers: int) -> Load:
    """A load that is followed from its acceptance to its end."""
    headers = {"Authorization": f"Bearer {server.key}"}
    request = json.dumps({"data_source": "crm", "force": True})
    with httpx.Client(base_url=server.url, headers=headers, timeout=60) as client:
        with file.open("rb") as content:
            parts: list[tuple[str, Any]] = [
                ("request", (None, request, "application/json")),
                ("file", (file.name, content)),
            ]
            answer = client.post("/v1/uploads", files=parts).raise_for_status()
        begin, before = time.perf_counter(), cpu_seconds(server.pid)
        messages = asyncio.run(followed(server, client, answer.json()["request_id"], viewers))
        return Load(time.perf_counter() - begin, cpu_seconds(server.pid) - before, messages)


async def followed(server: Server, client: httpx.Client, request_id: str, viewers: int) -> float:
    """Wait for the end of a request; the number of messages that each of its viewers got, on average."""
    tasks = [asyncio.create_task(viewed(server, f"/imports/{request_id}/events")) for _ in range(viewers)]
    while not Status((now := client.get(f"/v1/requests/{request_id}").json())["status"]).ended:
        await asyncio.sleep(LOOK_SECONDS)
    assert now["status"] == Status.COMPLETED, now
    return statistics.mean(await asyncio.gather(*tasks)) if tasks else 0.0


async def viewed(server: Server, path: str) -> int:
    """The messages of one stream, up to the end of the request."""
    address, messages, tail = urlsplit(server.url), 0, b""
    headers = f"Host: {address.netloc}\r\nAccept: text/event-stream\r\nCookie: {server.cookie}\r\nConnection: close"
    while END not in tail:  # a stream ends after a while, then the page opens the next one
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(f"GET {path} HTTP/1.1\r\n{headers}\r\n\r\n".encode())
        while END not in tail and (piece := await reader.read(PIECE_BYTES)):
            tail = tail[-len(MESSAGE) + 1 :] + piece
            messages += tail.count(MESSAGE)
        writer.close()
    return messages


if __name__ == "__main__":
    main()
