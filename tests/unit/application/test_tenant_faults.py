"""Each tenant's fault is its own, until it seems to be everybody's."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from penstock.application.tenant_faults import MAX_OUTAGES_IN_A_ROW, for_each_tenant
from penstock.domain.errors import Corrupt, Unavailable

FIRST = Unavailable("the first")
TENANTS = "abcdefg"


def run(faults: dict[str, Exception]) -> tuple[list[str], object]:
    """The tenants that were tried, and the results or the error."""
    tried: list[str] = []

    def work(tenant_id: str) -> str:
        tried.append(tenant_id)
        if tenant_id in faults:
            raise faults[tenant_id]
        return tenant_id.upper()

    try:
        return tried, for_each_tenant("test", TENANTS, work)
    except Unavailable as error:
        return tried, error


def test_a_changed_record_is_logged_and_the_others_have_their_turn() -> None:
    with capture_logs() as lines:
        tried, results = run({"b": Corrupt("changed")})
    assert (tried, results) == (list(TENANTS), list("ACDEFG"))
    assert [(line["event"], line["tenant"], line["work"]) for line in lines] == [("tenant.waits", "b", "test")]


def test_the_first_outage_is_raised_when_all_had_their_turn() -> None:
    assert run({"a": FIRST, "b": Unavailable(), "d": Unavailable(), "e": Unavailable()}) == (list(TENANTS), FIRST)


@pytest.mark.parametrize("first", [0, 3])
def test_outages_in_a_row_end_the_pass(first: int) -> None:
    faults: dict[str, Exception] = {tenant_id: Unavailable() for tenant_id in TENANTS[first:]}
    tried, error = run(faults | {TENANTS[first]: FIRST})
    assert (tried, error) == (list(TENANTS[: first + MAX_OUTAGES_IN_A_ROW]), FIRST)


def test_a_mistake_of_the_code_is_not_hidden() -> None:
    with pytest.raises(KeyError):
        run({"a": KeyError("bug")})
