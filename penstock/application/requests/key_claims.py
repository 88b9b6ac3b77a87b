"""Claims on idempotency keys: of two concurrent calls with the same key, one runs and the other has to wait.

A claim ends with its call. If the process of the call dies, the claim expires because it is not renewed.
"""

from __future__ import annotations

from contextlib import suppress

import msgspec

from penstock.application.requests.expiries import Expiries
from penstock.application.requests.reservations import hashed
from penstock.domain.errors import Conflict, Refused, refusal
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Record, Table

CLAIM_SECONDS = 60.0
RENEW_SECONDS = 20.0


class _Claimed(msgspec.Struct, frozen=True):
    until_us: int


class KeyClaim:
    """The claim of one call."""

    def __init__(self, store: ControlStore, clock: Clock, record: Record) -> None:
        self._store, self._clock, self._record = store, clock, record
        self._renewed = clock.monotonic()

    def renew(self) -> None:
        """Renew the claim while the call is running. Call it often: it writes only when a renewal is due. Raises
        `Unavailable`."""
        if self._clock.monotonic() - self._renewed >= RENEW_SECONDS:
            with suppress(Conflict):  # too late: another call has the key; still only one request is created
                body = _noted(self._store, self._clock, self._record.tenant_id, self._record.partition)
                self._record = self._store.replace(self._record, body)
            self._renewed = self._clock.monotonic()

    def release(self) -> None:
        """Let the next call have the key, unless it has it already. Raises `Unavailable`."""
        with suppress(Conflict):
            self._store.delete_unchanged(self._record)


class KeyClaims:
    def __init__(self, store: ControlStore, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def claim(self, tenant_id: str, key: str) -> KeyClaim:
        """Raises `Refused` (idempotency_key_in_use) while another call has the key."""
        partition = hashed(key)
        record = self._store.get(Table.KEY_CLAIMS, tenant_id, partition)
        if record and msgspec.json.decode(record.body, type=_Claimed).until_us > self._clock.now_us():
            raise _in_use()
        body = _noted(self._store, self._clock, tenant_id, partition)
        try:
            if record is None:
                record = self._store.create(Table.KEY_CLAIMS, tenant_id, partition, "", body)
            else:
                record = self._store.replace(record, body)
        except Conflict:
            raise _in_use() from None
        return KeyClaim(self._store, self._clock, record)


def _noted(store: ControlStore, clock: Clock, tenant_id: str, partition: str) -> bytes:
    """The body of a claim from now on, with a note of its end: the process of the call may die."""
    until_us = clock.now_us() + int(CLAIM_SECONDS * 1e6)
    body = msgspec.json.encode(_Claimed(until_us))
    Expiries(store).note(Table.KEY_CLAIMS, tenant_id, partition, body, until_us)
    return body


def _in_use() -> Refused:
    return refusal(
        "idempotency_key_in_use",
        "a call with this idempotency key is under way",
        "Wait, and send the same again: it then gets the answer of the first.",
    )
