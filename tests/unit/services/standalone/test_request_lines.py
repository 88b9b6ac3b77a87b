"""A request leaves a line in the log for each of its steps, and no line has its file's name or a value of it."""

from __future__ import annotations

import json
from pathlib import Path

from msgspec.structs import replace
from structlog.testing import capture_logs

from penstock.config import Settings
from penstock.wiring.uploads import intake_of
from services.standalone.system import Standalone
from tests.support import messy_file
from tests.support.waiting import until

STEPS = {"request.accepted", "request.started", "request.dispatched", "chunk.done", "request.completed"}
FILE_NAME = "ann.example.tsv"  # as people name files after people


def test_each_step_of_a_request_is_logged_with_its_ids_and_duration(tmp_path: Path) -> None:
    with capture_logs() as lines, Standalone(Settings(data=tmp_path / "data"), workers=0) as standalone:
        command = replace(messy_file.command(standalone.system), file_name=FILE_NAME)
        request = intake_of(standalone.system).upload(messy_file.TENANT, [messy_file.BODY], command)
        until(lambda: any(line["event"] == "request.completed" for line in lines))
        standalone.system.requests.undo(messy_file.TENANT, request.request_id)
        until(lambda: any(line["event"] == "request.reverted" for line in lines))
        done = standalone.system.requests.get(messy_file.TENANT, request.request_id)
    reported = [line for line in lines if line["event"].startswith(("request.", "chunk."))]
    assert {line["event"] for line in reported} == {*STEPS, "request.reverted"}
    ids = (request.request_id, messy_file.TENANT, "crm")
    assert {(line["request_id"], line["tenant"], line["data_source"]) for line in reported} == {ids}
    assert all(line["seconds"] >= 0 for line in reported)
    chunks = [line for line in reported if line["event"] == "chunk.done"]
    assert sum(line["ingested"] for line in chunks) == done.rows_accepted
    assert len(chunks) == done.chunks_total
    assert [line["event"] for line in reported].count("request.completed") == 1
    output = json.dumps(lines, default=str)
    assert FILE_NAME not in output
    assert messy_file.MARK not in output
