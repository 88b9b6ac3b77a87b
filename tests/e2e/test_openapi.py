"""The OpenAPI document is exact: schemathesis finds no server error, no undocumented answer, no broken schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from penstock.domain.access.permissions import Permission, Role
from penstock.wiring.use_cases import use_cases_of
from services.cli.local_caller import local_caller
from services.uploader.api import app, openapi_details
from tests.support.access import create_key
from tests.support.console_client import signed_in
from tests.support.http_system import HEADER, HttpSystem, serving

EXAMPLES = 20  # of each operation
BEYOND_A_SCHEMA = [positive_data_acceptance]  # a file, a pattern of dates or a mapping can be wrong in ways of its own

document = app.document()
schema = schemathesis.openapi.from_dict(document)
# The test sends a key with every call: one without it would be checked as a call without.
schema.config.generation.update(with_security_parameters=False)
# Another version of the tus protocol is refused with 412, whatever else is wrong.
schema.config.checks.negative_data_rejection.expected_statuses.append("412")
keys: dict[Role, str] = {}
there: dict[str, str] = {}  # what exists in the running system, by the name of its path parameter


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpSystem]:
    with serving(tmp_path_factory.mktemp("openapi") / "data") as running:
        request = running.ingest(HEADER.encode() + b"c1\t\tshoes\nc2\n")
        _, key = create_key(running.keys, "default", Role.VIEWER, "to be revoked")
        assert running.admin.post("/v1/attributes", json={"name": "crm"}).status_code == 201
        file = running.uploader.post("/v1/files", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "100"})
        file_id = file.headers["Location"].rpartition("/")[2]
        use_cases = use_cases_of(running.standalone.system)
        _, publisher = use_cases.access.create_publisher(local_caller("default"), "shop", ["s3://shop/exports/"])
        there["publisher_id"] = publisher.publisher_id
        there["draft_id"] = use_cases.imports.create(local_caller("default"), "crm").draft_id
        for role in (Role.ADMIN, Role.OPERATOR):
            keys[role] = f"Bearer {create_key(running.keys, 'default', role, role)[0]}"
        view = {"name": "Failed", "filters": "status=failed"}
        as_admin = {"Authorization": keys[Role.ADMIN]}
        assert httpx.post(f"{running.url}/v1/saved-views", json=view, headers=as_admin).is_success
        with signed_in(running):
            (session,) = running.admin.get("/v1/sessions").json()["sessions"]
        there.update(session_id=session["session_id"], view=view["name"])
        there.update(request_id=request["request_id"], name="crm", key_id=key.key_id, file_id=file_id, version="1")
        yield running


schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


@schema.hook
def map_path_parameters(_: Any, path_parameters: dict[str, str] | None) -> dict[str, str] | None:
    """About half of the calls are for something that exists. Examples are made before anything does."""
    if path_parameters is None:
        return None
    return {name: there.get(name, value) if len(value) % 2 else value for name, value in path_parameters.items()}


@schema.parametrize()
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_every_answer_is_documented(case: schemathesis.Case, system: HttpSystem) -> None:
    (permission,) = case.operation.definition.raw.get("security", [{"key": [Permission.SIGN_IN]}])[0]["key"]
    key = {"Authorization": keys[Role.OPERATOR if permission == Permission.OPERATE else Role.ADMIN]}
    case.call_and_validate(base_url=system.url, headers=key, timeout=30, excluded_checks=BEYOND_A_SCHEMA)


def test_colon_verbs_stand_in_the_document_as_they_are_called() -> None:
    assert {"/v1/requests/{request_id}:cancel", "/v1/requests/{request_id}:undo", "/v1/profiles:lookup"} <= set(
        document["paths"]
    )


def fields() -> Iterator[tuple[str, dict[str, Any]]]:
    for described in document["components"]["schemas"].values():
        yield from described.get("properties", {}).items()


def test_every_operation_has_a_tag_that_is_described_and_an_id_of_its_own() -> None:
    operations = [each for path in document["paths"].values() for each in path.values()]
    described = [tag["name"] for tag in document["tags"]]
    assert {tag for each in operations for tag in each["tags"]} == set(described)
    assert all(len(each["tags"]) == 1 and each["summary"] for each in operations)
    ids = [each["operationId"] for each in operations]
    assert len(ids) == len(set(ids))


def test_times_have_their_format_and_an_example() -> None:
    times = [(name, field) for name, field in fields() if name.endswith("_at")]
    assert times
    for name, field in times:
        texts = [part for part in field.get("anyOf", [field]) if part.get("type") == "string"]
        assert [part["format"] for part in texts] == ["date-time"], name
        assert field["examples"], name


def test_every_detail_belongs_to_a_field() -> None:
    named = {name for name, _ in fields()}
    assert {*openapi_details.EXAMPLES, *openapi_details.FORMATS, *openapi_details.BYTES} - named == set()


def test_every_example_has_the_format_of_its_field() -> None:
    for name, field in fields():
        for example in field.get("examples", []):
            described = {**field, "components": document["components"]}
            assert jsonschema_rs.Draft202012Validator(described, validate_formats=True).is_valid(example), name
