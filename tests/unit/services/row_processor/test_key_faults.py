"""A tenant whose key the workers cannot use waits alone, is tried ever less often, and goes on when the key is back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from penstock.application.encryption.key_ring import KeyRing, Purpose
from penstock.application.requests.queues import Queues
from penstock.application.requests.waits import Waits
from penstock.domain.event_codec import decode
from penstock.domain.events import CHUNK_EXPRESS, CHUNK_READY, ChunkReady
from penstock.domain.mapping.mapping import ColumnMapping, PlannedKey
from penstock.domain.profiles.sealing import DataKey
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.waiting import WaitsFor
from penstock.ports.key_vault import RootMissing
from services.row_processor.dispatcher import EXPRESS_WINDOW
from tests.support import messy_file
from tests.support.driven_system import STEP_SECONDS, DrivenSystem

OTHER = "acme"
SMALL_BODY = messy_file.BODY[: messy_file.BODY.index(b"\n", messy_file.CHUNK_BYTES // 4) + 1]


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[DrivenSystem]:
    driven = DrivenSystem(tmp_path / "data")
    with closing(driven):
        yield driven


@pytest.fixture
def unusable(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The tenants whose data keys do not open."""
    tenants, planned = set[str](), KeyRing.planned

    def usable(ring: KeyRing, tenant_id: str, purpose: Purpose, key: PlannedKey) -> DataKey:
        if tenant_id in tenants:
            raise RootMissing(f"the key file has no root of tenant {tenant_id}", dependency="key_file")
        return planned(ring, tenant_id, purpose, key)

    monkeypatch.setattr(KeyRing, "planned", usable)
    return tenants


def of_other(driven: DrivenSystem, rows: int) -> Request:
    catalog = driven.system.catalog
    catalog.create_source(OTHER, "crm")
    mapping = catalog.save_mapping(OTHER, "crm", [ColumnMapping(column="id", attribute="crmid", identifier=True)])
    body = "id\n" + "".join(f"{messy_file.MARK}-{rows}-{number:040}\n" for number in range(rows))
    return driven.intake.upload(OTHER, [body.encode()], replace(driven.command, mapping=mapping))


def sent(driven: DrivenSystem, tenant_id: str) -> Counter[tuple[str, int]]:
    """How often each chunk of the tenant was sent."""
    log, found = driven.system.log, Counter[tuple[str, int]]()
    for topic in (CHUNK_EXPRESS, CHUNK_READY):
        for partition in range(log.partitions(topic)):
            for message in log.read(topic, partition, 0, 10_000):
                event = decode(topic, message.value)
                assert isinstance(event, ChunkReady)
                if event.tenant_id == tenant_id:
                    found[event.request_id, event.chunk] += 1
    return found


def let_pass(driven: DrivenSystem, seconds: float) -> None:
    for _ in range(int(seconds / STEP_SECONDS)):
        driven.step()


def test_a_tenant_whose_key_cannot_be_used_waits_alone(driven: DrivenSystem, unusable: set[str]) -> None:
    unusable.add(messy_file.TENANT)
    stuck = [driven.upload(SMALL_BODY + b"%d\n" % number) for number in range(2 * EXPRESS_WINDOW)]
    stuck.append(driven.upload())
    let_pass(driven, 60)
    others = [of_other(driven, 2), of_other(driven, 200)]
    since = driven.clock.monotonic()
    assert {each.status for each in driven.finish(*others)} == {Status.COMPLETED}
    assert driven.clock.monotonic() - since < 30
    present = [driven.system.requests.get(each.tenant_id, each.request_id) for each in stuck]
    assert all(each.status.processing for each in present)
    assert driven.dead_letters() == []
    assert driven.system.dependencies.lasting() == {}, "nothing that others need is unavailable"

    unusable.clear()
    assert {each.status for each in driven.finish(*stuck)} == {Status.COMPLETED}


def test_tries_become_ever_rarer(driven: DrivenSystem, unusable: set[str]) -> None:
    unusable.add(messy_file.TENANT)
    for number in range(3):
        driven.upload(SMALL_BODY + b"%d\n" % number)
    let_pass(driven, 60)
    before = sent(driven, messy_file.TENANT).total()
    let_pass(driven, 600)
    tries = sent(driven, messy_file.TENANT).total() - before
    assert 8 <= tries <= 12, "one a minute, of all three together"


def test_the_requests_say_that_they_wait_for_the_key(driven: DrivenSystem, unusable: set[str]) -> None:
    unusable.add(messy_file.TENANT)
    small, large = driven.upload(SMALL_BODY), driven.upload()
    waits = Waits(Queues(driven.system.control), driven.clock, dict)
    let_pass(driven, 120)
    for request in (small, large):
        waiting = waits.of(driven.system.requests.get(request.tenant_id, request.request_id))
        assert waiting is not None
        assert waiting.reason is WaitsFor.SYSTEM
        assert "It waits for the key of its tenant, which" in waiting.message
    unusable.clear()
    driven.finish(small, large)
