"""Addresses to notify: checked all at once, kept once in their usual form, cheap whatever they are."""

from __future__ import annotations

import pytest

from penstock.domain.delivery.email_address import check_addresses
from penstock.domain.errors import Refused
from tests.support.adversarial import cells
from tests.support.cost import MOST_SECONDS, seconds


@pytest.mark.parametrize(
    "address",
    ["a@example.com\r\nBcc: eve@example.com", "a@example.com\n", "a", "", "Ann <a@example.com>", "a@b@example.com"],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(Refused) as caught:
        check_addresses(["fine@example.com", address, address])
    assert [(fault.code, fault.position) for fault in caught.value.faults] == [
        ("invalid_address", 2),
        ("invalid_address", 3),
    ]


def test_addresses_get_their_usual_form_once() -> None:
    assert check_addresses(["Ann@EXAMPLE.com", "Ann@example.com", "bo@exämple.com"]) == (
        "Ann@example.com",
        "bo@xn--exmple-cua.com",
    )
    with pytest.raises(Refused) as caught:
        check_addresses(["ann@example.com"] * 21)
    assert caught.value.code == "too_many_addresses"


def test_no_address_costs_much() -> None:
    def cost(address: str) -> float:
        return seconds(lambda: check_addresses([address]))

    assert [address[:20] for address in cells(32_768) if cost(address) >= MOST_SECONDS] == []
