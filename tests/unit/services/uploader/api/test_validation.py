"""What callers send is checked strictly, with every fault at once, and never quoted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import Refused
from services.uploader.api.catalog_bodies import NamesQuery, NewAttribute, NewDataSource
from services.uploader.api.keys import AuditQuery, KeysQuery, NewApiKey
from services.uploader.api.mapping_bodies import NewMapping
from services.uploader.api.profiles import Lookup
from services.uploader.api.requests import RequestsQuery
from services.uploader.api.upload_parts import InspectPart, UploadPart
from services.uploader.api.validation import MAX_FAULTS, Model, model_of
from tests.support.cost import seconds

MARK = "Marked 4711"
OWN_NAME = "own name"
MOST_SECONDS = 0.5  # of a core for a body of about 1 MiB; each fault that is listed takes 10 µs
COLUMN = {"column": "c", "attribute": "c"}
MODELS: list[type[Model]] = [
    *(NewApiKey, NewAttribute, NewDataSource, NewMapping, Lookup, UploadPart, InspectPart),
    *(AuditQuery, KeysQuery, NamesQuery, RequestsQuery),
]
VALUES = st.recursive(
    st.sampled_from([MARK, 4711, 47.11, True, None]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just(OWN_NAME), inner),
    max_leaves=4,
)


def refused(kind: type[Model], document: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        model_of(kind, json.dumps(document).encode())
    return caught.value


@pytest.mark.parametrize("kind", MODELS)
@given(data=st.data())
def test_no_fault_quotes_the_body(kind: type[Model], data: Any) -> None:
    fields = data.draw(st.dictionaries(st.sampled_from([*kind.model_fields]), VALUES, min_size=1))
    faults = refused(kind, {**fields, OWN_NAME: MARK}).faults
    assert not [fault for fault in faults if "4711" in repr(fault) or "47.11" in repr(fault)]
    assert all(fault.code == "invalid_request" and fault.hint for fault in faults)


def test_all_faults_come_at_once_each_with_its_place() -> None:
    columns = [COLUMN, {"column": "", "attribute": "Not A Name"}, {**COLUMN, "policy": "never"}, {"column": "c"}]
    reported = [fault.message for fault in refused(NewMapping, {"columns": columns, "version": "1", "more": 1}).faults]
    places = [message.partition(":")[0] for message in reported]
    assert places == [
        "the body, version",
        "the body, columns[1].column",
        "the body, columns[1].attribute",
        "the body, columns[2].policy",
        "the body, columns[3].attribute",
        "the body",
    ]


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        (NewAttribute, {"name": "a", "pii": "true"}),
        (NewAttribute, {"name": "a", "pii": 1}),
        (NewDataSource, {"name": 5}),
        (NewDataSource, {"name": "a\n"}),
        (NewMapping, {"columns": [COLUMN], "version": True}),
        (NewMapping, {"columns": [COLUMN], "version": None}),
        (NewMapping, {"columns": [COLUMN], "data_source": None}),
        (NewMapping, {"columns": []}),
        (NewMapping, {"columns": {"0": COLUMN}}),
        (UploadPart, {"data_source": "a", "notify": "a@example.com"}),
        (UploadPart, {"data_source": "a", "mode": "UPSERT"}),
        (NewApiKey, {"role": "viewer", "name": "x", "expires_at": 1_900_000_000}),
        (NewApiKey, {"role": "viewer", "name": "x", "expires_at": "1900000000"}),
        (NewApiKey, {"role": "viewer", "name": "x", "expires_at": "2031-01-01T00:00:00"}),
        (AuditQuery, {"day": "0"}),
        (AuditQuery, {"day": "2026-11-25T00:00:00"}),
        (InspectPart, []),
        (InspectPart, "data_source"),
    ],
)
def test_distinct_types_of_json_are_not_converted(kind: type[Model], document: Any) -> None:
    assert [fault.code for fault in refused(kind, document).faults] == ["invalid_request"]


@pytest.mark.parametrize("number", ["1_0", "+1", " 1", "1 ", "1.0", "\u0661", "1" * 10, "", "0", "-1", True, 1.0])
def test_a_number_in_a_query_has_digits_only(number: object) -> None:
    assert [fault.code for fault in refused(NamesQuery, {"limit": number}).faults] == ["invalid_request"]
    assert NamesQuery.model_validate({"limit": "007"}).limit == 7


def test_an_unknown_name_is_quoted_only_if_another_call_takes_it() -> None:
    (fault,) = refused(InspectPart, {"limit": 5}).faults
    assert fault.message == "the body: limit is not taken here"
    (fault,) = refused(InspectPart, {"ann@example.com": 1}).faults
    assert fault.message == "the body: a name is not known here"


@pytest.mark.parametrize("raw", [b"", b"{", b'{"a": NaN}', b"\xff\xfe", b"[" * 100_000, b'{"a": "\\ud800"}'])
def test_invalid_json_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused) as caught:
        model_of(InspectPart, raw)
    assert caught.value.code == "malformed_json"


@pytest.mark.parametrize(
    "document",
    [
        {f"k{number}": 1 for number in range(90_000)},
        {"columns": [{f"k{number}": 1 for number in range(20)}] * 5_000},
        {"columns": [1] * 400_000},
    ],
    ids=["names", "names of columns", "columns"],
)
def test_no_body_costs_much_or_has_endless_faults(document: Any) -> None:
    assert len(refused(NewMapping, document).faults) <= MAX_FAULTS
    raw = json.dumps(document).encode()
    assert seconds(lambda: model_of(NewMapping, raw)) < MOST_SECONDS


def test_each_fault_of_a_body_has_a_json_pointer() -> None:
    columns = [COLUMN, {**COLUMN, "column": ""}, {**COLUMN, "a/b~c": 1}]
    faults = refused(NewMapping, {"columns": columns, "version": "1"}).faults
    assert [fault.pointer for fault in faults] == ["/version", "/columns/1/column", "/columns/2"]
