"""Real servers for tests: one set for all processes of a run, on free ports, started when first asked for."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from deploy.stack.addresses import HOST, Ports, is_taken
from deploy.stack.errors import NotAvailable
from deploy.stack.lease import Lease
from deploy.stack.sets import single
from deploy.stack.stack import Stack

RUNNING = "TEST_STACK"  # a folder whose servers are used instead, and left running: for one test again and again
LOOK_SECONDS = 0.01


class Servers:
    """Those that this process has asked for so far."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease

    def use(self, *names: str) -> Stack:
        """The stack, with these running. Skips the test where they cannot be had; under CI=true that is a failure."""
        try:
            return self._lease.use(*names)
        except NotAvailable as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(str(error))


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """`folder` may be shared with other processes; what they start together ends with the last of them. A test that
    kills Cassandra takes one of its own."""
    running = os.environ.get(RUNNING)
    with Lease(single(Path(running)) if running else single(folder, Ports.free(), durable_schema=False)) as lease:
        yield Servers(lease)


def folder_of_the_run(factory: pytest.TempPathFactory) -> Path:
    """The same for all workers of a run: xdist gives each a folder of its own below one that they share."""
    base = factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "servers"


def kill(stack: Stack, name: str) -> None:
    """And wait until the last of its threads is gone, and its port with it."""
    process = stack.process(name)
    process.send(signal.SIGKILL)  # first: reading the others takes time, in which acknowledged writes are synced
    (port,) = [state.port for state in stack.status() if state.name == name]
    while process.is_running() or is_taken(HOST, port):
        time.sleep(LOOK_SECONDS)


def give_sessions(bootstrap_servers: str, group: str, seconds: float) -> None:
    """With KIP-848 it is the broker that decides how long a silent member is waited for, for each group."""
    milliseconds = {"consumer.session.timeout.ms": seconds * 1000, "consumer.heartbeat.interval.ms": 500}
    entries = [
        ConfigEntry(name, str(int(value)), incremental_operation=AlterConfigOpType.SET)
        for name, value in milliseconds.items()
    ]
    resource = ConfigResource(ResourceType.GROUP, group, incremental_configs=entries)
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    admin.incremental_alter_configs([resource])[resource].result()
