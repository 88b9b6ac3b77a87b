"""--map and --policy: what is written comes out as it is meant, and whatever is typed gets an answer, never a crash."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.domain.errors import Refused
from penstock.domain.mapping.mapping import WritePolicy
from services.cli.column_options import Policy, parse_column_options, parse_map, parse_policy
from services.cli.failures import BadUsage

FORMATS = (
    "text",
    "integer",
    "decimal",
    "boolean",
    "email",
    "url",
    "date",
    "datetime",
    "phone",
    "phone(NL)",
    "date(dd/MM/yyyy)",
    "datetime(yyyy-MM-dd HH:mm)",
    "datetime(yyyy-MM-dd'T'HH:mm:ssXXX)",
    "enum(a|b)",
    "enum(a=b|c:d|e!)",
    "enum((|))",
)
columns = st.text(st.characters(exclude_characters="="), min_size=1)
attributes = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)


@given(columns, attributes, st.booleans(), st.booleans(), st.none() | st.sampled_from(FORMATS))
def test_a_column_option_is_parsed(
    column: str, attribute: str, identifier: bool, pii: bool, format: str | None
) -> None:
    text = f"{column}={attribute}{'!' * identifier}{':pii' * pii}{f':{format}' if format else ''}"
    assert parse_map(text) == ColumnSpec(
        column=column, attribute=attribute, identifier=identifier, pii=pii or None, format=format
    )


@pytest.mark.parametrize(
    ("text", "column", "format"),
    [
        ("a=b=c", "a=b", None),
        ("a:b=c", "a:b", None),
        ("when=at:datetime(HH:mm yyyy-MM-dd)", "when", "datetime(HH:mm yyyy-MM-dd)"),
    ],
)
def test_a_column_name_may_contain_the_separator(text: str, column: str, format: str | None) -> None:
    form = parse_map(text)
    assert (form.column, form.format) == (column, format)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("crmid", "invalid_map"),
        ("=crmid", "invalid_map"),
        ("crmid=", "invalid_map"),
        ("crmid=crmid!!", "invalid_map"),
        ("crmid=CRMID", "invalid_name"),
        ("crmid=1st", "invalid_name"),
        ("crmid=crmid:pii!", "unknown_format"),
        ("crmid=crmid:PII", "unknown_format"),
        ("crmid=crmid:colour", "unknown_format"),
        ("crmid=crmid:integer:pii", "unknown_format"),
        ("crmid=crmid:text(3)", "invalid_format"),
        ("crmid=crmid:enum", "invalid_format"),
        ("crmid=crmid:enum(a|a)", "invalid_format"),
        ("crmid=crmid:date(yy)", "invalid_format"),
        ("crmid=crmid:phone(ZZ)", "invalid_format"),
    ],
)
def test_an_invalid_column_option_is_refused_with_a_hint(text: str, code: str) -> None:
    with pytest.raises(BadUsage) as refused:
        parse_column_options(["id=crmid!", text], [])
    (fault,) = refused.value.faults
    assert fault.code == code
    assert fault.message.startswith(f"--map {text!r}: ")
    assert fault.hint


@given(st.text(max_size=40) | st.text(string.ascii_lowercase + "=!:()|", max_size=40))
def test_any_column_option_is_parsed_or_refused(text: str) -> None:
    for parse in (parse_map, parse_policy):
        try:
            assert text.startswith(parse(text).column)
        except Refused:
            continue


@given(columns, st.sampled_from(WritePolicy))
def test_a_policy_is_parsed(column: str, policy: WritePolicy) -> None:
    assert parse_policy(f"{column}={policy}") == Policy(column, policy)


def test_policies_join_their_columns_and_the_order_stays() -> None:
    forms = parse_column_options(["b=b!", "a=a"], ["a=keep_first"])
    assert [(form.column, form.policy) for form in forms] == [("b", "overwrite"), ("a", "keep_first")]


def test_all_faults_are_reported_at_once() -> None:
    with pytest.raises(BadUsage) as refused:
        parse_column_options(["a", "b=B"], ["c", "d=drop"])
    codes = [fault.code for fault in refused.value.faults]
    assert codes == ["invalid_map", "invalid_name", "invalid_policy", "invalid_policy"]


def test_a_mistyped_policy_is_reported_with_the_nearest() -> None:
    with pytest.raises(BadUsage) as refused:
        parse_column_options(["land=land!"], ["land=keep_frst"])
    (fault,) = refused.value.faults
    assert fault.message == "--policy 'land=keep_frst': 'keep_frst' is not a policy"
    assert fault.hint == "Did you mean keep_first?"
    assert refused.value.code == "invalid_policy"


def test_a_policy_needs_its_column_to_be_mapped() -> None:
    with pytest.raises(BadUsage, match="column_not_mapped"):
        parse_column_options(["a=a!"], ["b=keep_first"])
