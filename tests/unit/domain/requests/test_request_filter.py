"""The filter of the history: all that is set must fit, and a cursor never skips a request that fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.domain.requests.ids import request_id
from penstock.domain.requests.request import Request, Status
from penstock.domain.requests.request_filter import RequestFilter

REQUEST = Request(
    request_id=request_id(5_000, bytes(8)),
    tenant_id="t",
    data_source="crm",
    file_name="Kunden STRASSE 2026.tsv",
    uploaded_by="ann",
    status=Status.HELD,
    accepted_at=5_000,
    rows_rejected=2,
)


@pytest.mark.parametrize(
    ("only", "matches"),
    [
        (RequestFilter(), True),
        (RequestFilter(statuses=(Status.FAILED, Status.HELD)), True),
        (RequestFilter(statuses=(Status.FAILED,)), False),
        (RequestFilter(data_source="crm"), True),
        (RequestFilter(data_source="cr"), False),
        (RequestFilter(uploaded_by="an"), False),
        (RequestFilter(file_name="kunden"), True),
        (RequestFilter(file_name="straße"), True),
        (RequestFilter(file_name="2027"), False),
        (RequestFilter(accepted_from=5_000, accepted_to=5_001), True),
        (RequestFilter(accepted_from=5_001), False),
        (RequestFilter(accepted_to=5_000), False),
        (RequestFilter(has_rejects=True), True),
        (RequestFilter(has_rejects=False), False),
        (RequestFilter(statuses=(Status.HELD,), data_source="crm", uploaded_by="bo"), False),
    ],
)
def test_all_that_is_set_must_fit(only: RequestFilter, matches: bool) -> None:
    assert only.matches(REQUEST) is matches


@given(st.integers(0, 10**16), st.integers(-(10**16), 10**16), st.binary(min_size=8, max_size=8))
def test_the_first_cursor_is_above_all_requests_that_were_accepted_in_time(at: int, to: int, random: bytes) -> None:
    request = replace(REQUEST, request_id=request_id(at, random), accepted_at=at)
    only = RequestFilter(accepted_to=to)
    assert (request.request_id < only.first_cursor("")) is only.matches(request)
    assert only.first_cursor(request.request_id) <= request.request_id
