import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.attributes import FormatKind, InputFormat
from penstock.domain.identity import NODE_BYTES, column_nodes, node_hasher, normalise

TEXT = InputFormat()
EMAIL = InputFormat(FormatKind.EMAIL)
KEY = b"k" * 32


@pytest.mark.parametrize(
    ("one", "other", "format"),
    [
        ("C1", " C1 ", TEXT),
        ("Anna@Example.org", "anna@example.org", EMAIL),
        ("Zoe\u0308", "Zo\u00eb", TEXT),
    ],
)
def test_two_spellings_of_one_identifier_are_equal(one: str, other: str, format: InputFormat) -> None:
    assert normalise(one, format) == normalise(other, format)


def test_text_identifiers_keep_case_and_leading_zeros() -> None:
    assert normalise("c1", TEXT) != normalise("C1", TEXT)
    assert normalise("007", TEXT) != normalise("7", TEXT)


@given(st.text(), st.text())
def test_a_node_depends_on_the_value_the_namespace_and_the_key(one: str, other: str) -> None:
    node = node_hasher("crmid", KEY)
    assert len(node(one)) == NODE_BYTES
    assert node(one) == node_hasher("crmid", KEY)(one)
    assert (node(one) == node(other)) == (one == other)
    assert node(one) != node_hasher("email", KEY)(one)
    assert node(one) != node_hasher("crmid", b"x" * 32)(one)


def test_a_blank_has_no_node() -> None:
    assert column_nodes([None, "C1"], TEXT, node_hasher("crmid", KEY))[0] is None
