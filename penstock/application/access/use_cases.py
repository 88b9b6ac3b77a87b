"""Use cases for API keys, publishers and the audit."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.application.access.api_keys import ApiKey, ApiKeys
from penstock.application.access.audit import Audit, AuditEntry
from penstock.application.access.publishers import Publisher, Publishers
from penstock.application.access.sessions import Sessions
from penstock.application.encryption.key_ring import KeyRing
from penstock.application.use_case import Audited, UseCases, use_case
from penstock.domain.access.permissions import Caller, Permission, Role, forbidden, require_local
from penstock.domain.access.session import Session, SignInMethod

CREATE_KEY = "key.create"
CREATE_PUBLISHER = "publisher.create"


class AccessUseCases(UseCases):
    def __init__(
        self, audit: Audit, keys: ApiKeys, sessions: Sessions, publishers: Publishers, data_keys: KeyRing
    ) -> None:
        super().__init__(audit)
        self._keys, self._sessions, self._publishers = keys, sessions, publishers
        self._data_keys = data_keys

    @use_case(Permission.MANAGE_KEYS, "key.list", Audited.DENIED_ONLY)
    def keys(self, caller: Caller) -> list[ApiKey]:
        """All keys that were not revoked, without their texts, oldest first."""
        return self._keys.list_keys(caller.tenant_id)

    @use_case(Permission.MANAGE_KEYS, "key.list", Audited.DENIED_ONLY)
    def key(self, caller: Caller, key_id: str) -> ApiKey:
        """A key that was not revoked. Raises `NotFound`."""
        return self._keys.get_key(caller.tenant_id, key_id)

    @use_case(Permission.MANAGE_KEYS, CREATE_KEY, Audited.WITHIN, details=("role",))
    def create_key(self, caller: Caller, role: Role, name: str, *, expires_at: int | None = None) -> tuple[str, ApiKey]:
        """A new key: its text, which is never shown again, and its stored record. The first key of a tenant makes its
        root. Raises `Refused`, also for a role with a permission that the caller lacks, or for a root that only an
        operator can make; and `KeyRevoked` when the tenant's root was destroyed."""
        for permission in sorted(role.permissions - caller.permissions):
            raise forbidden(permission)
        self._data_keys.prepare(caller.tenant_id)
        secret, key = self._keys.new_key(caller.tenant_id, role, name, expires_at=expires_at)
        self._audit.record(caller, CREATE_KEY, details={"created_key_id": key.key_id, "role": key.role})
        self._keys.add(caller.tenant_id, key)
        return secret, key

    @use_case(Permission.MANAGE_KEYS, "key.revoke", details=("revoked_key_id",))
    def revoke_key(self, caller: Caller, revoked_key_id: str) -> None:
        """Revoke a key immediately. Raises `NotFound`, `Refused` (last_admin_key)."""
        self._keys.revoke_key(caller.tenant_id, revoked_key_id)

    @use_case(Permission.OPERATE, "sign_in_link.create")
    def create_sign_in_link(self, caller: Caller) -> str:
        """The secret of a one-time link by which `caller`, a user of the machine, begins a session in a browser."""
        require_local(caller, "penstock sign-in")  # the session would have more permissions than a key
        return self._sessions.create_link(caller.tenant_id, caller.name)

    @use_case(Permission.SIGN_IN, "session.begin")
    def begin_session(self, caller: Caller, method: SignInMethod, browser: str = "") -> str:
        """The secret of a new session. Raises `Refused` (too_many_sessions)."""
        return self._sessions.begin(caller, method, browser)

    @use_case(Permission.SIGN_IN, "session.list", Audited.DENIED_ONLY)
    def sessions(self, caller: Caller) -> list[Session]:
        """The open sessions, the latest first: of all keys for those who manage keys, else of the caller's own."""
        return [each for each in self._sessions.all(caller.tenant_id) if _may_end(caller, each)]

    @use_case(Permission.SIGN_IN, "session.end", details=("session_id",))
    def end_session(self, caller: Caller, session_id: str) -> None:
        """End an open session at once. Raises `NotFound`, `Refused` (forbidden) for one of another key."""
        if not _may_end(caller, self._sessions.get(caller.tenant_id, session_id)):
            raise forbidden(Permission.MANAGE_KEYS)
        self._sessions.end(caller.tenant_id, session_id)

    @use_case(Permission.READ_AUDIT, "audit.read", Audited.COUNTED)
    def audit(
        self, caller: Caller, *, day: str | None = None, before: str = "", limit: int
    ) -> list[tuple[str, AuditEntry]]:
        """Up to `limit` entries of a day (UTC, YYYY-MM-DD; today by default), newest first, each with its cursor."""
        return self._audit.read(caller.tenant_id, day=day, before=before, limit=limit)

    @use_case(Permission.MANAGE_PUBLISHERS, "publisher.list", Audited.DENIED_ONLY)
    def publishers(self, caller: Caller) -> list[Publisher]:
        """All publishers that were not revoked, oldest first."""
        return self._publishers.all(caller.tenant_id)

    @use_case(Permission.MANAGE_PUBLISHERS, "publisher.list", Audited.DENIED_ONLY)
    def publisher(self, caller: Caller, publisher_id: str) -> Publisher:
        """A publisher that was not revoked. Raises `NotFound`."""
        return self._publishers.get(caller.tenant_id, publisher_id)

    @use_case(Permission.MANAGE_PUBLISHERS, CREATE_PUBLISHER, Audited.WITHIN, details=("name",))
    def create_publisher(self, caller: Caller, name: str, prefixes: Sequence[str]) -> tuple[bytes, Publisher]:
        """A new publisher and its key, which is never shown again. Raises `Refused` with every fault of `prefixes`."""
        publisher = self._publishers.new(caller.tenant_id, name, prefixes)
        registered = " ".join(publisher.prefixes)
        details = {"publisher_id": publisher.publisher_id, "prefixes": registered}
        self._audit.record(caller, CREATE_PUBLISHER, details=details)
        return self._publishers.add(caller.tenant_id, publisher), publisher

    @use_case(Permission.MANAGE_PUBLISHERS, "publisher.rotate", details=("publisher_id",))
    def rotate_publisher(self, caller: Caller, publisher_id: str) -> tuple[bytes, Publisher]:
        """A new key for a publisher. Raises `NotFound`."""
        return self._publishers.rotate(caller.tenant_id, publisher_id)

    @use_case(Permission.MANAGE_PUBLISHERS, "publisher.revoke", details=("publisher_id",))
    def revoke_publisher(self, caller: Caller, publisher_id: str) -> None:
        """Revoke a publisher and its keys immediately. Raises `NotFound`."""
        self._publishers.revoke(caller.tenant_id, publisher_id)


def _may_end(caller: Caller, session: Session) -> bool:
    return Permission.MANAGE_KEYS in caller.permissions or session.key_id == caller.key_id
