"""Real servers for tests: one set for all processes of a run, on free ports, started when first asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.stack.addresses import Ports
from deploy.stack.errors import NotAvailable
from deploy.stack.lease import Lease
from deploy.stack.sets import single
from deploy.stack.stack import Stack

RUNNING = "TEST_STACK"  # a folder whose servers are used instead, and left running: for one test again and again


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
    """`folder` may be shared with other processes; what they start together ends with the last of them."""
    running = os.environ.get(RUNNING)
    with Lease(single(Path(running)) if running else single(folder, Ports.free())) as lease:
        yield Servers(lease)


def folder_of_the_run(factory: pytest.TempPathFactory) -> Path:
    """The same for all workers of a run: xdist gives each a folder of its own below one that they share."""
    base = factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "servers"
