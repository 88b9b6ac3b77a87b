"""`make demo-cluster` as a person runs it, and the next steps that it prints."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from deploy.stack.demo import VARIABLES, demonstrate
from tests.support.servers import Servers


def test_the_demonstration_ends_well_and_its_installation_can_be_used_after(
    real_servers: Servers, tmp_path: Path, penstock_command: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    servers = real_servers.use("kafka", "cassandra", "s3").addresses
    assert demonstrate(servers, tmp_path / "demo") == 0
    displayed = capfd.readouterr().out
    assert "19,880 ingested + 120 rejected" in displayed
    (advice,) = [line.strip() for line in displayed.splitlines() if VARIABLES in line]
    undo = f"{advice.partition(';')[0]} && {penstock_command[0]} undo {request_id(displayed)} --json"
    undone = subprocess.run(["sh", "-c", undo], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert json.loads(undone.stdout.splitlines()[-1])["status"] == "REVERTED"


def request_id(displayed: str) -> str:
    (line,) = [line for line in displayed.splitlines() if line.startswith("Request ")]
    return line.split()[1]
