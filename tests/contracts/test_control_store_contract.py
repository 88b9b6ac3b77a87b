"""The embedded control store keeps the contract."""

import stat
from functools import partial
from pathlib import Path

import apsw
import pytest
from control_store_contract import Connect, ControlStoreContract

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.domain.errors import Corrupt, Unavailable
from penstock.ports.control_store import Table


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "private" / "control.db"


class TestEmbeddedControlStore(ControlStoreContract):
    @pytest.fixture
    def connect(self, path: Path) -> Connect:
        return partial(EmbeddedControlStore, path)


def test_files_are_private(path: Path) -> None:
    store = EmbeddedControlStore(path)
    store.put(Table.SEGMENTS, "t", "", "s", b"")
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    assert modes == {f"control.db{suffix}": 0o600 for suffix in ("", "-wal", "-shm", "-lock")}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    store.close()


def test_commits_are_synchronous(path: Path) -> None:
    store = EmbeddedControlStore(path)
    with store._database.read() as connection:
        assert (connection.pragma("journal_mode"), connection.pragma("synchronous")) == ("wal", 2)
    store.close()


def test_a_damaged_database_is_named(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database, " * 1000)
    with pytest.raises(Corrupt, match=r"control\.db is damaged"):
        EmbeddedControlStore(path)


def test_a_database_that_cannot_be_opened_says_where(tmp_path: Path) -> None:
    (tmp_path / "control.db").mkdir()
    with pytest.raises(Unavailable, match=r"control\.db"):
        EmbeddedControlStore(tmp_path / "control.db")


def test_a_wrong_statement_stays_a_bug(path: Path) -> None:
    store = EmbeddedControlStore(path)
    with pytest.raises(apsw.SQLError), store._database.read() as connection:
        connection.execute("SELECT nothing FROM nowhere")
    store.close()
