"""What every test shares: how hypothesis runs, a clean environment, and how the command line is called."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from penstock import struct_types
from penstock.config import PREFIX
from tests.support.servers import Servers, folder_of_the_run, servers

# No deadline: on a shared machine a slow example says nothing about the code. In CI the same examples on every run,
# so that a change is not held up by what it did not touch, and half as many; elsewhere new ones each time.
IN_CI = "CI" in os.environ
settings.register_profile(
    "penstock", deadline=None, print_blob=True, derandomize=IN_CI, max_examples=50 if IN_CI else 100
)
settings.load_profile("penstock")

# A job that a shell runs in the background ignores SIGINT, and so would every command that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Servers that live for a minute or two: better machine code costs their JVMs more CPU time than it saves.
os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")

for name in [name for name in os.environ if name.startswith(PREFIX)]:
    del os.environ[name]  # a developer's own settings must not decide what a test sees


@pytest.fixture(scope="session")
def penstock_command() -> list[str]:
    """The beginning of every `penstock` command line: the script that pip made beside the Python that runs the tests.

    Call it in a folder of the test's own: `subprocess.run([*penstock_command, "ingest", …], cwd=tmp_path, …)`. Under
    `make test` it is the built wheel's, so that one test serves both.
    """
    return [str(Path(sys.executable).with_name("penstock"))]


def pytest_collection_finish() -> None:
    """All test modules are imported, and there are no threads yet."""
    struct_types.prepare()


@pytest.fixture(autouse=True)
def _logs_as_they_are_by_default() -> Iterator[None]:
    """What one test configures must not decide what the next one sees of its logs."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def real_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """What a test asks these for is running; without its program the test is skipped."""
    with servers(folder_of_the_run(tmp_path_factory)) as lent:
        yield lent


@pytest.fixture(scope="session")
def kafka_address(real_servers: Servers) -> str:
    """Bootstrap address, "127.0.0.1:port". Shared by all tests of a run: use topics of your own."""
    return real_servers.use("kafka").addresses.kafka


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A gzip file holds the second it was made in, and xdist wants a test to have the same name in every process."""
    return argname if isinstance(val, bytes) and val.startswith(b"\x1f\x8b") else None
