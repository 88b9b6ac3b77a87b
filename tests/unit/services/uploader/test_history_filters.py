"""The filters of the upload history survive the way through an address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import Refused
from services.uploader.history_filters import DAYS, MAX_FILTER, STATUSES, Filters, parse_filters

texts = st.text(st.characters(codec="utf-8"), max_size=MAX_FILTER)
filters = st.builds(
    Filters,
    status=st.sampled_from(["", *STATUSES]),
    source=texts,
    by=texts,
    file=texts,
    since=st.sampled_from(["", *DAYS]),
    day=st.dates().map(str) | st.just(""),
    rejects=st.sampled_from(["", "yes"]),
)


@given(filters)
def test_an_address_gives_its_filters_back(chosen: Filters) -> None:
    assert parse_filters(chosen.query) == chosen


@pytest.mark.parametrize(
    "query", ["color=red", "status", "since=7&status=failed", "status=failed&status=failed", f"by={'x' * 201}", "by="]
)
def test_an_address_that_no_page_has_made_is_refused(query: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_filters(query)
    assert refused.value.code == "bad_request"


@pytest.mark.parametrize(
    "filters",
    [Filters(status="burnt"), Filters(day="2026-02-30"), Filters(day="9999-12-31"), Filters(rejects="no")],
)
def test_a_value_that_is_no_choice_is_refused(filters: Filters) -> None:
    with pytest.raises(Refused) as refused:
        filters.only(0)
    assert refused.value.code == "bad_request"
