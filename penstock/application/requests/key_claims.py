"""Claims on idempotency keys: of two concurrent calls with the same key, one runs and the other has to wait.

A claim ends with its call. If the process of the call dies, the claim expires because it is not renewed.
"""

from __future__ import annotations

from contextlib import suppress

import msgspec

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
            with suppress(
                Conflict
            ):  # the renewal came too late, and another call has the key; still only one request is created
                self._record = self._store.replace(self._record, _body(self._clock))
            self._renewed = self._clock.monotonic()

    def release(self) -> None:
        """Let the next call have the key, unless it has it already. Raises `Unavailable`."""
        claimed = self._record
        present = self._store.get(claimed.table, claimed.tenant_id, claimed.partition)
        if present == claimed:
            self._store.delete(claimed.table, claimed.tenant_id, claimed.partition)


class KeyClaims:
    def __init__(self, store: ControlStore, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def claim(self, tenant_id: str, key: str) -> KeyClaim:
        """Raises `Refused` (idempotency_key_in_use) while another call has the key."""
        partition = hashed(key)
        record = self._store.get(Table.KEY_CLAIMS, tenant_id, partition)
        try:
            if record is None:
                record = self._store.create(Table.KEY_CLAIMS, tenant_id, partition, "", _body(self._clock))
            elif msgspec.json.decode(record.body, type=_Claimed).until_us > self._clock.now_us():
                raise _in_use()
            else:
                record = self._store.replace(record, _body(self._clock))
        except Conflict:
            raise _in_use() from None
        return KeyClaim(self._store, self._clock, record)


def _body(clock: Clock) -> bytes:
    return msgspec.json.encode(_Claimed(clock.now_us() + int(CLAIM_SECONDS * 1e6)))


def _in_use() -> Refused:
    return refusal(
        "idempotency_key_in_use",
        "a call with this idempotency key is under way",
        "Wait, and send the same again: it then gets the answer of the first.",
    )
