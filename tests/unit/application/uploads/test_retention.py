"""What the sweep deletes, and what it leaves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.adapters.embedded.object_store import SUFFIX
from penstock.application.encryption.sealed_objects import file_key, rejects_key
from penstock.application.uploads.retention import Swept
from penstock.application.uploads.upload_command import UploadCommand
from penstock.config import Settings
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.requests.request import Request
from penstock.wiring import System, embedded
from penstock.wiring.uploads import intake_of, sweeper_of
from tests.support.manual_clock import ManualClock

TENANT = "acme"
HOUR, DAY = 3_600, 86_400
NOW = 1_700_000_000


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    clock = ManualClock(NOW * 1_000_000)
    running = embedded(Settings(data=tmp_path / "data", retention_days=7), clock=clock)
    running.catalog.create_source(TENANT, "crm")
    running.catalog.save_mapping(TENANT, "crm", [ColumnMapping(column="crmid", attribute="crmid", identifier=True)])
    yield running
    running.close()


def later(system: System, seconds: int) -> None:
    system.clock.sleep(seconds)


def date(system: System, key: str) -> None:
    """Let the object `key` be as old as the test's clock says; its file has this machine's time."""
    at = system.clock.now_us() / 1_000_000
    os.utime(system.settings.data / "objects" / (key + SUFFIX), (at, at))


def upload(system: System) -> Request:
    command = UploadCommand(data_source="crm", file_name="f.tsv", uploaded_by="ann")
    request = intake_of(system).upload(TENANT, [b"crmid\nc1\n"], command)
    date(system, request.object_key)
    return request


def orphan(system: System, name: str) -> str:
    ref = system.files.put(TENANT, file_key(TENANT, name), [b"x"])
    date(system, ref.key)
    return ref.key


def rejects_of(system: System, request: Request) -> str:
    ref = system.files.put(TENANT, rejects_key(TENANT, request.request_id, 3), [b"x"])
    date(system, ref.key)
    return ref.key


def stored(system: System) -> set[str]:
    return {each.ref.key for prefix in ("files/", "rejects/") for each in system.objects.list(prefix)}


def test_a_file_that_no_request_names_goes_after_an_hour(system: System) -> None:
    named = upload(system).object_key
    old = orphan(system, "old")
    later(system, HOUR - 60)
    young = orphan(system, "young")
    later(system, 120)
    assert sweeper_of(system).sweep() == Swept(orphans=1, expired=0)
    assert stored(system) == {named, young}
    assert old not in stored(system)


def test_a_file_and_its_rejects_go_after_their_retention(system: System) -> None:
    request = upload(system)
    rejects_of(system, request)
    system.requests.cancel(TENANT, request.request_id)
    later(system, 7 * DAY - 60)
    assert sweeper_of(system).sweep() == Swept(orphans=0, expired=0)
    later(system, 120)
    assert sweeper_of(system).sweep() == Swept(orphans=0, expired=2)
    assert stored(system) == set()


def test_the_file_of_an_unfinished_request_is_kept(system: System) -> None:
    request = upload(system)
    rejects = rejects_of(system, request)
    later(system, 30 * DAY)
    assert sweeper_of(system).sweep() == Swept(orphans=0, expired=0)
    assert stored(system) == {request.object_key, rejects}


def test_sweeping_again_finds_nothing(system: System) -> None:
    orphan(system, "old")
    later(system, 2 * HOUR)
    assert sweeper_of(system).sweep() == Swept(1, 0)
    assert sweeper_of(system).sweep() == Swept(0, 0)
