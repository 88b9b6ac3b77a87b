"""Values in the clear: none in any file, log line, mail, dead letter, metric or error, not at debug level either.

Every value of a column carries a mark of that column, so that what is found says where it came from.
"""

from __future__ import annotations

import base64
import json
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.failpoints import VARIABLE
from tests.support.child_processes import children
from tests.support.clear_text import found_in, found_under, too_open
from tests.support.command_line import CommandLine
from tests.support.waiting import until

# By column; an identifier, a personal value, an ordinary one, and one that is not mapped at all.
MARKS = {
    "crmid": "Kq7Identified",
    "email": "wz4addressed",
    "phone": "9182736455",
    "hm": "Vx5Personal",
    "city": "Jb8Ordinary",
    "left_out": "Gd2Unmapped",
    "slot": "Tf6NoNumber",
    "header": "Hn3Headline",
}
MAPS = ("crmid=crmid!", "email=email!", "phone=phone:pii", "hm=hm:pii", "city=city", "slot=slot:integer")
HEADER = "crmid\temail\tphone\thm\tcity\tleft_out\tslot\n"
CHUNK_BYTES = "300"
DEBUG = {"PENSTOCK_LOG_LEVEL": "debug", "PENSTOCK_CHUNK_BYTES": CHUNK_BYTES}
MARK = "Kq7Identified"


def row(number: int, **cells: str) -> str:
    whole = {
        "crmid": f"{MARKS['crmid']}{number}",
        "email": f"{MARKS['email']}{number}@gmail.com",
        "phone": f"+31{MARKS['phone'][:9]}",
        "hm": MARKS["hm"],
        "city": MARKS["city"],
        "left_out": MARKS["left_out"],
        "slot": "7",
    }
    return "\t".join((whole | cells).values()) + "\n"


# Rows that are ingested, rows of one person, and rows that are rejected for every kind of reason.
BODY = HEADER + "".join(
    [
        *(row(number) for number in range(12)),
        row(1, city=f"{MARKS['city']} again"),
        row(20, slot=MARKS["slot"]),
        row(21, email=f"{MARKS['email']} at nowhere"),
        row(22, phone=f"{MARKS['phone']}{MARKS['phone']}"),
        row(23, hm=f"{MARKS['hm']}\0"),
        row(24, hm=MARKS["hm"] * 5_000),
        row(25, city=f"{MARKS['city']}\t{MARKS['city']}"),
        row(26, crmid="", email=""),
    ]
)
BAD_HEADERS = [
    f"{MARKS['header']} 1\t {MARKS['header']} \t{MARKS['header']} 1\n{BODY}",
    BODY.removeprefix(HEADER),
    BODY.removeprefix(HEADER).replace("\t", ";"),
    BODY.replace("\n", "\r"),
    json.dumps([MARKS]),
]


@pytest.fixture
def cli(penstock_command: list[str], tmp_path: Path) -> CommandLine:
    return CommandLine(penstock_command, tmp_path)


def check_folder(data: Path) -> None:
    for mark in MARKS.values():
        assert found_under(data, mark) == {}
    assert too_open(data) == {}


def check_text(*texts: str | bytes) -> None:
    for text in texts:
        content = text.encode() if isinstance(text, str) else text
        assert [form for mark in MARKS.values() for form in found_in(content, mark)] == []


def planted_forms() -> Iterator[tuple[str, Callable[[str], bytes]]]:
    yield "as it is", str.encode
    yield "upper case", lambda mark: mark.upper().encode()
    yield "lower case", lambda mark: mark.lower().encode()
    yield "UTF-16, little end first", lambda mark: mark.encode("utf-16-le")
    yield "UTF-16, big end first", lambda mark: mark.encode("utf-16-be")
    yield "hex", lambda mark: mark.encode().hex().encode()
    yield "upper-case hex", lambda mark: mark.encode().hex().upper().encode()
    for before in range(3):
        for after in range(3):
            yield (
                f"base64 between {before} and {after} bytes",
                lambda mark, b=before, a=after: base64.b64encode(b"\xff" * b + mark.encode() + b"\xfe" * a),
            )


@pytest.mark.parametrize(("form", "plant"), list(planted_forms()))
def test_the_scan_finds_a_planted_value(tmp_path: Path, form: str, plant: Callable[[str], bytes]) -> None:
    """Since a scan that finds nothing shows nothing unless it can find something."""
    (tmp_path / "deep").mkdir()
    for mark in MARKS.values():
        (tmp_path / "deep" / ".hidden").write_bytes(bytes(1000) + plant(mark) + bytes(1000))
        assert found_under(tmp_path, mark), form
        assert found_under(tmp_path, mark[::-1]) == {}


def test_the_scan_finds_a_file_s_name_and_a_mode_that_is_too_open(tmp_path: Path) -> None:
    path = tmp_path / MARK
    path.touch(mode=0o644)
    assert list(found_under(tmp_path, MARK)) == [MARK]
    assert set(too_open(tmp_path)) >= {str(path)}


@pytest.mark.parametrize("workers", [0, 2])
def test_a_command_keeps_values_to_itself(cli: CommandLine, workers: int) -> None:
    options = ("--notify", "someone@example.org", *(("--workers", workers) if workers else ()))
    ran = cli.ingest(BODY, *options, maps=MAPS, **DEBUG)
    assert (ran.code, ran.document["rows_ingested"], ran.document["rows_rejected"]) == (0, 13, 7)
    check_text(ran.stdout, ran.stderr)
    check_folder(cli.data)
    assert MARKS["slot"] in cli.run("rejects", ran.document["request_id"]).stdout
    check_folder(cli.data)


@pytest.mark.parametrize("place", ["worker.after_upsert:2", "worker.manifest_stored:3", "uploader.object_stored:1"])
def test_a_killed_ingest_leaves_no_value_in_the_clear(cli: CommandLine, place: str) -> None:
    ran = cli.ingest(BODY, maps=MAPS, **DEBUG, **{VARIABLE: place})
    assert ran.code == -signal.SIGKILL
    check_text(ran.stdout, ran.stderr)
    check_folder(cli.data)


@pytest.mark.parametrize("content", BAD_HEADERS)
def test_a_refusal_contains_no_value(cli: CommandLine, content: str) -> None:
    """What stands in place of a header may be a customer's row. The sender may read the header of its own file."""
    ran = cli.ingest(content, maps=MAPS, **DEBUG)
    assert ran.code != 0
    rows_only = [mark for name, mark in MARKS.items() if name != "header"]
    assert [form for mark in rows_only for form in found_in((ran.stdout + ran.stderr).encode(), mark)] == []
    check_folder(cli.data)


BUGGY_SYSTEM = """
import sys
from penstock.config import load_settings
from penstock.logs import configure
from services.row_processor import main
from services.standalone.system import Standalone

class Buggy:
    name = "buggy"
    def run(self): raise ValueError(sys.argv[1])
    def stop(self): pass
    def problems(self): return []

settings = load_settings()
configure(settings.log_level, "test")
with Standalone(settings, workers=0) as standalone:
    standalone.supervisor.start([Buggy()])
    while not standalone.supervisor.ended_parts():
        pass
    print(standalone.supervisor.problems())
main.worker_loops = lambda system: [Buggy()]
sys.argv[2:] = ["--until-stdin-closes"]
main.main()
"""


def test_a_bug_is_reported_by_its_kind_and_place(cli: CommandLine) -> None:
    """Not by its message, which may hold a value, at debug level either."""
    command = [sys.executable, "-c", BUGGY_SYSTEM, MARK]
    ran = subprocess.run(command, env=cli.environment(**DEBUG), capture_output=True, text=True, check=False)
    assert ran.returncode != 0
    lines = [json.loads(line) for line in ran.stderr.splitlines()]
    assert [line["error"] for line in lines if line["event"] == "part.failed"] == ["ValueError"] * 2
    assert ran.stderr.count("<string>:10 run") == 2
    check_text(ran.stdout, ran.stderr)


@contextmanager
def serving(cli: CommandLine) -> Iterator[tuple[httpx.Client, str, subprocess.Popen[str]]]:
    """`penstock up`: a client with an administrator's key, the address of its health endpoint, the process."""
    process = cli.start("up", "--port", 0, "--health-port", 0, "--json", **DEBUG)
    try:
        assert process.stdout is not None
        document = json.loads(process.stdout.readline())
        key = cli.run("key", "create", "--role", "admin", "--json").document["key"]
        with httpx.Client(base_url=document["url"], headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
            yield client, document["health_url"], process
    finally:
        process.kill()
        process.wait()


def upload(client: httpx.Client, content: str, maps: list[dict[str, Any]]) -> httpx.Response:
    output = {"data_source": "crm", "mapping": maps, "notify": ["someone@example.org"]}
    client.post("/v1/data-sources", json={"name": "crm"})
    return client.post("/v1/uploads", files={"request": (None, json.dumps(output)), "file": ("people.tsv", content)})


def test_a_server_keeps_values_to_itself(cli: CommandLine) -> None:
    maps = [{"column": "crmid", "attribute": "crmid", "identifier": True}]
    maps += [{"column": name, "attribute": name} for name in ("email", "city")]
    maps += [{"column": "hm", "attribute": "hm", "pii": True}]
    with serving(cli) as (client, health, process):
        answer = upload(client, BODY, maps)
        assert answer.status_code == 202, answer.text
        request_id = answer.json()["request_id"]
        with client.stream("GET", f"/v1/requests/{request_id}/events") as events:
            reported = events.read()
        assert b"COMPLETED" in reported
        found = client.post("/v1/profiles:lookup", json={"namespace": "crmid", "value": f"{MARKS['crmid']}1"})
        assert found.json()["attributes"]["city"] == f"{MARKS['city']} again"
        absent = client.post("/v1/profiles:lookup", json={"namespace": "crmid", "value": f"{MARKS['crmid']}99"})
        wrong = client.post("/v1/profiles:lookup", json={"namespace": "email", "value": MARKS["email"]})
        broken = client.post("/v1/profiles:lookup", content=f'{{"namespace": "crmid", "value": "{MARKS["crmid"]}"')
        odd = client.post("/v1/profiles:lookup", json={"namespace": 7, "value": [MARKS["crmid"]]})
        refused = upload(client, BODY.removeprefix(HEADER), maps)
        metrics = httpx.get(f"{health}/metrics")
        assert "penstock_upload_bytes_total" in metrics.text
        problems = [absent, wrong, broken, odd, refused]
        assert all(answer.status_code >= 400 for answer in problems)
        check_text(reported, metrics.text, *(answer.text for answer in problems))
        check_text(*(str(answer.headers) for answer in [found, *problems]))
        process.send_signal(signal.SIGTERM)
        check_text(*process.communicate(timeout=60))
    check_folder(cli.data)


LIMITED_WORKER = """
import resource, sys
from services.row_processor.main import main

sys.argv[1:] = ["--until-stdin-closes"]
main()
print(resource.getrlimit(resource.RLIMIT_CORE))
"""


def test_no_process_leaves_its_memory_in_a_core_dump(cli: CommandLine) -> None:
    with serving(cli) as (_, _, process):
        assert resource.prlimit(process.pid, resource.RLIMIT_CORE) == (0, 0)
    command = [sys.executable, "-c", LIMITED_WORKER]
    ran = subprocess.run(command, env=cli.environment(), stdin=subprocess.DEVNULL, capture_output=True, check=True)
    assert ran.stdout == b"(0, 0)\n"


# Root gives up what lets it look into every process; who is not root has none of it.
AS_ANYBODY = """
import ctypes, os, sys

PR_CAPBSET_DROP = 24
CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_PERFMON = 19, 21, 38
for capability in (CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_PERFMON):
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability)
os.execv(sys.argv[1], sys.argv[1:])
"""


def as_anybody(*command: str) -> list[str]:
    return [sys.executable, "-c", AS_ANYBODY, *command]


def can_read(pid: int, file: str) -> bool:
    """Whether a process of the same user may read that file of /proc."""
    reader = as_anybody(sys.executable, "-c", f"open('/proc/{pid}/{file}', 'rb').read(1)")
    ran = subprocess.run(reader, capture_output=True, text=True, check=False)
    assert ran.returncode == 0 or "PermissionError" in ran.stderr, ran.stderr
    return ran.returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone says who may read a process's memory")
def test_no_process_s_memory_is_another_s_to_read(cli: CommandLine) -> None:
    listen = as_anybody(sys.executable, "-c", "import sys; sys.stdin.read()")
    with subprocess.Popen(listen, stdin=subprocess.PIPE) as other:
        until(lambda: can_read(other.pid, "environ"))  # else what follows would not show anything
    process = CommandLine(as_anybody(*cli.command), cli.folder).start("up", "--port", 0, "--workers", 1, "--json")
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())
        until(lambda: children(process.pid))
        (worker,) = children(process.pid)
        for pid in (process.pid, worker):
            until(lambda pid=pid: not can_read(pid, "environ"))  # type: ignore[misc]  # a worker begins with that
            assert not can_read(pid, "mem")
    finally:
        process.terminate()
        process.communicate()
