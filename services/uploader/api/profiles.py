"""Reading one profile. Values are asked for and answered in bodies, never in a URL."""

from __future__ import annotations

from typing import Annotated

import msgspec

from penstock.application.catalog.column_specs import Name
from penstock.application.profiles.use_cases import REVEAL, FoundProfile
from penstock.application.use_case import require
from penstock.domain.access.permissions import Permission
from penstock.domain.profiles.fold import Origin
from services.uploader.api.operations import Call, operation
from services.uploader.api.views import IdentifierView, OriginView, ProfileView

MAX_VALUE = 32_768  # characters


class Lookup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to look up, by an identifier. `reveal` shows personal values, needs an admin's key and is audited."""

    namespace: Name
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_VALUE)]
    reveal: bool = False
    lineage: bool = False


@operation(
    "POST", "/v1/profiles:lookup", permission=Permission.LOOK_UP_PROFILES, answers=ProfileView, problems=(404, 429)
)
def lookup_profile(call: Call, body: Lookup) -> ProfileView:
    """One profile, personal values masked unless revealed."""
    use_cases, caller = call.use_cases, call.caller
    if body.reveal:  # a caller who may not learns that before the look-ups are rationed
        require(use_cases.audit, caller, Permission.REVEAL_PROFILES, REVEAL)
    call.services.lookups.take(caller.tenant_id)
    ask = use_cases.profiles.reveal if body.reveal else use_cases.profiles.look_up
    found = ask(caller, body.namespace, body.value)
    return ProfileView(
        identifiers=[IdentifierView(namespace=each.namespace, value=each.value) for each in found.profile.identifiers],
        attributes={name: value.display_value() for name, value in found.profile.attributes.items()},
        lineage=_lineage(found) if body.lineage else {},
    )


def _lineage(found: FoundProfile) -> dict[str, OriginView]:
    def view(origin: Origin) -> OriginView:
        file_name = found.file_names[origin.request_id]
        return OriginView(request_id=origin.request_id, file_name=file_name, row=origin.row)

    return {name: view(value.origin) for name, value in found.profile.attributes.items()}
