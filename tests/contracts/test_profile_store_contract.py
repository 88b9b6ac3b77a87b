"""The embedded profile store keeps the contract, with one generation and with many."""

import stat
from functools import partial
from pathlib import Path

import pytest
from profile_store_contract import BITS, EPOCH, Connect, ProfileStoreContract, fragment, key, place

from penstock.adapters.embedded.profile_store import CHECKPOINT_PAGES, PAGE_BYTES, EmbeddedProfileStore
from penstock.domain.profiles.fragments import StoredFragment


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "private" / "profiles.db"


class TestEmbeddedProfileStore(ProfileStoreContract):
    @pytest.fixture
    def connect(self, path: Path) -> Connect:
        return partial(EmbeddedProfileStore, path)


class TestEmbeddedProfileStoreOfManyGenerations(ProfileStoreContract):
    @pytest.fixture
    def connect(self, path: Path) -> Connect:
        return partial(EmbeddedProfileStore, path, generation_fragments=2)


def test_files_are_private(path: Path) -> None:
    store = EmbeddedProfileStore(path)
    store.write("t", EPOCH, [fragment(1, "k")], bits=BITS, timestamp_us=1)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    assert modes == {f"profiles.db{suffix}": 0o600 for suffix in ("", "-wal", "-shm", "-lock")}
    store.close()


def test_a_full_generation_is_followed_by_a_new_one(path: Path) -> None:
    store = EmbeddedProfileStore(path, generation_fragments=3)
    for at in range(6):
        store.write("t", EPOCH, [fragment(at, "k"), fragment(at, "l")], bits=BITS, timestamp_us=1)
    store.write("t", EPOCH, [fragment(0, "k")], bits=BITS + 1, timestamp_us=1)
    with store._database.read() as connection:
        generations = connection.execute("SELECT bits, fragments FROM generations ORDER BY id").fetchall()
    assert generations == [(BITS, 4), (BITS, 4), (BITS, 4), (BITS + 1, 1)]
    store.close()


def test_erased_data_is_in_no_file(path: Path) -> None:
    store = EmbeddedProfileStore(path)
    kept, erased = fragment(1, "kept", b"K" * 300), fragment(1, "gone", b"E" * 300)
    store.write("t", EPOCH, [erased, kept], bits=BITS, timestamp_us=1)
    store.delete("t", place(1), key(1, "gone"), key(1, "gone~"), timestamp_us=2)
    store.close()  # the last connection moves all of the WAL into the database
    content = b"".join(each.read_bytes() for each in path.parent.iterdir())
    assert kept.cell in content
    assert erased.cell not in content


def test_the_wal_stays_bounded(path: Path) -> None:
    store = EmbeddedProfileStore(path)
    cell = bytes(100_000)
    largest = 0
    for at in range(40):
        batch = [StoredFragment(key(1, f"{at:03}-{number:03}"), cell) for number in range(60)]
        store.write("t", EPOCH, batch, bits=BITS, timestamp_us=1)
        largest = max(largest, path.with_name("profiles.db-wal").stat().st_size)
    transaction_bytes = 60 * 2 * len(cell)
    assert path.stat().st_size > CHECKPOINT_PAGES * PAGE_BYTES, "too little was written to need a checkpoint"
    assert largest < CHECKPOINT_PAGES * (PAGE_BYTES + 24) + transaction_bytes
    store.close()
