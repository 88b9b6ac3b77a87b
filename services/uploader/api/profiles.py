"""Reading one profile. Values are asked for and answered in bodies, never in a URL."""

from __future__ import annotations

from typing import Annotated

import msgspec

from penstock.application.access.api_keys import Role
from penstock.application.catalog.column_specs import Name
from penstock.domain.profiles.fold import Origin, Profile
from services.uploader.api.operations import Call, operation
from services.uploader.api.views import IdentifierView, OriginView, ProfileView

MAX_VALUE = 32_768  # characters


class Lookup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to look up, by an identifier. `reveal` shows personal values, needs an admin's key and is audited."""

    namespace: Name
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_VALUE)]
    reveal: bool = False
    lineage: bool = False


@operation("POST", "/v1/profiles:lookup", role=Role.VIEWER, answers=ProfileView, problems=(404, 429))
def lookup_profile(call: Call, body: Lookup) -> ProfileView:
    """One profile, personal values masked unless revealed."""
    if body.reveal:
        call.need(Role.ADMIN)
    call.services.lookups.take(call.tenant_id)
    reader = call.system.reader
    if body.reveal:  # before anything is shown
        node = reader.node(call.tenant_id, body.namespace, body.value)
        call.audit("profile.revealed", namespace=body.namespace, node=node.hex())
    profile = reader.lookup(call.tenant_id, body.namespace, body.value, reveal=body.reveal)
    return ProfileView(
        identifiers=[IdentifierView(namespace=each.namespace, value=each.value) for each in profile.identifiers],
        attributes={name: told.display_value() for name, told in profile.attributes.items()},
        lineage=_lineage(call, profile) if body.lineage else {},
    )


def _lineage(call: Call, profile: Profile) -> dict[str, OriginView]:
    requests = {told.origin.request_id for told in profile.attributes.values()}
    names = {each: call.system.requests.get(call.tenant_id, each).file_name for each in requests}

    def view(origin: Origin) -> OriginView:
        return OriginView(request_id=origin.request_id, file_name=names[origin.request_id], row=origin.row)

    return {name: view(told.origin) for name, told in profile.attributes.items()}
