"""A tenant's keys are destroyed, or replaced, while its files are being ingested."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.application.encryption import key_ring
from penstock.application.encryption.key_ring import ALIVE_SECONDS, Purpose
from penstock.domain.files.rows import SET_ASIDE
from penstock.domain.requests.request import Status
from penstock.ports.control_store import Table
from tests.support import messy_file
from tests.support.driven_system import DrivenSystem

TENANT = messy_file.TENANT


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[DrivenSystem]:
    with closing(DrivenSystem(tmp_path / "data")) as system:
        yield system


@pytest.mark.parametrize("chunks", [0, 1], ids=["before it is split", "between chunks"])
def test_requests_of_destroyed_keys_fail_and_others_go_on(driven: DrivenSystem, chunks: int) -> None:
    request = driven.upload()
    while driven.system.requests.get(TENANT, request.request_id).chunks_done < chunks:
        driven.step()
    driven.system.keys.destroy(TENANT)
    driven.clock.advance(ALIVE_SECONDS)
    (failed,) = driven.finish(request)
    driven.drain()
    assert failed.status is Status.FAILED
    assert failed.error
    assert failed.error.code == "tenant_key_destroyed"
    assert failed.error.faults[0].hint == "Nothing can be done."
    assert driven.dead_letters() == []


@pytest.mark.parametrize("purpose", [Purpose.GENERAL, Purpose.PERSONAL, Purpose.HASH])
def test_a_chunk_is_not_sealed_with_another_key_than_its_plan_names(driven: DrivenSystem, purpose: Purpose) -> None:
    """As when the table of data keys is restored from the backup of another installation with the same key file."""
    request = driven.upload()
    other = driven.system.keys.current("other", purpose)
    context = key_ring._context(TENANT, purpose, 1)
    body = driven.system.vault.wrap(TENANT, other.secret, context)
    driven.system.control.delete(Table.DATA_KEYS, TENANT, purpose, "0000000001")
    driven.system.control.create(Table.DATA_KEYS, TENANT, purpose, "0000000001", body)
    driven.system.keys.close()
    (ended,) = driven.finish(request)
    assert (ended.status, ended.rows_ingested) == (Status.FAILED, 0)
    assert set(ended.reject_reasons) == {SET_ASIDE}
