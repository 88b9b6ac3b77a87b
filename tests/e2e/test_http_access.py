"""Who may do what over HTTP: keys, roles, tenants, rates; from the OpenAPI document where every route counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from msgspec.structs import replace
from starlette.routing import Route as StarletteRoute

from penstock.application.imports.import_draft import ColumnChoice
from penstock.domain.access.permissions import Permission, Role
from penstock.wiring.use_cases import use_cases_of
from services.cli.local_caller import local_caller
from services.uploader.api import app
from services.uploader.api.app import document
from services.uploader.console import assets, site
from tests.support.access import create_key
from tests.support.console_client import signed_in
from tests.support.http_system import COLUMNS, HEADER, HttpSystem, form, serving
from tests.support.raw_http import HOST, answered
from tests.support.waiting import until

PART = "application/offset+octet-stream"
TUS = {"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Offset": "0"}
ROWS = (HEADER + "c1\t\tshoes\nc2\n").encode()


class Page(NamedTuple):
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def of(self, ids: dict[str, str]) -> str:
        return PARTS.sub(lambda part: ids[part[1]], self.path)


class Route(NamedTuple):
    method: str
    path: str
    operation: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


ROUTES = [
    Route(method, path, operation) for path, item in document()["paths"].items() for method, operation in item.items()
]
PARTS = re.compile(r"{(\w+)(?::\w+)?}")
PAGES = [
    Page(method, route.path)
    for route in site.routes()
    if isinstance(route, StarletteRoute) and PARTS.search(route.path) and not route.path.startswith(assets.PREFIX)
    for method in sorted((route.methods or set()) - {"HEAD"})
]
SECURED = [route for route in ROUTES if "security" in route.operation]
OF_A_TENANT = [route for route in SECURED if route.operation["security"][0]["key"] != [Permission.OPERATE]]
WITH_ID = [
    route for route in OF_A_TENANT if any(each["in"] == "path" for each in route.operation.get("parameters", []))
]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpSystem]:
    with serving(tmp_path_factory.mktemp("access") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def known(system: HttpSystem) -> dict[str, str]:
    """What there is in the tenant `default`, by the name of its path parameter."""
    request = system.ingest(ROWS, data_source="crm")
    _, key = create_key(system.keys, "default", Role.VIEWER, "known")
    assert system.admin.post("/v1/attributes", json={"name": "crm"}).status_code == 201
    ids = {"request_id": request["request_id"], "name": "crm", "key_id": key.key_id}
    saved = system.uploader.put("/v1/data-sources/crm/mapping", json={"columns": COLUMNS[:1]})
    ids["publisher_id"] = publisher(system)
    assert system.admin.post("/v1/saved-views", json={"name": "Failed", "filters": "status=failed"}).status_code == 200
    ids |= {"view": "Failed", "session_id": session(system), "draft_id": import_draft(system), "dead_letter_id": "0/0"}
    return {**ids, "file_id": arriving_file(system), "version": str(saved.json()["version"])}


@pytest.fixture(scope="module")
def clients(system: HttpSystem) -> Iterator[dict[Role, httpx.Client]]:
    """One with a key of each role."""
    with ExitStack() as stack:
        yield {role: stack.enter_context(system.client(role)) for role in Role}


def arriving_file(system: HttpSystem) -> str:
    """The id of a file that arrives in parts."""
    answer = system.uploader.post("/v1/files", headers=TUS)
    return answer.headers["Location"].rpartition("/")[2]


def session(system: HttpSystem) -> str:
    """The id of a new one."""
    with signed_in(system):
        return str(system.admin.get("/v1/sessions").json()["sessions"][0]["session_id"])


def import_draft(system: HttpSystem) -> str:
    """The id of a new one, with a column."""
    imports, ann = use_cases_of(system.standalone.system).imports, local_caller("default")
    draft, choices = imports.create(ann, "crm"), (ColumnChoice(column="crmid"),)
    return imports.change(ann, draft.draft_id, lambda present: replace(present, choices=choices)).draft_id


def publisher(system: HttpSystem) -> str:
    """The id of a new one."""
    access = use_cases_of(system.standalone.system).access
    return access.create_publisher(local_caller("default"), "shop", ["s3://shop/exports/"])[1].publisher_id


def call(client: httpx.Client, route: Route, ids: dict[str, str]) -> httpx.Response:
    """A call that is whole but for the ids in its path."""
    content = route.operation.get("requestBody", {}).get("content", {})
    bodies = {"save_mapping": {"columns": COLUMNS}, "create_api_key": {"role": "viewer", "name": "x"}}
    bodies |= {"rank_identifiers": {"identifiers": ["crmid"]}}
    parameters = route.operation.get("parameters", [])
    body: dict[str, Any] = {}
    if "multipart/form-data" in content:
        body = {"files": form(ROWS)}
    elif PART in content:
        body = {"content": b"x", "headers": {"Content-Type": PART}}
    elif content:
        body = {"json": bodies.get(route.operation["operationId"], {})}
    headers = {**(TUS if any(each["in"] == "header" for each in parameters) else {}), **body.pop("headers", {})}
    return client.request(route.method, route.path.format(**ids), headers=headers, **body)


def refused_as(answer: httpx.Response, route: Route) -> tuple[int, str]:
    """The status and the code of a problem; the answer to HEAD has no body, so its header stands for both."""
    if route.method == "head":
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code, {400: "bad_request", 401: "unauthorized", 404: "not_found"}[answer.status_code]
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("route", SECURED, ids=str)
def test_every_route_needs_a_valid_key(system: HttpSystem, known: dict[str, str], route: Route) -> None:
    secret = system.viewer.headers["authorization"].split()[1]
    flipped = secret[:-1] + ("1" if secret.endswith("0") else "0")
    others = secret.replace("default", "other")
    wrong = [None, "", "Bearer", f"Basic {secret}", *(f"Bearer {each}" for each in ("é", flipped, others))]
    for authorization in wrong:
        with httpx.Client(base_url=system.url, timeout=60) as client:
            if authorization is not None:
                client.headers = httpx.Headers({"Authorization": authorization}, encoding="utf-8")
            answer = call(client, route, known)
        assert refused_as(answer, route) == (401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_all_but_the_routes_for_machines_are_secured() -> None:
    assert {route.path for route in ROUTES if route not in SECURED} == {"/healthz", "/readyz"}


@pytest.fixture(scope="module")
def admins(system: HttpSystem) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """In the console: an admin of the tenant, and one of another."""
    with signed_in(system, Role.ADMIN) as own, signed_in(system, Role.ADMIN, tenant_id="other") as stranger:
        yield own, stranger


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_page_of_another_tenants_id_is_like_one_of_an_id_that_does_not_exist(
    admins: tuple[httpx.Client, httpx.Client], known: dict[str, str], page: Page
) -> None:
    own, stranger = admins
    ids = {**known, "at": "0", "done": "check"}
    nobodys_ids = {**ids, **{name: re.sub("[0-9a-zA-Z]", "0", value) for name, value in known.items()}}
    body: dict[str, Any] = {"data": {"version": "1", "revision": "1", "size": "9", "display_name": "x"}}
    if page.path.endswith("/upload"):
        body = {"files": {"file": ("people.tsv", ROWS)}}
    theirs, nobodys = (stranger.request(page.method, page.of(each), **body) for each in (ids, nobodys_ids))
    assert theirs.status_code == 404
    assert without_call(theirs, ids) == without_call(nobodys, nobodys_ids)
    if page.method == "GET":
        with own.stream("GET", page.of(ids)) as mine:
            assert mine.status_code != 404


def without_call(answer: httpx.Response, ids: dict[str, str]) -> str:
    return masked(answer.text.replace(answer.headers["x-request-id"], "CALL"), ids)


@pytest.mark.parametrize("route", WITH_ID, ids=str)
def test_another_tenants_id_is_answered_like_one_that_does_not_exist(
    system: HttpSystem, known: dict[str, str], route: Route
) -> None:
    with system.client(Role.ADMIN, tenant_id="other") as stranger:
        theirs = call(stranger, route, known)
        nobodys = call(stranger, route, {name: "0" * len(value) for name, value in known.items()})
    assert theirs.status_code == 404
    assert masked(theirs.text, known) == masked(nobodys.text, {n: "0" * len(v) for n, v in known.items()})
    assert theirs.headers["content-type"] == nobodys.headers["content-type"]
    mine = call(system.admin, route, {**known, "file_id": arriving_file(system), "publisher_id": publisher(system)})
    assert mine.status_code != 404 or route.operation["operationId"] == "revoke_api_key"


def masked(text: str, ids: dict[str, str]) -> str:
    text = re.sub(r"urn:uuid:[0-9a-f-]+", "INSTANCE", text)  # first: some have 000 in them
    names = (value for name, value in ids.items() if name != "version")
    for value in sorted(names, key=len, reverse=True):  # one may contain another
        text = text.replace(repr(value), "ID").replace(value, "ID")
    return text


def test_a_tenant_does_not_see_the_data_of_another(system: HttpSystem) -> None:
    system.ingest(ROWS, data_source="own")
    with system.client(Role.ADMIN, tenant_id="third") as stranger:
        assert stranger.get("/v1/requests").json()["requests"] == []
        assert stranger.get("/v1/data-sources").json()["data_sources"] == []
        assert [each["name"] for each in stranger.get("/v1/attributes").json()["attributes"] if each["custom"]] == []
        assert {each["name"] for each in stranger.get("/v1/api-keys").json()["api_keys"]} == {"a admin"}
        body = {"namespace": "crmid", "value": "c1"}
        assert stranger.post("/v1/profiles:lookup", json=body).status_code == 404
        assert system.viewer.post("/v1/profiles:lookup", json=body).status_code == 200


@pytest.mark.parametrize("route", SECURED, ids=str)
def test_a_role_may_call_exactly_its_operations(
    clients: dict[Role, httpx.Client], known: dict[str, str], route: Route
) -> None:
    (permission,) = route.operation["security"][0]["key"]
    unknown = dict.fromkeys(known, "0")
    for role, client in clients.items():
        answer = call(client, route, unknown)
        assert (answer.status_code == 403) == (permission not in role.permissions), (role, answer.text)
        if answer.status_code == 403 and route.method != "head":
            assert all(other.value in answer.text for other in Role if permission in other.permissions)


def test_a_key_is_shown_once_and_works_until_it_is_revoked(system: HttpSystem) -> None:
    created = system.admin.post("/v1/api-keys", json={"role": "viewer", "name": "reports"}).json()
    listed = {each["key_id"]: each for each in system.admin.get("/v1/api-keys").json()["api_keys"]}
    assert listed[created["key_id"]] == {name: value for name, value in created.items() if name != "key"}
    with httpx.Client(base_url=system.url, headers={"Authorization": f"Bearer {created['key']}"}) as client:
        assert client.get("/v1/requests").status_code == 200
        assert system.admin.delete(f"/v1/api-keys/{created['key_id']}").status_code == 204
        assert client.get("/v1/requests").status_code == 401
    assert system.admin.delete(f"/v1/api-keys/{created['key_id']}").status_code == 404
    actions = [each["action"] for each in system.admin.get("/v1/audit").json()["entries"]]
    assert {"key.create", "key.revoke"} <= set(actions)


@pytest.mark.parametrize("route", SECURED, ids=str)
def test_a_query_parameter_that_is_not_known_is_refused(
    clients: dict[Role, httpx.Client], known: dict[str, str], route: Route
) -> None:
    (permission,) = route.operation["security"][0]["key"]
    client = next(clients[role] for role in (Role.ADMIN, Role.OPERATOR) if permission in role.permissions)
    answer = call(client, Route(route.method, f"{route.path}?SECRET=1", route.operation), known)
    assert refused_as(answer, route) == (400, "bad_request")
    assert "SECRET" not in answer.text


@pytest.mark.parametrize("route", WITH_ID, ids=str)
def test_a_name_longer_than_any_is_not_found(system: HttpSystem, known: dict[str, str], route: Route) -> None:
    answer = call(system.admin, route, dict.fromkeys(known, "x" * 10_000))
    assert refused_as(answer, route) == (404, "not_found")
    assert len(answer.content) < 2_000


def test_an_upload_whose_key_is_revoked_before_its_body_ends_is_not_accepted(system: HttpSystem) -> None:
    before = system.stored_keys()
    with revocable(system, Role.UPLOADER) as (client, revoke):
        whole = client.build_request("POST", "/v1/uploads", files=form(ROWS))
        answer = client.post("/v1/uploads", content=revoking(whole.read(), revoke), headers=type_of(whole))
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert system.stored_keys() == before


def test_a_key_that_is_revoked_before_its_body_ends_inspects_nothing(system: HttpSystem) -> None:
    with revocable(system, Role.UPLOADER) as (client, revoke):
        whole = client.build_request("POST", "/v1/files:inspect", files=[("file", ("people.tsv", ROWS))])
        answer = client.post("/v1/files:inspect", content=revoking(whole.read(), revoke), headers=type_of(whole))
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


def test_a_key_that_is_revoked_before_its_body_ends_creates_no_other(system: HttpSystem) -> None:
    with revocable(system, Role.ADMIN) as (client, revoke):
        whole = client.build_request("POST", "/v1/api-keys", json={"role": "admin", "name": "back door"})
        answer = client.post("/v1/api-keys", content=revoking(whole.read(), revoke), headers=type_of(whole))
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert "back door" not in [each["name"] for each in system.admin.get("/v1/api-keys").json()["api_keys"]]


@contextmanager
def revocable(system: HttpSystem, role: Role) -> Iterator[tuple[httpx.Client, Callable[[], None]]]:
    """A client, and what ends its key once the server has seen it."""
    secret, key = create_key(system.keys, "default", role, "leaked")

    def revoke() -> None:
        until(lambda: any(each.key_id == key.key_id and each.last_used_at for each in system.keys.list_keys("default")))
        system.keys.revoke_key("default", key.key_id)

    with httpx.Client(base_url=system.url, headers={"Authorization": f"Bearer {secret}"}, timeout=60) as client:
        yield client, revoke


def revoking(body: bytes, revoke: Callable[[], None]) -> Iterator[bytes]:
    """`body`, whose key ends between its halves."""
    yield body[: len(body) // 2]
    revoke()
    yield body[len(body) // 2 :]


def type_of(request: httpx.Request) -> dict[str, str]:
    return {"Content-Type": request.headers["content-type"]}


def test_the_last_admin_key_is_kept(system: HttpSystem) -> None:
    with system.client(Role.ADMIN, tenant_id="lonely") as client:
        (key,) = client.get("/v1/api-keys").json()["api_keys"]
        answer = client.delete(f"/v1/api-keys/{key['key_id']}")
        assert (answer.status_code, answer.json()["code"]) == (409, "last_admin_key")
        assert "key create" in answer.json()["faults"][0]["hint"]
        assert client.get("/v1/api-keys").status_code == 200


def test_a_key_can_expire_and_says_when_it_was_used_last(system: HttpSystem) -> None:
    output = {"role": "viewer", "name": "guest", "expires_at": "2031-01-01T01:00:00+01:00"}
    created = system.admin.post("/v1/api-keys", json=output).json()
    assert (created["expires_at"], created["last_used_at"]) == ("2031-01-01T00:00:00.000000Z", None)
    with httpx.Client(base_url=system.url, headers={"Authorization": f"Bearer {created['key']}"}) as client:
        assert client.get("/v1/requests").status_code == 200
    listed = {each["key_id"]: each for each in system.admin.get("/v1/api-keys").json()["api_keys"]}
    assert listed[created["key_id"]]["last_used_at"] is not None
    for wrong, code in (("2020-01-01T00:00:00Z", "invalid_expiry"), ("2031-01-01", "invalid_request")):
        answer = system.admin.post("/v1/api-keys", json={**output, "expires_at": wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_lists_come_page_by_page(system: HttpSystem) -> None:
    for path, field, at in (
        ("/v1/attributes", "attributes", "name"),
        ("/v1/data-sources", "data_sources", "name"),
        ("/v1/api-keys", "api_keys", "key_id"),
    ):
        whole = system.admin.get(path).json()
        assert whole["next"] is None
        paged: list[str] = []
        query: dict[str, Any] = {"limit": 3}
        while query:
            page = system.admin.get(path, params=query).json()
            assert len(page[field]) <= 3
            paged += [each[at] for each in page[field]]
            query = {"limit": 3, "after": page["next"]} if page["next"] else {}
        assert paged == [each[at] for each in whole[field]]


def test_lookups_are_rationed_per_tenant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "LOOKUP_BURST", 3)
    monkeypatch.setattr(app, "LOOKUPS_PER_SECOND", 0.001)  # the slowest client gets no more than that
    body = {"namespace": "crmid", "value": "nobody"}
    with serving(tmp_path / "data", ingesting=False) as system:
        with system.client(Role.VIEWER, tenant_id="curious") as client:
            answers = [client.post("/v1/profiles:lookup", json=body) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [404, 404, 404, 429]
        assert answers[-1].json()["code"] == "rate_limited"
        assert int(answers[-1].headers["retry-after"]) > 0
        left = [answer.headers["ratelimit"].split(", ")[-1].partition(";t=")[0] for answer in answers]
        assert left == ['"lookups";r=2', '"lookups";r=1', '"lookups";r=0', '"lookups";r=0']
        assert answers[0].headers["ratelimit-policy"].endswith(', "lookups";q=3;w=3000')
        assert system.viewer.post("/v1/profiles:lookup", json=body).status_code == 404


def test_a_call_counts_until_its_answer_has_gone_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "CALLS_PER_KEY", 2)
    with serving(tmp_path / "data", ingesting=False) as system:
        path = f"/v1/requests/{system.upload(ROWS).json()['request_id']}/events"
        with system.viewer.stream("GET", path) as first, system.viewer.stream("GET", path) as second:
            streams = [first.iter_lines(), second.iter_lines()]
            assert [next(lines) for lines in streams] == ["retry: 2000"] * 2
            answer = system.viewer.get("/v1/requests")
            assert (answer.status_code, answer.json()["code"]) == (429, "too_many_calls")
            assert answer.headers["ratelimit"] == '"calls";r=0, "uploads";r=8, "event streams";r=30'
            concurrent = ('"calls";q=2', '"uploads";q=8', '"event streams";q=32')
            policies = ", ".join(f'{each};qu="concurrent-requests"' for each in concurrent)
            assert answer.headers["ratelimit-policy"] == policies
        until(lambda: system.viewer.get("/v1/requests").status_code == 200)


def test_errors_outside_of_operations_are_problems_too(system: HttpSystem) -> None:
    for method, path, status, code in [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/nothing", 404, "not_found"),
        ("DELETE", "/v1/requests", 405, "method_not_allowed"),
        ("GET", "/v1/files:inspect", 405, "method_not_allowed"),
        ("POST", "/v1/files:eat", 404, "not_found"),
        ("GET", "/v1/requests/a%2Fb", 404, "not_found"),
    ]:
        answer = system.admin.request(method, path)
        assert answer.headers["content-type"] == "application/problem+json", path
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert all("/openapi.json" in fault["hint"] for fault in answer.json()["faults"]), path
        assert answer.json()["faults"]
    assert "GET" in system.admin.delete("/v1/requests").headers["allow"]


@pytest.mark.parametrize(
    ("method", "path", "sent", "places"),
    [
        ("GET", "/v1/requests?limit=0&status=marked&marked=1", {}, {"status[0]", "limit", ""}),
        ("GET", "/v1/requests?limit=1&limit=2&before=&before=", {}, {"limit", "before"}),
        ("GET", "/v1/data-sources/crm/mapping?marked=marked", {}, {""}),
        (
            "POST",
            "/v1/uploads?marked=1",
            {"files": form(ROWS), "headers": {"Idempotency-Key": "marked" * 99}},
            {"Idempotency-Key", ""},
        ),
        ("POST", "/v1/api-keys?marked=1", {"json": {"role": "marked", "name": "", "marked": 1}}, {"role", "name", ""}),
    ],
)
def test_all_faults_of_a_call_come_at_once_and_quote_nothing(
    system: HttpSystem, method: str, path: str, sent: dict[str, Any], places: set[str]
) -> None:
    answer = system.admin.request(method, path, **sent)
    assert answer.status_code == 400
    faults = answer.json()["faults"]
    assert {fault["message"].partition(":")[0].partition(", ")[2] for fault in faults} == places
    assert "marked" not in answer.text


def test_a_denial_is_answered_and_recorded_before_the_body_arrives(system: HttpSystem) -> None:
    head = f"POST /v1/data-sources HTTP/1.1\r\n{HOST}Authorization: {system.viewer.headers['authorization']}\r\n"
    answer = answered(system.url, f"{head}Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")
    assert (answer.status, answer.code) == (403, "forbidden")
    denied = [each for each in system.admin.get("/v1/audit").json()["entries"] if each["outcome"] == "denied"]
    assert ("data_source.create", "a viewer", "127.0.0.1") in [
        (each["action"], each["who"], each["remote_address"]) for each in denied
    ]


def test_each_path_says_which_methods_it_has(system: HttpSystem) -> None:
    for path, methods in (("/v1/data-sources", "GET, POST, OPTIONS"), ("/v1/requests/x:cancel", "POST, OPTIONS")):
        for method, status in (("OPTIONS", 204), ("DELETE", 405), ("GET" if "x" in path else "PUT", 405)):
            answer = system.anonymous().request(method, path)
            assert (answer.status_code, answer.headers["allow"]) == (status, methods)


def test_json_bodies_are_checked_strictly(system: HttpSystem) -> None:
    json_type = {"Content-Type": "application/json"}
    for content, headers, status, code in [
        (b'{"name": "crm"}', {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
        (b'{"name": "crm"}', {}, 415, "unsupported_media_type"),
        (b'{"name": ', json_type, 400, "malformed_json"),
        (b"\xff\xfe", json_type, 400, "malformed_json"),
        (b"", json_type, 400, "malformed_json"),
        (b"[" * 100_000, json_type, 400, "malformed_json"),
        (b'{"name": 5}', json_type, 422, "invalid_request"),
        (b'{"name": "crm", "more": 1}', json_type, 422, "invalid_request"),
        (b'{"name": "' + b"x" * (1 << 20) + b'"}', json_type, 413, "body_too_large"),
    ]:
        answer = system.admin.post("/v1/data-sources", content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code), content[:20]


def test_the_public_port_says_that_it_is_not_ready_but_not_why(
    system: HttpSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system.standalone.supervisor._parts[0], "end", "a part on host 10.0.0.7 has failed")
    with system.anonymous() as client:
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert "10.0.0.7" not in answer.text


def test_health_readiness_and_schema_are_public_but_metrics_are_not(system: HttpSystem) -> None:
    with system.anonymous() as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/v1/readyz").json() == {"status": "ready"}
        assert client.get("/metrics").status_code == client.get("/v1/metrics").status_code == 404
        assert client.get("/openapi.json").json() == client.get("/v1/openapi.json").json() == document()
