"""Use cases for profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from penstock.application.access.audit import Audit
from penstock.application.profiles.reader import ProfileReader
from penstock.application.requests.requests import Requests
from penstock.application.use_case import Audited, UseCases, use_case
from penstock.domain.access.permissions import Caller, Permission
from penstock.domain.profiles.fold import Profile
from penstock.domain.requests.request import Request

REVEAL = "profile.reveal"


class FoundProfile(NamedTuple):
    """A profile, and the requests that its values and their corrections come from, by id."""

    profile: Profile
    requests: Mapping[str, Request]


class ProfileUseCases(UseCases):
    """Both raise `NotFound` when no profile has the value, `Refused` for an unknown attribute and `CoercionError` for
    an invalid value."""

    def __init__(self, audit: Audit, reader: ProfileReader, requests: Requests) -> None:
        super().__init__(audit)
        self._reader, self._requests = reader, requests

    @use_case(Permission.LOOK_UP_PROFILES, "profile.look_up", Audited.COUNTED)
    def look_up(self, caller: Caller, namespace: str, value: str, *, history: bool = False) -> FoundProfile:
        """The profile of the person with this identifier, with personal values masked; with the `history` of each
        value, if requested."""
        return self._found(caller, namespace, value, reveal=False, history=history)

    @use_case(Permission.REVEAL_PROFILES, REVEAL, Audited.WITHIN, details=("namespace",))
    def reveal(self, caller: Caller, namespace: str, value: str, *, history: bool = False) -> FoundProfile:
        """As `look_up`, with personal values. The audit record has the node, not the value."""
        node = self._reader.node(caller.tenant_id, namespace, value)
        self._audit.record(caller, REVEAL, details={"namespace": namespace, "node": node.hex()})
        return self._found(caller, namespace, value, reveal=True, history=history)

    def _found(self, caller: Caller, namespace: str, value: str, *, reveal: bool, history: bool) -> FoundProfile:
        tenant_id = caller.tenant_id
        profile = self._reader.lookup(tenant_id, namespace, value, reveal=reveal, history=history)
        origins = [
            *(each.origin for each in profile.attributes.values()),
            *(each.origin for values in profile.history.values() for each in values),
        ]
        request_ids = {request_id for origin in origins for request_id in (origin.request_id, origin.own_id)}
        stored = self._requests.stored_each(tenant_id, sorted(request_ids))
        return FoundProfile(profile, {each.request.request_id: each.request for each in stored})
