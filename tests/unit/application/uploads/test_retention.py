"""What the sweep deletes, and what it leaves."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.adapters.embedded.object_store import SUFFIX, FolderObjectStore
from penstock.application.encryption.sealed_objects import file_key, rejects_key
from penstock.application.requests.requests import Requests
from penstock.application.uploads.retention import Swept
from penstock.application.uploads.upload_command import UploadCommand
from penstock.config import Settings
from penstock.domain.errors import Corrupt, Unavailable
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.requests.request import Request
from penstock.ports.object_store import StoredObject
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
    request = intake_of(system).upload(TENANT, [b"crmid\n%d\n" % system.clock.now_us()], command)
    date(system, request.object_key)
    return request


def orphan(system: System, arrived_us: int | None = None, tenant_id: str = TENANT) -> str:
    """A file without a request, which began to arrive now or before."""
    at_us = system.clock.now_us() if arrived_us is None else arrived_us
    ref = system.files.put(tenant_id, file_key(tenant_id, at_us, secrets.token_hex(16)), [b"x"])
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
    old = orphan(system)
    later(system, HOUR - 60)
    young = orphan(system)
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
    orphan(system)
    later(system, 2 * HOUR)
    assert sweeper_of(system).sweep() == Swept(1, 0)
    assert sweeper_of(system).sweep() == Swept(0, 0)


def test_one_sweeper_finds_each_orphan_once_it_is_old_enough(system: System) -> None:
    """Also that of an upload that began before a sweep and ended after it."""
    sweeper = sweeper_of(system)
    upload(system)
    later(system, 2 * HOUR)
    assert sweeper.sweep() == Swept(0, 0)
    orphan(system)
    orphan(system, system.clock.now_us() - 1_800 * 1_000_000)
    later(system, HOUR - 60)
    assert sweeper.sweep() == Swept(0, 0)
    later(system, 120)
    assert sweeper.sweep() == Swept(orphans=2, expired=0)


def test_a_file_whose_request_has_an_earlier_time_is_no_orphan(system: System) -> None:
    """The clock went back between its arrival and its acceptance."""
    later(system, HOUR)
    intake, command = intake_of(system), UploadCommand(data_source="crm", file_name="f.tsv", uploaded_by="ann")
    arrived = intake.store(TENANT, [b"crmid\nc1\n"])
    date(system, arrived.ref.key)
    assert isinstance(system.clock, ManualClock)
    system.clock.jump(-HOUR)
    intake.accept(TENANT, arrived, command, idempotency_key=None)
    later(system, 4 * HOUR)
    assert sweeper_of(system).sweep() == Swept(0, 0)


def test_an_upload_that_took_long_is_kept_for_its_period_and_holds_up_no_other(system: System) -> None:
    began_us = system.clock.now_us()
    soon = orphan(system, began_us + 1)
    later(system, DAY)
    orphan(system, began_us)
    later(system, 6 * DAY + 60)
    assert sweeper_of(system).sweep() == Swept(orphans=0, expired=1)
    assert soon not in stored(system)
    later(system, DAY)
    assert sweeper_of(system).sweep() == Swept(orphans=0, expired=1)


def test_a_sweep_reads_only_what_may_have_to_go(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    sweeper = sweeper_of(system)
    for _ in range(20):
        rejects_of(system, upload(system))
        later(system, 2 * HOUR)
    sweeper.sweep()
    upload(system)
    later(system, 2 * HOUR)
    read: list[str] = []
    entry, page = FolderObjectStore._entry, Requests.list

    def counted_entry(store: FolderObjectStore, key: str) -> StoredObject:
        read.append(key.partition("/")[0])
        return entry(store, key)

    def counted_page(requests: Requests, *arguments: Any, **named: Any) -> list[Request]:
        read.append("requests")
        return page(requests, *arguments, **named)

    monkeypatch.setattr(FolderObjectStore, "_entry", counted_entry)
    monkeypatch.setattr(Requests, "list", counted_page)
    sweeper.sweep()
    assert sorted(read) == ["files", "files", "rejects", "requests"]  # the oldest ones, and the new file
    read.clear()
    sweeper.sweep()
    assert sorted(read) == ["files", "rejects"]


@pytest.mark.parametrize("fault", [Corrupt("a record was changed"), Unavailable("its records are away")])
def test_a_tenant_with_a_fault_keeps_its_files_and_others_are_swept(
    system: System, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    for tenant_id in ("aaa", "zzz"):
        orphan(system, tenant_id=tenant_id)
    orphan(system)
    later(system, 2 * HOUR)
    active = system.requests.active

    def active_of(tenant_id: str) -> Iterator[Request]:
        if tenant_id == "aaa":
            raise fault
        return active(tenant_id)

    monkeypatch.setattr(system.requests, "active", active_of)
    if isinstance(fault, Unavailable):
        with pytest.raises(Unavailable):
            sweeper_of(system).sweep()
    else:
        assert sweeper_of(system).sweep() == Swept(orphans=2, expired=0)
    assert [key.split("/")[1] for key in stored(system)] == ["aaa"]
