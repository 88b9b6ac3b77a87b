"""A stored file that was changed fails its request alone; what cannot be read for a while is read again."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

from penstock.adapters.embedded import object_store
from penstock.adapters.embedded.object_store import HEAD_BYTES, SUFFIX
from penstock.domain.errors import Unavailable
from penstock.domain.files.sealed_file import HEADER_SIZE
from penstock.domain.requests.request import Status
from penstock.ports.object_store import ObjectRef, ObjectStore
from tests.support import messy_file
from tests.support.driven_system import DrivenSystem
from tests.support.invariant import check_folder, check_profiles, check_request, expected


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[DrivenSystem]:
    with closing(DrivenSystem(tmp_path / "data")) as system:
        yield system


def flipped(sealed: bytes, donor: bytes, at: int) -> bytes:
    return sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]


DAMAGES: dict[str, Callable[[bytes, bytes], bytes]] = {
    "a bit of a row": lambda sealed, donor: flipped(sealed, donor, HEAD_BYTES + HEADER_SIZE + 700),
    "a bit of the seal's header": lambda sealed, donor: flipped(sealed, donor, HEAD_BYTES + HEADER_SIZE - 1),
    "a bit of the last tag": lambda sealed, donor: flipped(sealed, donor, len(sealed) - 1),
    "a bit of the version": lambda sealed, donor: flipped(sealed, donor, HEAD_BYTES - 1),
    "cut": lambda sealed, donor: sealed[:-100],
    "cut to nothing": lambda sealed, donor: b"",
    "longer": lambda sealed, donor: sealed + b"\0",
    "another's object": lambda sealed, donor: donor,
    "another's content under its own version": lambda sealed, donor: sealed[:HEAD_BYTES] + donor[HEAD_BYTES:],
}


@pytest.mark.parametrize("chunks", [0, 3])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_changed_file_fails_its_own_request(driven: DrivenSystem, damage: str, chunks: int) -> None:
    """Changed in place, with the time of its last change put back, before it is read or after some of its chunks."""
    victim = driven.upload()
    other = driven.upload(messy_file.OTHER_BODY)
    _work(driven, chunks)
    path, donor = (
        _path(driven, victim.object_key),
        driven.system.files.put(messy_file.TENANT, "donor", [messy_file.BODY]),
    )
    before = path.stat()
    path.write_bytes(DAMAGES[damage](path.read_bytes(), _path(driven, donor.key).read_bytes()))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    _check_failed_alone(driven, victim, other, "corrupt")


@pytest.mark.parametrize("chunks", [0, 3])
def test_a_file_that_is_gone_fails_its_own_request(driven: DrivenSystem, chunks: int) -> None:
    victim, other = driven.upload(), driven.upload(messy_file.OTHER_BODY)
    _work(driven, chunks)
    driven.system.objects.delete(victim.object_key)
    _check_failed_alone(driven, victim, other, "not_found")


def _work(driven: DrivenSystem, chunks: int) -> None:
    """Have some chunks ingested."""
    while chunks and driven.dispatching.loop.run_once(0):
        pass
    for _ in range(chunks):
        driven.dispatching.dispatcher.dispatch()
        assert driven.worker.run_once(0)


def _path(driven: DrivenSystem, key: str) -> Path:
    return driven.data / "objects" / (key + SUFFIX)


def _check_failed_alone(driven: DrivenSystem, victim: Any, other: Any, code: str) -> None:
    failed, completed = driven.finish(victim, other)
    assert (failed.status, completed.status) == (Status.FAILED, Status.COMPLETED)
    assert failed.error is not None
    assert failed.error.code == code
    check_request(driven.system, completed, expected(completed, messy_file.OTHER_BODY))
    check_profiles(driven.system, [expected(failed, messy_file.BODY), expected(completed, messy_file.OTHER_BODY)])
    assert driven.dead_letters() == []


class Flaky:
    """An object store that does `fault` to one read in five."""

    def __init__(self, store: ObjectStore, fault: str, random: Random) -> None:
        self._store, self._fault, self._random = store, fault, random
        self.faults = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def read(self, ref: ObjectRef, start: int = 0, length: int | None = None) -> bytes:
        content = self._store.read(ref, start, length)
        if self._random.random() > 0.2:
            return content
        self.faults += 1
        if self._fault == "away":
            raise Unavailable("503: slow down")
        return content[:-1] if self._fault == "short" else content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize("fault", ["away", "short", "changed"])
@pytest.mark.parametrize("seed", range(5))
def test_a_read_that_fails_transiently_is_repeated(tmp_path: Path, fault: str, seed: int) -> None:
    stores: list[Flaky] = []

    def wrap(store: ObjectStore) -> ObjectStore:
        stores.append(Flaky(store, fault, Random(seed)))
        return stores[0]  # type: ignore[return-value]

    with closing(DrivenSystem(tmp_path / "data", wrap=wrap)) as driven:
        (completed,) = driven.finish(driven.upload())
        assert completed.status is Status.COMPLETED
    assert stores[0].faults
    check_folder(tmp_path / "data", messy_file.BODY)


def test_a_disk_that_fails_for_a_while_is_waited_for(driven: DrivenSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    pread, calls = os.pread, count()

    def failing(descriptor: int, length: int, offset: int) -> bytes:
        if next(calls) < 5:
            raise OSError(errno.EIO, "Input/output error")
        return pread(descriptor, min(length, 100), offset)  # and it gives little at a time

    request = driven.upload()
    monkeypatch.setattr(object_store.os, "pread", failing)
    (completed,) = driven.finish(request)
    assert completed.status is Status.COMPLETED
    assert next(calls) > 40
    monkeypatch.undo()
    driven.close()
    check_folder(driven.data, messy_file.BODY)
