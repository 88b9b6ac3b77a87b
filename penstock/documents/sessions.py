"""Sessions of the console, as the API returns them."""

from __future__ import annotations

from collections.abc import Iterable

from typing_extensions import TypedDict

from penstock.domain.access.session import Session, SignInMethod
from penstock.domain.requests.public_view import rfc3339


class SessionView(TypedDict):
    """A session, of an API key or, begun by a `link`, of a user of the machine of the system. `seen_at` is kept to five
    minutes; it ends at `ends_at` unless there is another call; `browser` is the browser's name for itself."""

    session_id: str
    name: str
    method: SignInMethod
    key_id: str | None
    begun_at: str
    seen_at: str
    ends_at: str
    browser: str
    remote_address: str | None


class SessionList(TypedDict):
    """The open ones, the latest first; their number is bounded."""

    sessions: list[SessionView]


def session_list(sessions: Iterable[Session]) -> SessionList:
    return SessionList(sessions=[_session_view(each) for each in sessions])


def _session_view(session: Session) -> SessionView:
    return SessionView(
        session_id=session.session_id,
        name=session.name,
        method=session.method,
        key_id=session.key_id,
        begun_at=rfc3339(session.begun_at),
        seen_at=rfc3339(session.seen_at),
        ends_at=rfc3339(session.ends_at),
        browser=session.browser,
        remote_address=session.remote_address,
    )
