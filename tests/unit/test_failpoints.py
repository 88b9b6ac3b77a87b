import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from penstock import failpoints
from penstock.failpoints import NAMES, VARIABLE, FailpointError, failpoint, installed, parse

ROOT = Path(failpoints.__file__).parents[1]
PASS_TWICE = """
from penstock.failpoints import failpoint
failpoint("worker.after_upsert"); print(1, flush=True)
failpoint("worker.after_upsert"); print(2)
"""


def run(configuration: str, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, VARIABLE: configuration}
    command = [sys.executable, *options, "-c", PASS_TWICE]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_names_are_unique() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_every_failpoint_in_the_source_is_registered() -> None:
    sources = [path for folder in ("penstock", "services") for path in (ROOT / folder).rglob("*.py")]
    used = {name for path in sources for name in re.findall(r"\bfailpoint\(\"([^\"]+)\"\)", path.read_text())}
    assert "consume.before_commit" in used
    assert used <= set(NAMES)


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(LookupError, match="not a failpoint"):
        failpoint("worker.nowhere")


def test_the_process_is_killed_at_the_nth_pass() -> None:
    done = run("dispatcher.began:1,worker.after_upsert:2")
    assert done.stdout == "1\n"
    assert done.returncode == -signal.SIGKILL


def test_raise_in_a_process() -> None:
    done = run("worker.after_upsert:2:raise")
    assert done.stdout == "1\n"
    assert "FailpointError: worker.after_upsert" in done.stderr


def test_stop_lets_the_process_continue_on_sigcont() -> None:
    environment = {**os.environ, VARIABLE: "worker.after_upsert:2:stop"}
    command = [sys.executable, "-c", PASS_TWICE]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    process.send_signal(signal.SIGCONT)
    assert process.communicate(timeout=60)[0] == "1\n2\n"


def test_nothing_is_left_without_debug() -> None:
    done = run("worker.after_upsert:1", "-O")
    assert (done.returncode, done.stdout) == (0, "1\n2\n")


@pytest.mark.parametrize("name", NAMES)
def test_each_failpoint_acts_at_its_own_pass_only(name: str) -> None:
    with installed(parse(f"{name}:2:raise")):
        for other in NAMES:
            failpoint(other)
        with pytest.raises(FailpointError, match=re.escape(name)):
            failpoint(name)
        failpoint(name)


def test_hang_never_returns() -> None:
    hook = parse("tracker.state_stored:1:hang")
    arrived, returned = threading.Event(), threading.Event()

    def pass_it() -> None:
        arrived.set()
        hook("tracker.state_stored")
        returned.set()

    threading.Thread(target=pass_it, daemon=True).start()
    assert arrived.wait(60)
    assert not returned.wait(0.05)


@pytest.mark.parametrize(
    "point", ["", "nowhere:1", *(f"worker.after_upsert{rest}" for rest in ("", ":0", ":x", ":1:no", ":1,"))]
)
def test_a_wrong_configuration_is_an_error(point: str) -> None:
    with pytest.raises(ValueError, match=VARIABLE):
        parse(point)


def test_hooks_nest_and_are_taken_out_again() -> None:
    seen: list[str] = []

    class Killed(BaseException):
        pass

    def kill(name: str) -> None:
        raise Killed

    with installed(lambda name: seen.append(f"outer {name}")):
        with installed(kill), pytest.raises(Killed):
            failpoint("worker.before_upsert")
        failpoint("uploader.event_sent")
    failpoint("uploader.event_sent")
    assert seen == ["outer uploader.event_sent"]
