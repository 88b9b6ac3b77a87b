"""A person who is looked up while a request completes: all of it is seen, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from penstock.application.profiles.reader import ProfileReader
from penstock.domain.mapping.mapping import Mode
from penstock.domain.profiles.epochs import Partition
from penstock.domain.profiles.fragments import StoredFragment
from penstock.domain.requests.request import Status
from penstock.ports.profile_store import ProfileStore
from tests.support import messy_file
from tests.support.driven_system import DrivenSystem

HEADER = b"c_crmid\tc_email\tc_loyalty\tc_note\tc_points\tc_born\n"


class Meanwhile(ProfileStore):
    """A store in which something happens after its first read."""

    def __init__(self, store: ProfileStore, happens: Callable[[], object]) -> None:
        self._store, self._happens = store, happens
        self.reads = 0

    def read(self, tenant_id: str, partitions: Sequence[Partition], start: bytes, end: bytes) -> list[StoredFragment]:
        found = self._store.read(tenant_id, partitions, start, end)
        self.reads += 1
        if self.reads == 1:
            self._happens()
        return found


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[DrivenSystem]:
    with closing(DrivenSystem(tmp_path / "data")) as driven:
        yield driven


def values(driven: DrivenSystem, meanwhile: Callable[[], object]) -> set[object]:
    system = driven.system
    reader = ProfileReader(
        profiles=Meanwhile(system.profiles, meanwhile),
        requests=system.requests,
        catalog=system.catalog,
        keys=system.keys,
        epochs=system.epochs,
        clock=driven.clock,
    )
    profile = reader.lookup(messy_file.TENANT, "crmid", "C1", reveal=True)
    return {each.value for each in profile.attributes.values()}


def row(crmid: str, email: str, points: str) -> bytes:
    return HEADER + f"{crmid}\t{email}\t\t\t{points}\t\n".encode()


def test_a_replacement_that_completes_meanwhile_is_seen_with_its_own_values(driven: DrivenSystem) -> None:
    driven.finish(driven.upload(row("C1", "", "1")))
    driven.command = replace(driven.command, mode=Mode.REPLACE)
    newer = driven.upload(row("C1", "", "2"))
    assert values(driven, lambda: driven.finish(newer)) == {"C1", 2}


def test_a_request_that_completes_meanwhile_is_seen_at_every_identifier(driven: DrivenSystem) -> None:
    (first,) = driven.finish(driven.upload(row("C1", "ann@gmail.com", "1")))
    newer = driven.upload(HEADER + b"C1\t\t\tat C1\t\t\nC2\tann@gmail.com\t\t\t\t\n")
    seen = values(driven, lambda: driven.finish(newer))
    assert driven.system.requests.get(messy_file.TENANT, first.request_id).status is Status.COMPLETED
    assert {"at C1", "C2"} < seen


def test_an_undo_meanwhile_takes_all_of_a_request_or_nothing(driven: DrivenSystem) -> None:
    driven.finish(driven.upload(row("C1", "ann@gmail.com", "1")))
    (second,) = driven.finish(driven.upload(row("C1", "ann@gmail.com", "2")))
    driven.clock.advance(7 * 24 * 3600)
    seen = values(driven, lambda: driven.system.requests.undo(messy_file.TENANT, second.request_id))
    assert seen == {"C1", "ann@gmail.com", 1}
