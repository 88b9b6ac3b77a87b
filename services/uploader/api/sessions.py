"""Sessions of the console. They are begun on its own pages only."""

from __future__ import annotations

from fastapi import APIRouter

from penstock.application.access.use_cases import AccessUseCases
from penstock.documents.sessions import SessionList, session_list
from services.uploader.api.access import allowed_to
from services.uploader.api.route import Operation
from services.uploader.api.services import Call

router = APIRouter(route_class=Operation)


@router.get("/v1/sessions", dependencies=[allowed_to(AccessUseCases.sessions)])
def list_sessions(call: Call) -> SessionList:
    """The open sessions, the latest first: of everybody for a role that manages keys, else of this key."""
    return session_list(call.use_cases.access.sessions(call.caller))


@router.delete("/v1/sessions/{session_id}", dependencies=[allowed_to(AccessUseCases.end_session)], status_code=204)
def end_session(call: Call, session_id: str) -> None:
    """End a session at once."""
    call.use_cases.access.end_session(call.caller, session_id)
