"""Reservations: which request an idempotency key, or a file that is uploaded again, leads to.

A reservation is stored before its request, so that of several calls at once exactly one request comes, and that a
retry after a crash continues with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from penstock.application.requests.expiries import Expiries
from penstock.domain.days import DAY_US
from penstock.domain.errors import Conflict, refusal
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Record, Table

KEY_DAYS = 1  # that the answer to a client's key is replayed
OWN_KEY_DAYS = 400  # that a key of Penstock's own leads to its request: longer than events are kept
SAME_FILE_DAYS = 64  # that a file is recognised
UNFINISHED_SECONDS = 300  # after which a reservation of a file without a request is not continued


class Reservation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The id of a request, which may not exist yet, and the fingerprint of the upload.

    `duplicate`: the key was sent with a file that had led to this request before. `left_out` are the columns that the
    answer lists.
    """

    request_id: str
    accepted_at: int  # microseconds since the epoch
    fingerprint: str
    duplicate: bool = False
    left_out: tuple[tuple[str, str], ...] | None = None  # each with the reason


class Reserved(NamedTuple):
    """`found`: it was there before this call."""

    reservation: Reservation
    found: bool


class Reservations:
    def __init__(self, store: ControlStore, clock: Clock) -> None:
        self._store, self._clock, self._expiries = store, clock, Expiries(store)

    def of_key(self, tenant_id: str, key: str, fingerprint: str) -> Reservation | None:
        """The reservation of an idempotency key. Raises `Refused` (idempotency_key_reused) for another fingerprint."""
        record = self._store.get(Table.IDEMPOTENCY_KEYS, tenant_id, hashed(key))
        if record is None or not self._is_valid_key(key, _reservation(record)):
            return None
        return _same_upload(_reservation(record), fingerprint)

    def reserve_key(self, tenant_id: str, key: str, fingerprint: str, make: Callable[[], Reservation]) -> Reservation:
        """As `of_key`; without one, `make` it."""
        where = Table.IDEMPOTENCY_KEYS, tenant_id, hashed(key)
        reserved = self._reserve(*where, lambda found: self._is_valid_key(key, found), make, days=_days(key))
        return _same_upload(reserved.reservation, fingerprint)

    def release_key(self, tenant_id: str, key: str) -> None:
        self._store.delete(Table.IDEMPOTENCY_KEYS, tenant_id, hashed(key))

    def reserve_file(
        self,
        tenant_id: str,
        file_hash: str,
        is_valid: Callable[[Reservation], bool],
        make: Callable[[], Reservation],
    ) -> Reserved:
        """The valid reservation of a file; without one, `make` it."""
        return self._reserve(Table.SAME_FILES, tenant_id, file_hash, is_valid, make, days=SAME_FILE_DAYS)

    def seconds_since(self, reservation: Reservation) -> float:
        return (self._clock.now_us() - reservation.accepted_at) / 1e6

    def _reserve(
        self,
        table: Table,
        tenant_id: str,
        partition: str,
        is_valid: Callable[[Reservation], bool],
        make: Callable[[], Reservation],
        *,
        days: int,
    ) -> Reserved:
        made: Reservation | None = None
        while True:
            record = self._store.get(table, tenant_id, partition)
            if record is not None and is_valid(found := _reservation(record)):
                return Reserved(found, found=True)
            made = made or make()
            body = msgspec.json.encode(made)
            self._expiries.note(table, tenant_id, partition, body, made.accepted_at + days * DAY_US)
            try:
                if record is None:
                    self._store.create(table, tenant_id, partition, "", body)
                else:
                    self._store.replace(record, body)
            except Conflict:
                continue  # another call was faster
            return Reserved(made, found=False)

    def _is_valid_key(self, key: str, reservation: Reservation) -> bool:
        return self.seconds_since(reservation) < _days(key) * 86_400


def _days(key: str) -> int:
    """Keys of Penstock's own contain a line end."""
    return OWN_KEY_DAYS if "\n" in key else KEY_DAYS


def hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _reservation(record: Record) -> Reservation:
    return msgspec.json.decode(record.body, type=Reservation)


def _same_upload(reservation: Reservation, fingerprint: str) -> Reservation:
    if reservation.fingerprint != fingerprint:
        raise refusal(
            "idempotency_key_reused",
            "this idempotency key was already used for another upload",
            "Send a new key for a new upload, or repeat the first upload unchanged.",
        )
    return reservation
