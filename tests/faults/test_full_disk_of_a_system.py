"""A disk that is full while a whole system works: command, API and log say so, and it goes on by itself."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.support.child_processes import children
from tests.support.command_line import CommandLine
from tests.support.waiting import until

ROWS = 30_000
FILE_LIMIT = 2_000_000  # more than the sealed file needs, less than its profiles
LIMITS = (FILE_LIMIT, resource.RLIM_INFINITY)
NO_LIMITS = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
SHORT_TIMEOUT = """
from services.cli import ingesting
from services.cli.main import main
ingesting.STALL_TIMEOUT_SECONDS = 3.0
main()
"""
BODY = "crmid\tcity\n" + "".join(f"C{number:07}\tX{number:07}{number:010}\n" for number in range(ROWS))
FULL = re.compile(r"(free space|maximum file size)")


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_an_ingest_names_the_outage_gives_up_and_continues_later(cli: CommandLine, workers: str) -> None:
    """With workers that are processes of their own, too."""
    output = ["ingest", cli.file(BODY), "--source", "crm", "--map", "crmid=crmid!", "--map", "city=city", "--json"]
    limited = subprocess.run(
        [sys.executable, "-c", SHORT_TIMEOUT, *output],
        cwd=cli.folder,
        env=cli.environment(PENSTOCK_WORKERS=workers),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=partial(resource.setrlimit, resource.RLIMIT_FSIZE, LIMITS),
    )
    assert limited.returncode == 3, limited.stderr
    waited_for = [line for line in limited.stderr.splitlines() if line.startswith("Waiting: ")]
    assert len(waited_for) == 1, limited.stderr
    assert FULL.search(" ".join(limited.stderr.split()))  # its line may be broken anywhere
    assert "run the same command again" in json.loads(limited.stdout)["error"]["detail"]
    again = cli.run(*output, PENSTOCK_WORKERS=workers)
    assert (again.code, again.document["rows_ingested"]) == (0, ROWS)
    assert again.document["request_id"] == json.loads(limited.stdout)["request_id"]


@contextmanager
def running(cli: CommandLine) -> Iterator[tuple[str, str, list[int], Path]]:
    """`penstock up` with a worker process: its URLs, its processes, and its log."""
    errors = cli.folder / "up.log"
    with errors.open("w") as stderr:
        process = subprocess.Popen(
            [*cli.command, "up", "--port", "0", "--health-port", "0", "--workers", "1", "--json"],
            env=cli.environment(),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        try:
            assert process.stdout is not None
            output = json.loads(process.stdout.readline())
            until(lambda: children(process.pid))
            yield output["url"], output["health_url"], [process.pid, *children(process.pid)], errors
        finally:
            process.terminate()
            process.wait(120)


def limit(processes: list[int], limits: tuple[int, int]) -> None:
    for pid in processes:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def names_the_outage_and_gives_up(cli: CommandLine, arguments: list[str], url: str, key: str) -> None:
    """A command that follows a request of the running system over HTTP."""
    ran = subprocess.run(
        [sys.executable, "-c", SHORT_TIMEOUT, *arguments, "--json"],
        env=cli.environment(PENSTOCK_URL=url, PENSTOCK_API_KEY=key),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 3, ran.stderr
    waited_for = [line for line in ran.stderr.splitlines() if line.startswith("Waiting: ")]
    assert len(waited_for) == 1, ran.stderr
    assert "It waits for the disk, which cannot be used at present." in waited_for[0]


def test_a_running_system_reports_an_outage_once_and_recovers_by_itself(cli: CommandLine) -> None:
    cli.run("mapping", "set", "crm", "--map", "crmid=crmid!", "--map", "city=city")
    key = cli.run("key", "create", "--role", "admin", "--json").document["key"]
    with running(cli) as (url, health, processes, log):
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as api:
            until(lambda: httpx.get(f"{health}/readyz").status_code == 200)
            limit(processes, LIMITS)
            form = {"request": (None, '{"data_source": "crm"}', "application/json"), "file": ("people.tsv", BODY)}
            accepted = api.post("/v1/uploads", files=form)  # type: ignore[arg-type]
            assert accepted.status_code == 202, accepted.text
            until(lambda: httpx.get(f"{health}/readyz").status_code == 503)
            assert FULL.search(httpx.get(f"{health}/readyz").text)
            assert api.get("/readyz").status_code == 503
            assert httpx.get(f"{health}/healthz").status_code == 200
            assert 'penstock_dependency_up{dependency="disk"} 0.0' in httpx.get(f"{health}/metrics").text
            names_the_outage_and_gives_up(cli, ["watch", accepted.json()["request_id"]], url, key)
            limit(processes, NO_LIMITS)
            request = f"/v1/requests/{accepted.json()['request_id']}"
            until(lambda: api.get(request).json()["status"] == "COMPLETED")
            until(lambda: httpx.get(f"{health}/readyz").status_code == 200)
            assert 'penstock_dependency_up{dependency="disk"} 1.0' in httpx.get(f"{health}/metrics").text
        reported = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    events = [line["event"] for line in reported if line.get("dependency") == "disk"]
    assert events == ["dependency.unavailable", "dependency.available"]
