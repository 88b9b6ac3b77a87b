"""Sessions of the console: a person's own, or all of them for those who manage keys; and ending one."""

from __future__ import annotations

from typing import NamedTuple

from starlette.responses import Response

from penstock.application.access.use_cases import AccessUseCases
from penstock.domain.access.session import Session
from services.uploader.console.visits import Visit, action, go, page

UNKNOWN = "unknown browser"
# The word in a browser's name for itself, and the name of the browser or system; the first that fits.
_BROWSERS = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
_SYSTEMS = {
    "Windows": "Windows",
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


class ListedSession(NamedTuple):
    """`is_own` is the session of the page itself."""

    session: Session
    browser: str
    is_own: bool


def listed(visit: Visit) -> list[ListedSession]:
    own = visit.signed_in.session.session_id
    sessions = visit.use_cases.access.sessions(visit.caller)
    return [ListedSession(each, browser_name(each.browser), each.session_id == own) for each in sessions]


def browser_name(user_agent: str) -> str:
    """The browser and its system, as people call them: Firefox on Windows."""
    browser, system = (
        next((name for sign, name in names.items() if sign in user_agent), "") for names in (_BROWSERS, _SYSTEMS)
    )
    return f"{browser or UNKNOWN} on {system}" if system else browser or UNKNOWN


def show(visit: Visit) -> Response:
    done = "The session has ended." if visit.request.query_params.get("done") == "ended" else ""
    return visit.page("sessions.html", sessions=listed(visit), manages=visit.may(AccessUseCases.revoke_key), done=done)


def end(visit: Visit) -> Response:
    visit.use_cases.access.end_session(visit.caller, visit.request.path_params["session_id"])
    return go("/sessions?done=ended")


routes = [
    page("/sessions", show, of=AccessUseCases.sessions),
    action("/sessions/{session_id}/end", end, of=AccessUseCases.end_session),
]
