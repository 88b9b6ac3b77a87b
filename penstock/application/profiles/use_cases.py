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

REVEAL = "profile.reveal"


class FoundProfile(NamedTuple):
    """A profile, and the file names of the requests that its values come from."""

    profile: Profile
    file_names: Mapping[str, str]


class ProfileUseCases(UseCases):
    """Both raise `NotFound` when no profile has the value, `Refused` for an unknown attribute and `CoercionError` for
    an invalid value."""

    def __init__(self, audit: Audit, reader: ProfileReader, requests: Requests) -> None:
        super().__init__(audit)
        self._reader, self._requests = reader, requests

    @use_case(Permission.LOOK_UP_PROFILES, "profile.look_up", Audited.COUNTED)
    def look_up(self, caller: Caller, namespace: str, value: str) -> FoundProfile:
        """The profile of the person with this identifier, with personal values masked."""
        return self._found(caller, self._reader.lookup(caller.tenant_id, namespace, value, reveal=False))

    @use_case(Permission.REVEAL_PROFILES, REVEAL, Audited.WITHIN, details=("namespace",))
    def reveal(self, caller: Caller, namespace: str, value: str) -> FoundProfile:
        """As `look_up`, with personal values. The audit record has the node, not the value."""
        node = self._reader.node(caller.tenant_id, namespace, value)
        self._audit.record(caller, REVEAL, details={"namespace": namespace, "node": node.hex()})
        return self._found(caller, self._reader.lookup(caller.tenant_id, namespace, value, reveal=True))

    def _found(self, caller: Caller, profile: Profile) -> FoundProfile:
        request_ids = {value.origin.request_id for value in profile.attributes.values()}
        return FoundProfile(
            profile, {each: self._requests.get(caller.tenant_id, each).file_name for each in request_ids}
        )
