"""The authenticated store keeps the contract of a control store, and believes nothing that lacks the authority key."""

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import apsw
import pytest
from control_store_contract import Connect, ControlStoreContract
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.adapters.embedded.control_store import EmbeddedControlStore
from penstock.application.encryption.authenticated_store import TAG_BYTES, AuthenticatedStore
from penstock.domain.errors import Corrupt, Unavailable
from penstock.ports.control_store import ControlStore, Put, Record, Table

AUTHORITY, OTHER = bytes(range(32)), bytes(32)
BODY = b'{"role": "viewer"}'


def authenticated(path: Path, authority: bytes = AUTHORITY) -> AuthenticatedStore:
    return AuthenticatedStore(EmbeddedControlStore(path), authority)


class TestAuthenticatedStore(ControlStoreContract):
    @pytest.fixture
    def connect(self, tmp_path: Path) -> Connect:
        return partial(authenticated, tmp_path / "control.db")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.db"


@pytest.fixture
def store(path: Path) -> Iterator[ControlStore]:
    with closing(authenticated(path)) as store:
        yield store


def tamper(path: Path, statement: str, *values: object) -> None:
    """As somebody does who can write the database and has no key."""
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(60_000)
    connection.execute(statement, values)
    assert connection.changes() > 0
    connection.close()


READS: list[Callable[[ControlStore], object]] = [
    lambda store: store.get(Table.API_KEYS, "t", "", "key"),
    lambda store: store.get_each(Table.API_KEYS, "t", [("", "key")]),
    lambda store: store.scan(Table.API_KEYS, "t", ""),
]
CHANGES = {
    "another body": "UPDATE records SET body = CAST(replace(body, 'viewer', 'admin') AS BLOB) WHERE sort = 'key'",
    "no tag": "UPDATE records SET body = CAST('{}' AS BLOB) WHERE sort = 'key'",
    "nothing": "UPDATE records SET body = CAST('' AS BLOB) WHERE sort = 'key'",
    "an older version": "UPDATE records SET version = 7 WHERE sort = 'key'",
    "that of another record": (
        "UPDATE records SET body = (SELECT body FROM records WHERE sort = 'admin') WHERE sort = 'key'"
    ),
    "that of another tenant": (
        "UPDATE records SET body = (SELECT body FROM records WHERE tenant = 'other')"
        " WHERE sort = 'key' AND tenant = 't'"
    ),
    "that of another table": (
        "UPDATE records SET body = (SELECT body FROM records WHERE tbl = 'sessions') WHERE sort = 'key'"
    ),
}


@pytest.mark.parametrize("read", READS, ids=["get", "get_each", "scan"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_record_changed_without_the_key_is_not_used(
    store: ControlStore, path: Path, change: str, read: Callable[[ControlStore], object]
) -> None:
    store.create(Table.API_KEYS, "t", "", "key", BODY)
    store.create(Table.API_KEYS, "t", "", "admin", BODY)
    store.create(Table.API_KEYS, "other", "", "key", BODY)
    store.create(Table.SESSIONS, "t", "", "key", BODY)
    assert read(store)
    tamper(path, f"{CHANGES[change]} AND tbl = 'api_keys'")
    with pytest.raises(Corrupt, match=r"a record of api_keys was changed in the database .* partition '', sort 'key'"):
        read(store)


def test_an_inserted_record_is_not_used(store: ControlStore, path: Path) -> None:
    store.put(Table.API_KEYS, "t", "", "key", BODY)
    tamper(path, "INSERT INTO records VALUES ('api_keys', 't', '', 'mine', ?, 0, 0)", b'{"role": "admin"}')
    tamper(
        path, "INSERT INTO records SELECT tbl, tenant, partition, 'copied', body, version, rank FROM records LIMIT 1"
    )
    for sort in ("mine", "copied"):
        with pytest.raises(Corrupt):
            store.get(Table.API_KEYS, "t", "", sort)


def test_a_wrong_authority_key_is_waited_for(store: ControlStore, path: Path) -> None:
    store.put(Table.API_KEYS, "t", "", "key", BODY)
    with (
        closing(authenticated(path, OTHER)) as wrong,
        pytest.raises(Unavailable, match="PENSTOCK_AUTHORITY_FILE") as away,
    ):
        wrong.get(Table.API_KEYS, "t", "", "key")
    assert away.value.dependency == "key_file"


def test_an_address_is_not_named(store: ControlStore, path: Path) -> None:
    store.put(Table.NOTIFICATIONS, "t", "request", "email:ann@example.com", BODY)
    tamper(path, "UPDATE records SET body = CAST('{}' AS BLOB)")
    with pytest.raises(Corrupt) as corrupt:
        store.scan(Table.NOTIFICATIONS, "t", "request")
    assert "ann@example.com" not in str(corrupt.value)


def test_bodies_are_stored_with_their_tags(store: ControlStore, path: Path) -> None:
    store.put_each("t", [Put(Table.SEGMENTS, "", "s", BODY)])
    with closing(EmbeddedControlStore(path)) as plain:
        record = plain.get(Table.SEGMENTS, "t", "", "s")
    assert record
    assert record.body[: len(BODY)] == BODY
    assert len(record.body) == len(BODY) + TAG_BYTES


class InMemory:
    """The raw record of the last write, for a property."""

    record: Record

    def put_each(self, tenant_id: str, puts: list[Put]) -> None:
        [put] = puts
        self.record = Record(put.table, tenant_id, put.partition, put.sort, put.body, 0)

    def get(self, *_: object) -> Record:
        return self.record


@given(st.binary(max_size=40), st.data())
@settings(deadline=None)
def test_no_flipped_bit_is_believed(body: bytes, data: st.DataObject) -> None:
    memory = InMemory()
    store = AuthenticatedStore(memory, AUTHORITY)  # type: ignore[arg-type]
    store.put(Table.SEGMENTS, "t", "p", "s", body)
    stored = bytearray(memory.record.body)
    bit = data.draw(st.integers(0, 8 * len(stored) - 1))
    stored[bit // 8] ^= 1 << bit % 8
    memory.record = Record(Table.SEGMENTS, "t", "p", "s", bytes(stored), 0)
    with pytest.raises((Corrupt, Unavailable)):
        store.get(Table.SEGMENTS, "t", "p", "s")
