"""API keys: the list, a new one, whose text is shown once, and revoking one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from starlette.responses import Response

from penstock.application.access.api_keys import ApiKey
from penstock.application.access.use_cases import AccessUseCases
from penstock.documents.api_keys import key_view
from penstock.domain.access.permissions import Role
from penstock.domain.days import DAY_US
from penstock.domain.errors import Refused, refusal
from services.uploader.api.problems import status_of
from services.uploader.console.entered import Entered, beginning, refused, sent
from services.uploader.console.roles import ROLES
from services.uploader.console.sessions import listed
from services.uploader.console.visits import Visit, action, go, page

NEW = ("name", "role", "days")
EMPTY = beginning({"name": "", "role": Role.VIEWER.value, "days": "365"})
DAYS = {"": "Never", "30": "In 30 days", "90": "In 90 days", "365": "In a year"}

DONE = {"revoked": "The key was revoked. Its sessions have ended."}


def show_all(visit: Visit) -> Response:
    return _list(visit, EMPTY if "add" in visit.request.query_params else None)


def create(visit: Visit) -> Response:
    """The text of the new key is on the answer only: no address leads to it."""
    entered = sent(visit.form, NEW)
    try:
        secret, key = _created(visit, entered)
    except Refused as error:
        return _list(visit, refused(entered, error), status_of(error.code))
    return visit.page("key_created.html", key=key_view(key), secret=secret, roles=ROLES)


def ask(visit: Visit) -> Response:
    return _question(visit)


def revoke(visit: Visit) -> Response:
    try:
        visit.use_cases.access.revoke_key(visit.caller, _key_id(visit))
    except Refused as error:
        return _question(visit, status_of(error.code))
    return go("/keys?done=revoked")


def is_last_admin(key: ApiKey, keys: Iterable[ApiKey], now_us: int) -> bool:
    """Whether nobody could manage keys any more without `key`."""
    admins = [each.key_id for each in keys if each.role is Role.ADMIN and each.is_valid(now_us)]
    return admins == [key.key_id]


def _created(visit: Visit, entered: Entered) -> tuple[str, ApiKey]:
    name, role, days = (entered.text(field) for field in NEW)
    if not name:
        hint = "Name the person or the program that uses it, such as crm-team: imports say so."
        raise refusal("invalid_name", "the key has no name", hint, pointer="/name")
    if role not in ROLES or days not in DAYS:
        raise refusal("bad_request", "there is no such role or expiry", "Choose one of those on the page.")
    expires_at = visit.services.clock.now_us() + int(days) * DAY_US if days else None
    return visit.use_cases.access.create_key(visit.caller, Role(role), name, expires_at=expires_at)


def _list(visit: Visit, adding: Entered | None, status: int = 200) -> Response:
    now_us, sessions = visit.services.clock.now_us(), listed(visit)
    number = Counter(each.session.key_id for each in sessions)
    keys = visit.use_cases.access.keys(visit.caller)
    return visit.page(
        "keys.html",
        status,
        keys=[(key_view(each), each.is_valid(now_us), number[each.key_id]) for each in keys],
        sessions=sessions,
        own=visit.caller.key_id,
        adding=adding,
        roles=ROLES,
        given={role: words for role, words in ROLES.items() if Role(role).permissions <= visit.caller.permissions},
        days=DAYS,
        done=DONE.get(visit.request.query_params.get("done", ""), ""),
    )


def _question(visit: Visit, status: int = 200) -> Response:
    """Asks once more, and says what follows from it."""
    access, caller = visit.use_cases.access, visit.caller
    key = access.key(caller, _key_id(visit))
    return visit.page(
        "key_revoke.html",
        status,
        key=key_view(key),
        roles=ROLES,
        is_own=key.key_id == caller.key_id,
        is_last_admin=is_last_admin(key, access.keys(caller), visit.services.clock.now_us()),
        sessions=sum(each.session.key_id == key.key_id for each in listed(visit)),
    )


def _key_id(visit: Visit) -> str:
    key_id: str = visit.request.path_params["key_id"]
    return key_id


routes = [
    page("/keys", show_all, of=AccessUseCases.keys),
    action("/keys", create, of=AccessUseCases.create_key),
    page("/keys/{key_id}/revoke", ask, of=AccessUseCases.revoke_key),
    action("/keys/{key_id}/revoke", revoke, of=AccessUseCases.revoke_key),
]
