"""Sessions of the console, begun with an API key or a one-time link.

A sign-in proves who somebody is, and gives a `SignIn`; `begin` makes it a session, and `_caller` says at each call who
that is now. Cookies, limits, lists and the audit know no method. How to add one: docs/architecture.md.

The secrets are 256 random bits; only their SHA-256 is stored, and records are looked up by it. A session does not copy
the role of its API key: it reads the key at each call, so that a revoked key ends its sessions at once.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import msgspec

from penstock.application.access.api_keys import ApiKeys
from penstock.application.scanning import scan_all
from penstock.domain.access.permissions import EVERYTHING, Caller
from penstock.domain.access.session import SEEN_US, Session, SignInLink, SignInMethod
from penstock.domain.errors import Conflict, NotFound, Refused, Unavailable, refusal
from penstock.domain.limits import MAX_BROWSER, MAX_SESSIONS, MAX_SESSIONS_OF_KEY
from penstock.domain.tenants import TENANT
from penstock.ports.clock import Clock
from penstock.ports.control_store import ControlStore, Record, Table

SECRET_BYTES = 32
_SECRET = re.compile(rf"(?P<tenant>{TENANT})_[0-9a-f]{{64}}")


class SignIn(NamedTuple):
    """Who has proved who they are, and how."""

    caller: Caller
    method: SignInMethod


class SignedIn(msgspec.Struct, frozen=True):
    """Who calls in a session."""

    caller: Caller
    session: Session


class Sessions:
    """The sessions of each tenant. Raises `Unavailable`."""

    def __init__(self, store: ControlStore, clock: Clock, keys: ApiKeys) -> None:
        self._store, self._clock, self._keys = store, clock, keys

    def create_link(self, tenant_id: str, name: str) -> str:
        """The secret of a new sign-in link for the user `name` of this machine."""
        self._delete_ended_links(tenant_id)
        secret = _new_secret(tenant_id)
        link = SignInLink(name=name, created_at=self._clock.now_us())
        self._store.create(Table.SIGN_IN_LINKS, tenant_id, "", _hash(secret), msgspec.json.encode(link))
        return secret

    def use_key(self, secret: str, *, remote_address: str | None = None) -> SignIn:
        """By the text of an API key. Raises `Refused` (unauthorized)."""
        caller = self._keys.authenticate(secret, remote_address=remote_address)
        if caller is None:
            hint = "Paste the whole key, pk_…, or ask an admin of your organisation for one."
            raise refusal("unauthorized", "this is no valid API key", hint)
        return SignIn(caller, SignInMethod.API_KEY)

    def use_link(self, secret: str, *, remote_address: str | None = None) -> SignIn:
        """By a one-time link, which no later call accepts. Raises `Refused` (sign_in_link_ended)."""
        record, link = self._good_link(secret)
        try:
            self._store.replace(record, msgspec.json.encode(msgspec.structs.replace(link, used=True)))
        except Conflict:  # somebody else was faster
            raise _link_ended() from None
        caller = _user_of_machine(record.tenant_id, link.name, remote_address)
        return SignIn(caller, SignInMethod.LINK)

    def check_link(self, secret: str) -> None:
        """Raises `Refused` (sign_in_link_ended) if `use_link` would; does not use it up."""
        self._good_link(secret)

    def _good_link(self, secret: str) -> tuple[Record, SignInLink]:
        match = _SECRET.fullmatch(secret)
        record = match and self._store.get(Table.SIGN_IN_LINKS, match["tenant"], "", _hash(secret))
        if not record:
            raise _link_ended()
        link = msgspec.json.decode(record.body, type=SignInLink)
        if not link.is_good(self._clock.now_us()):
            raise _link_ended()
        return record, link

    def begin(self, caller: Caller, method: SignInMethod, browser: str = "") -> str:
        """The secret of a new session of `caller`. Raises `Refused` (too_many_sessions)."""
        self._make_room(caller)
        secret, now_us = _new_secret(caller.tenant_id), self._clock.now_us()
        session = Session(
            session_id=_hash(secret),
            name=caller.name,
            method=method,
            key_id=caller.key_id,
            begun_at=now_us,
            seen_at=now_us,
            browser=browser[:MAX_BROWSER],
            remote_address=caller.remote_address,
        )
        self._store.create(Table.SESSIONS, caller.tenant_id, "", session.session_id, msgspec.json.encode(session))
        return secret

    def authenticate(self, secret: str, *, remote_address: str | None = None) -> SignedIn | None:
        """Who calls with this secret; None when the session has ended or its key is no longer valid."""
        match = _SECRET.fullmatch(secret)
        record = match and self._store.get(Table.SESSIONS, match["tenant"], "", _hash(secret))
        if not record:
            return None
        session, now_us = _session(record), self._clock.now_us()
        if session.has_ended(now_us):
            return None
        caller = self._caller(record.tenant_id, session, remote_address)
        if caller is None:
            return None
        return SignedIn(caller, self._seen(record, session, now_us))

    def all(self, tenant_id: str) -> list[Session]:
        """The sessions that have not ended, the latest first; those of a revoked or expired key have."""
        now_us = self._clock.now_us()
        keys = {None, *(key.key_id for key in self._keys.list_keys(tenant_id) if key.is_valid(now_us))}
        sessions = map(_session, scan_all(self._store, Table.SESSIONS, tenant_id))
        open_sessions = [each for each in sessions if each.key_id in keys and not each.has_ended(now_us)]
        return sorted(open_sessions, key=lambda session: (-session.begun_at, session.session_id))

    def get(self, tenant_id: str, session_id: str) -> Session:
        """A session that has not ended. Raises `NotFound`."""
        record = self._store.get(Table.SESSIONS, tenant_id, "", session_id)
        if record is None or _session(record).has_ended(self._clock.now_us()):
            raise NotFound("there is no such session")
        return _session(record)

    def is_open(self, tenant_id: str, session_id: str) -> bool:
        """Whether a session has not ended."""
        record = self._store.get(Table.SESSIONS, tenant_id, "", session_id)
        return record is not None and not _session(record).has_ended(self._clock.now_us())

    def end(self, tenant_id: str, session_id: str) -> None:
        """End a session at once; one that has ended is no error."""
        self._store.delete(Table.SESSIONS, tenant_id, "", session_id)

    def _caller(self, tenant_id: str, session: Session, remote_address: str | None) -> Caller | None:
        """Who the person of a session is now, and what they may do; None if they may not sign in any more."""
        match session.method:
            case SignInMethod.LINK:
                return _user_of_machine(tenant_id, session.name, remote_address)
            case SignInMethod.API_KEY:
                return self._keys.caller_of(tenant_id, session.key_id or "", remote_address=remote_address)

    def _seen(self, record: Record, session: Session, now_us: int) -> Session:
        """Record the call, at most once in `SEEN_US`. A session that ends meanwhile does not come back by this."""
        if now_us - session.seen_at < SEEN_US:
            return session
        seen = msgspec.structs.replace(session, seen_at=now_us)
        with suppress(Conflict, Unavailable):  # just recorded by another call, just ended, or the store is unavailable
            self._store.replace(record, msgspec.json.encode(seen))
        return seen

    def _make_room(self, caller: Caller) -> None:
        """End the sessions whose time is over, and those of the same key that were unused for longest if it has too
        many, so that no key takes the room of others. Raises `Refused` when too many are left."""
        now_us, tenant_id = self._clock.now_us(), caller.tenant_id
        sessions = [_session(record) for record in scan_all(self._store, Table.SESSIONS, tenant_id)]
        going_on = [session for session in sessions if not session.has_ended(now_us)]
        own = sorted(filter(partial(_is_of, caller), going_on), key=lambda session: -session.seen_at)
        excess = own[MAX_SESSIONS_OF_KEY - 1 :]
        for session in [*(session for session in sessions if session.has_ended(now_us)), *excess]:
            self.end(tenant_id, session.session_id)
        if len(going_on) - len(excess) >= MAX_SESSIONS:
            raise refusal(
                "too_many_sessions",
                f"this organisation has {len(going_on):,} sessions",
                "An admin can end some of them on the page API keys; each ends by itself after 24 hours.",
            )

    def _delete_ended_links(self, tenant_id: str) -> None:
        now_us = self._clock.now_us()
        for record in scan_all(self._store, Table.SIGN_IN_LINKS, tenant_id):
            if not msgspec.json.decode(record.body, type=SignInLink).is_good(now_us):
                self._store.delete(Table.SIGN_IN_LINKS, tenant_id, "", record.sort)


def _is_of(caller: Caller, session: Session) -> bool:
    """Whether the key of a session is the caller's, or its user of this machine is."""
    return session.key_id == caller.key_id and (caller.key_id is not None or session.name == caller.name)


def _user_of_machine(tenant_id: str, name: str, remote_address: str | None) -> Caller:
    return Caller(tenant_id=tenant_id, name=name, permissions=EVERYTHING, remote_address=remote_address)


def _new_secret(tenant_id: str) -> str:
    return f"{tenant_id}_{secrets.token_hex(SECRET_BYTES)}"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _session(record: Record) -> Session:
    return msgspec.json.decode(record.body, type=Session)


def _link_ended() -> Refused:
    return refusal(
        "sign_in_link_ended",
        "this link was used, or is older than ten minutes",
        "Make a new one on the machine of the system: penstock sign-in",
    )
