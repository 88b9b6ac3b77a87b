"""Every error has one answer."""

from __future__ import annotations

import pytest
from starlette.exceptions import HTTPException
from structlog.testing import capture_logs

from penstock.documents.faults import fault_views
from penstock.domain.errors import (
    Conflict,
    Corrupt,
    Fault,
    Fenced,
    KeyRevoked,
    NotFound,
    Refused,
    Unavailable,
    refusal,
)
from penstock.domain.mapping.coercion import REASONS, CoercionError
from services.uploader.api.problems import answer_for


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (refusal("no_rows", "m", "d"), 422, "no_rows"),
        (refusal("file_too_large", "m", "d"), 413, "file_too_large"),
        (NotFound("there is no request x"), 404, "not_found"),
        (Conflict("c"), 409, "conflict"),
        (KeyRevoked("k"), 409, "tenant_key_destroyed"),
        (Unavailable("u"), 503, "unavailable"),
        (Fenced("f"), 503, "fenced"),
        (Corrupt("c"), 500, "corrupt"),
        (CoercionError("not_an_integer"), 422, "not_an_integer"),
        (HTTPException(404), 404, "not_found"),
        (HTTPException(405), 405, "method_not_allowed"),
        (HTTPException(418), 500, "internal"),
        (KeyError("secret"), 500, "internal"),
    ],
)
def test_each_error_has_its_status(error: Exception, status: int, code: str) -> None:
    problem = answer_for(error).problem
    assert (problem.status, problem.code, problem.type) == (status, code, f"/problems/{code}")
    assert problem.title
    assert problem.detail
    assert [fault["code"] for fault in problem.faults] == [code]
    assert all(fault["message"] and fault["hint"] for fault in problem.faults)


def test_all_faults_are_listed() -> None:
    faults = [Fault(code=code, message=f"m {code}", hint="d") for code in ("a", "b")]
    problem = answer_for(Refused(faults)).problem
    assert (problem.status, problem.code, problem.faults) == (422, "refused", fault_views(faults))
    assert problem.detail == "m a; m b"


@pytest.mark.parametrize("error", [Unavailable("/secret"), Corrupt("/secret"), Fenced("/secret"), OSError("/secret")])
def test_the_text_of_an_outage_or_a_bug_is_not_shown(error: Exception) -> None:
    assert "/secret" not in repr(answer_for(error))


@pytest.mark.parametrize("error", [Unavailable("away"), KeyError("secret")])
def test_the_log_names_the_operation_that_failed(error: Exception) -> None:
    with capture_logs() as lines:
        answer_for(error, "listRequests")
    assert [line["operation"] for line in lines] == ["listRequests"]


def test_a_caller_that_has_to_wait_gets_the_seconds() -> None:
    for error in (Unavailable("u"), refusal("rate_limited", "m", "d")):
        assert int(answer_for(error).headers["Retry-After"]) > 0


def test_every_coercion_error_is_a_fault_of_the_input() -> None:
    assert {answer_for(CoercionError(code)).problem.status for code in REASONS} == {422}
