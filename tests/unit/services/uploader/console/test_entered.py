"""Forms: what a person changed, upon what somebody else changed meanwhile."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import Fault, Refused
from services.uploader.console.entered import Entered, beginning, merged, refused, sent
from services.uploader.console.forms import Form

FIELDS = ("name", "owner", "notify")
values = st.fixed_dictionaries({field: st.sampled_from(["", "a", "b"]) for field in FIELDS})


@given(values, values, values)
def test_nothing_that_anybody_entered_is_lost_in_silence(
    began: dict[str, str], mine: dict[str, str], theirs: dict[str, str]
) -> None:
    result = merged(Entered(mine, began, 1), beginning(theirs, 2))
    for field in FIELDS:
        assert result.text(field) == (theirs if mine[field] == began[field] else mine)[field]
        assert (field in result.meanwhile) == (theirs[field] != began[field])
    assert (result.began, result.revision) == (theirs, 2)


def test_a_form_comes_back_as_it_was_sent_out() -> None:
    entered = beginning({"name": "crm", "notify": "a@example.com\nb@example.com"}, 7)
    lines = entered.text("notify").replace("\n", "\r\n")
    fields = [("name", "crm"), ("notify", lines), ("revision", "7"), *entered.hidden.items()]
    assert sent(Form(fields), entered.values) == entered


def test_faults_stand_at_their_fields_in_the_order_of_the_form() -> None:
    codes = [("invalid_address", None), ("text_too_long", "/owner"), ("text_too_long", "/elsewhere"), ("other", None)]
    faults = [Fault(code=code, message=code, hint="", pointer=pointer) for code, pointer in codes]
    entered = refused(beginning(dict.fromkeys(FIELDS, "")), Refused(faults))
    assert [each.field for each in entered.faults] == ["", "", "owner", "notify"]
    assert entered.first == "owner"
