"""Recipients: all faults at once, one per address in its usual form, cheap whatever is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import Refused
from penstock.domain.requests.recipients import MailLevel, Recipient, parse_recipients
from tests.support.adversarial import cells
from tests.support.cost import MOST_SECONDS, seconds


@pytest.mark.parametrize(
    "address",
    [
        "a@example.com\r\nBcc: eve@example.com",
        "a@example.com\n",
        "a",
        "",
        "Ann <a@example.com>",
        "a@b@example.com",
        "a:b@example.com",
        ":all",
    ],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_recipients(["fine@example.com", address, f"{address}:end"])
    assert [(fault.code, fault.position) for fault in caught.value.faults] == [
        ("invalid_address", 2),
        ("invalid_address", 3),
    ]


@pytest.mark.parametrize("level", ["", "ALL", "never", "end:", " end", "end\n"])
def test_an_unknown_level_is_refused(level: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_recipients(["no", f"ann@example.com:{level}"])
    assert [fault.position for fault in caught.value.faults] == [1, 2]
    assert caught.value.faults[1].code in ("invalid_mail_level", "invalid_address")


def test_addresses_get_their_usual_form_once_with_the_broadest_level() -> None:
    assert parse_recipients(["Ann@EXAMPLE.com:problems", "bo@exämple.com", "Ann@example.com:end"]) == (
        Recipient("Ann@example.com", MailLevel.END),
        Recipient("bo@xn--exmple-cua.com", MailLevel.ALL),
    )
    with pytest.raises(Refused) as caught:
        parse_recipients(["ann@example.com"] * 21)
    assert caught.value.code == "too_many_addresses"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(MailLevel)), max_size=10))
def test_written_recipients_are_parsed_back(chosen: list[tuple[str, MailLevel]]) -> None:
    parsed = parse_recipients([f"{name}@example.com:{level}" for name, level in chosen])
    assert parse_recipients([str(each) for each in parsed]) == parsed
    assert len({each.address for each in parsed}) == len(parsed)


def test_no_address_costs_much() -> None:
    def cost(address: str) -> float:
        return seconds(lambda: parse_recipients([address]))

    assert [address[:20] for address in cells(32_768) if cost(address) >= MOST_SECONDS] == []
