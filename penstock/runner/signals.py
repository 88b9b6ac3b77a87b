"""Graceful shutdown of a process on SIGTERM and SIGINT."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from penstock.runner.runnable import Runnable
from penstock.runner.supervisor import Supervisor


def run_until_signalled(parts: Sequence[Runnable], supervisor: Supervisor | None = None) -> None:
    """Run all parts until SIGTERM or SIGINT; when one fails, the others stop and its error is raised."""
    supervisor = supervisor or Supervisor()
    stop_when_signalled(supervisor)
    supervisor.run(parts)


def stop_when_signalled(supervisor: Supervisor) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: supervisor.stop())
