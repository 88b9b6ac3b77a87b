import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.mapping.attributes import ValueFormat, ValueType
from penstock.domain.mapping.coercion import coercer
from penstock.domain.profiles.identity import NODE_BYTES, NodeHasher, normalise

TEXT = ValueFormat()
EMAIL = ValueFormat(ValueType.EMAIL)
DECIMAL, DATETIME = ValueFormat(ValueType.DECIMAL), ValueFormat(ValueType.DATETIME)
KEY = b"k" * 32


@pytest.mark.parametrize(
    ("one", "other", "format"),
    [
        ("C1", " C1 ", TEXT),
        ("Anna@Example.org", "anna@example.org", EMAIL),
        ("Zoe\u0308", "Zo\u00eb", TEXT),
        ("\ufeffC\u200b1\u00ad", "C1", TEXT),  # pasted from a page
        ("\u202aC1\u202c", "C1", TEXT),
        ("\u200e C1", "C1", TEXT),
        ("ΟΔΟΣ@example.org", "οδός@example.org".replace("ό", "ο"), EMAIL),
        ("οδος@example.org", "οδοσ@example.org", EMAIL),  # a sigma at the end
        ("STRASSE@example.org", "straße@example.org", EMAIL),
        ("I\u0307s@example.org", "\u0130S@example.org", EMAIL),
        ("ann\u200b@example.org", "Ann@example.org", EMAIL),
    ],
)
def test_two_spellings_of_one_identifier_are_equal(one: str, other: str, format: ValueFormat) -> None:
    assert normalise(one, format) == normalise(other, format)


@given(st.text(), st.sampled_from([TEXT, EMAIL]))
def test_a_normal_form_is_its_own(text: str, format: ValueFormat) -> None:
    once = normalise(text, format)
    assert normalise(once, format) == once


@given(st.text(), st.text(st.sampled_from("\u200b\u200c\u200d\u2060\ufeff\u00ad\u202e \u00a0"), max_size=4))
def test_unseen_characters_and_the_way_to_write_accents_do_not_count(text: str, unseen: str) -> None:
    for format in (TEXT, EMAIL):
        found = normalise(text, format)
        assert normalise(unseen + text + unseen, format) == found
        assert normalise(unicodedata.normalize("NFD", text), format) == found
    assert normalise(text.upper().lower(), EMAIL) == normalise(text.upper(), EMAIL)


def test_a_sign_that_stands_before_a_number_is_seen() -> None:
    assert normalise("\u060112", TEXT) != normalise("12", TEXT)


def test_text_identifiers_keep_case_and_leading_zeros() -> None:
    assert normalise("c1", TEXT) != normalise("C1", TEXT)
    assert normalise("007", TEXT) != normalise("7", TEXT)


@given(st.decimals(-(10**20), 10**20, places=6), st.integers(0, 5))
def test_all_spellings_of_a_decimal_are_one_identifier(number: Decimal, zeros: int) -> None:
    plain = format(number, "f")
    spellings = [plain, plain + "0" * zeros, format(number, "e")]
    parsed = [coercer(DECIMAL).coerce_cell(spelling) for spelling in spellings]
    assert len({normalise(value, DECIMAL) for value in parsed if isinstance(value, str)}) == 1
    assert len(set(NodeHasher("code", KEY).column(parsed, DECIMAL))) == 1


@given(st.decimals(-(10**6), 10**6, places=3), st.decimals(-(10**6), 10**6, places=3))
def test_different_decimals_are_different_identifiers(one: Decimal, other: Decimal) -> None:
    assert (normalise(format(one, "f"), DECIMAL) == normalise(format(other, "f"), DECIMAL)) == (one == other)


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)), st.integers(-840, 840))
def test_all_spellings_of_a_time_are_one_identifier(at: datetime, minutes: int) -> None:
    utc = at.replace(tzinfo=UTC)
    elsewhere = utc.astimezone(timezone(timedelta(minutes=minutes)))
    assert normalise(utc.isoformat(), DATETIME) == normalise(elsewhere.isoformat(), DATETIME)


@given(st.text(), st.text())
def test_a_node_depends_on_the_value_the_namespace_and_the_key(one: str, other: str) -> None:
    hasher = NodeHasher("crmid", KEY)
    assert len(hasher.node(one, TEXT)) == NODE_BYTES
    assert hasher.node(one, TEXT) == NodeHasher("crmid", KEY).node(one, TEXT)
    same = normalise(one, TEXT) == normalise(other, TEXT)
    assert (hasher.node(one, TEXT) == hasher.node(other, TEXT)) == same
    assert hasher.node(one, TEXT) != NodeHasher("email", KEY).node(one, TEXT)
    assert hasher.node(one, TEXT) != NodeHasher("crmid", b"x" * 32).node(one, TEXT)


@given(st.lists(st.none() | st.text() | st.integers()), st.sampled_from([TEXT, EMAIL]))
def test_a_column_has_the_nodes_of_its_values_and_none_for_blanks(
    values: list[str | int | None], format: ValueFormat
) -> None:
    hasher = NodeHasher("crmid", KEY)
    assert hasher.column(values, format) == [None if v is None else hasher.node(v, format) for v in values]
