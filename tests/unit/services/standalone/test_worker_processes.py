"""What a worker process waits for is reported to the process that has started it, which replaces the dead ones."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pytest

from penstock.application.health.dependencies import Dependencies
from penstock.config import Settings
from penstock.domain.errors import Unavailable
from services.row_processor import main as worker
from services.standalone import worker_processes
from services.standalone.worker_processes import WorkerProcesses


def test_a_parent_hears_at_once_that_something_is_back(capfd: pytest.CaptureFixture[str]) -> None:
    """It is the parent who waits until that has stayed so for a while."""
    dependencies = worker._dependencies(within=True)
    dependencies.report("a part", {"disk": "the disk is full"})
    dependencies.report("a part", {})
    assert capfd.readouterr().out.splitlines() == ['{"disk":"the disk is full"}', "{}"]


def test_a_worker_that_has_ended_waits_for_nothing_whatever_it_wrote(tmp_path: Path) -> None:
    dependencies = Dependencies(recovery_seconds=0)
    processes = WorkerProcesses(Settings(data=tmp_path), 0, dependencies)
    written = io.BytesIO(b'{"disk":"the disk is full"}\nno document\n')
    with pytest.raises(msgspec.DecodeError):
        processes._listen("worker process 0", written)
    assert dependencies.problems() == []


def test_workers_that_always_die_are_not_replaced_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_processes.sys, "executable", "/bin/false")
    monkeypatch.setattr(worker_processes, "MAX_RESTARTS", 3)
    processes = WorkerProcesses(Settings(data=tmp_path), 2, Dependencies())
    with pytest.raises(Unavailable, match="worker processes have died 4 times"):
        processes.run()
