"""Real processes, killed or stopped at every step and in between, lose nothing and count nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import pytest

from penstock.config import Settings, environment
from penstock.failpoints import VARIABLE
from penstock.wiring import embedded
from penstock.wiring.uploads import intake_of
from services.row_processor.main import dispatching
from services.standalone.system import Standalone
from tests.support import clear_text, messy_file
from tests.support.command_line import CommandLine, Ran
from tests.support.ingest_failpoints import INGEST_NAMES, UPLOADER_NAMES
from tests.support.invariant import check_folder, check_folder_mails, requests_of
from tests.support.waiting import GIVE_UP_SECONDS

KILLED = -signal.SIGKILL
SESSION_SECONDS = 1.0
# These are passed once by each process that accepts or begins the file, so that their n-th pass is that of the n-th
# process that tries.
ONCE_A_PROCESS = tuple(name for name in INGEST_NAMES if name.startswith("uploader.") or name == "dispatcher.began")
# A tracker gets few batches or many; what was accepted once is not accepted again.
NOT_ALWAYS_AGAIN = ("uploader.request_created", *(name for name in INGEST_NAMES if name.startswith("tracker.")))
WORKER_NAMES = tuple(name for name in INGEST_NAMES if name.startswith("worker."))


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


def ingest(cli: CommandLine, *options: object, body: bytes = messy_file.BODY, **variables: str) -> Ran:
    ran = cli.run(
        *("ingest", cli.file(body), *messy_file.OPTIONS, *options, "--json"),
        PENSTOCK_CHUNK_BYTES=str(messy_file.CHUNK_BYTES),
        PENSTOCK_SESSION_TIMEOUT_SECONDS=str(SESSION_SECONDS),
        **variables,
    )
    assert clear_text.found_in((ran.stdout + ran.stderr).encode(), messy_file.MARK) == []
    return ran


def check(cli: CommandLine, *, body: bytes = messy_file.BODY, count: int = 1) -> None:
    check_folder_mails(cli.data, count=count)
    check_folder(cli.data, body, count=count)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("name", INGEST_NAMES)
def test_a_command_killed_at_any_failpoint_continues_when_it_is_run_again(cli: CommandLine, name: str, n: int) -> None:
    """With the worker in the same process, so that one kill takes all parts with it at once."""
    processes, passes = (n, 1) if name in ONCE_A_PROCESS else (1, n)
    runs: list[Ran] = []
    while len(runs) < processes and 0 not in [ran.code for ran in runs]:
        runs.append(ingest(cli, **{VARIABLE: f"{name}:{passes}"}))
    if n == 1 or name not in NOT_ALWAYS_AGAIN:
        assert [ran.code for ran in runs] == [KILLED] * processes
    again = ingest(cli)
    assert (again.code, again.document["status"]) == (0, "COMPLETED")
    # Until its end was reported, the same file leads to the same request; after that it is uploaded once more.
    reported = sum(bool(ran.stdout.strip()) for ran in runs)
    count = len(requests_of(cli.data))
    assert 1 <= count <= 1 + reported
    check(cli, count=count)
    with closing(embedded(Settings(data=cli.data))) as system:
        versions = system.catalog.versions.all(messy_file.TENANT, "crm")
    assert [(each.version.version, each.state) for each in versions] == [(1, "current")]


@pytest.mark.parametrize("name", WORKER_NAMES)
def test_workers_that_are_killed_are_replaced(cli: CommandLine, name: str) -> None:
    """Worker processes die in the midst of the file; the command itself goes on."""
    ran = ingest(cli, "--workers", 2, **{VARIABLE: f"{name}:2"})
    assert (ran.code, ran.document["status"]) == (0, "COMPLETED")
    assert '"returncode": -9' in ran.stderr
    check(cli)


@pytest.mark.parametrize("name", UPLOADER_NAMES)
def test_a_retry_with_the_same_key_gives_the_same_request(tmp_path: Path, name: str) -> None:
    data = tmp_path / "data"
    assert upload(data, f"{name}:1").returncode == KILLED
    before = [request.request_id for request in requests_of(data)]
    unaccepted = ("object_stored", "index_stored", "mapping_saved", "request_listed")
    assert bool(before) is (name.removeprefix("uploader.") not in unaccepted)
    retried = [upload(data), upload(data)]
    assert {ran.stdout for ran in retried} == {requests_of(data)[0].request_id}
    assert before in ([], [retried[0].stdout])
    finish(data)
    check_folder(data, messy_file.BODY)


@pytest.mark.parametrize(("place", "fenced"), [("worker.after_upsert:2", False), ("consume.before_commit:2", True)])
def test_a_stopped_worker_that_wakes_up_does_no_harm(tmp_path: Path, place: str, fenced: bool) -> None:
    """It loses its partitions while it stands still. In the midst of a chunk it rejoins before it ends that, and may
    get its partition back; at the end it goes straight on to commit what is another's now, and is refused."""
    data = tmp_path / "data"
    settings = Settings(data=data, chunk_bytes=messy_file.CHUNK_BYTES, session_timeout_seconds=SESSION_SECONDS)
    with closing(embedded(settings)) as system:
        intake_of(system).upload(messy_file.TENANT, [messy_file.BODY], messy_file.command(system))
        loop, dispatcher = dispatching(system)
        dispatcher.dispatch()
        assert loop.run_once()
        loop.close()
    with worker_process(settings, f"{place}:stop") as zombie:
        assert os.WIFSTOPPED(os.waitpid(zombie.pid, os.WUNTRACED)[1])
        finish(data)
        zombie.send_signal(signal.SIGCONT)
        _, stderr = zombie.communicate(timeout=GIVE_UP_SECONDS)  # it ends after its current chunk
    assert zombie.returncode == 0
    assert ("consume.fenced" in stderr) >= fenced
    check_folder(data, messy_file.BODY)


@pytest.mark.parametrize("seed", range(2))
def test_all_processes_killed_again_and_again(cli: CommandLine, seed: int) -> None:
    """At moments that have nothing to do with failpoints; each life may get longer, so that there is a last one."""
    random, body, lives = Random(seed), messy_file.longer(10), 0
    while True:
        lives += 1
        ended = [request.status.ended for request in requests_of(cli.data)]
        assert ended.count(False) <= 1
        process = start(cli, body)
        try:
            stdout, stderr = process.communicate(timeout=random.uniform(0.4, 0.5 + 0.5 * lives))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            stdout, stderr = process.communicate()
        assert clear_text.found_in((stdout + stderr).encode(), messy_file.MARK) == []
        if process.returncode == 0:
            break
        assert process.returncode == KILLED, stderr
    assert lives > 1
    count = len(requests_of(cli.data))
    assert count <= 1 + ended.count(True)
    check(cli, body=body, count=count)


def start(cli: CommandLine, body: bytes) -> subprocess.Popen[str]:
    """The command with two workers, in a process group of its own."""
    return subprocess.Popen(
        [*cli.command, "ingest", str(cli.file(body)), *messy_file.OPTIONS, "--workers", "2", "--json"],
        cwd=cli.folder,
        env=cli.environment(
            PENSTOCK_CHUNK_BYTES=str(messy_file.CHUNK_BYTES), PENSTOCK_SESSION_TIMEOUT_SECONDS=str(SESSION_SECONDS)
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@contextmanager
def worker_process(settings: Settings, failpoint: str) -> Iterator[subprocess.Popen[str]]:
    """A worker that lives until the end of the block at most."""
    command = [sys.executable, "-m", "services.row_processor.main", "--until-stdin-closes"]
    variables = {**os.environ, **environment(settings), VARIABLE: failpoint}
    process = subprocess.Popen(command, env=variables, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def upload(data: Path, failpoint: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.support.uploader_process", str(data), "key-1"]
    environment = {**os.environ, VARIABLE: failpoint}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def finish(data: Path) -> None:
    """Run the whole system until every request has ended."""
    with Standalone(Settings(data=data, session_timeout_seconds=SESSION_SECONDS), workers=0) as standalone:
        while not all(request.status.ended for request in standalone.system.requests.list(messy_file.TENANT)):
            standalone.system.clock.sleep(0.01)
            assert standalone.supervisor.problems() == []
