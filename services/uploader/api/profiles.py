"""Reading one profile. Values are asked for and answered in bodies, never in a URL."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from penstock.application.profiles.use_cases import REVEAL, ProfileUseCases
from penstock.application.use_case import require
from penstock.documents.profiles import ProfileView, profile_view
from penstock.domain.access.permissions import Permission
from services.uploader.api.access import allowed_to, rationed
from services.uploader.api.openapi import problems
from services.uploader.api.route import Operation
from services.uploader.api.services import Call
from services.uploader.api.validation import Model, Name

MAX_VALUE = 32_768  # characters

router = APIRouter(route_class=Operation)


class Lookup(Model):
    """Whom to look up, by an identifier. `reveal` shows personal values, needs a permission of its own and is
    audited. `history` has the earlier values too."""

    namespace: Name
    value: Annotated[str, Field(min_length=1, max_length=MAX_VALUE)]
    reveal: bool = False
    lineage: bool = False
    history: bool = False


@router.post(
    "/v1/profiles:lookup",
    dependencies=[allowed_to(ProfileUseCases.look_up), Depends(rationed)],
    responses=problems(404),
)
def lookup_profile(call: Call, body: Lookup) -> ProfileView:
    """One profile, personal values masked unless revealed."""
    profiles = call.use_cases.profiles
    if body.reveal:  # refuse before the look-ups are rationed
        require(call.use_cases.audit, call.caller, Permission.REVEAL_PROFILES, REVEAL)
    call.services.lookups.take(call.caller.tenant_id)
    find = profiles.reveal if body.reveal else profiles.look_up
    return profile_view(find(call.caller, body.namespace, body.value, history=body.history), lineage=body.lineage)
