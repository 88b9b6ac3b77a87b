"""E-mail addresses: the fast way gives email-validator's answer, or none."""

import pytest
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from penstock.domain.mapping.attributes import ValueFormat, ValueType
from penstock.domain.mapping.coercion import CoercionError
from penstock.domain.mapping.coercion.emails import EmailCoercer
from penstock.domain.profiles.identity import normalise

LABELS = st.sampled_from(
    [
        *("gmail", "example", "x", "1x", "1", "a-b", "-a", "a-", "ab--c", "xy--z", "a" * 63, "a" * 64, "b_c", "GMAIL"),
        *("xn--bcher-kva", "xn--", "xn--a", "bücher", "", "co", "test", "local", "א"),
    ]
)
TOPS = st.sampled_from(
    ["com", "org", "nl", "COM", "museum", "c", "1", "c1", "1c", "com.", "рф", "xn--p1ai", "example", "[127.0.0.1]"]
) | st.sampled_from(SPECIAL_USE_DOMAIN_NAMES)
LOCALS = st.sampled_from(
    [
        *("anna.smith42", "j+tag", "info", "Info", "SALES", "a" * 64, "a" * 65, "b" * 230, '"a b"', '"ab"', "x'y", "é"),
        *(".a", "a.", "a..b", "", "a b", "a@b", "Anna <a", "{}|~^", "a\u0338", "a\u200bb"),
    ]
) | st.text(st.sampled_from("abAB09.+-_!#$%&'*/=?^`{|}~\"\\ é"), max_size=10)


@st.composite
def addresses(draw: st.DrawFn) -> str:
    labels = draw(st.lists(LABELS, max_size=3))
    return f"{draw(LOCALS)}@{'.'.join([*labels, draw(TOPS)])}"


def library(cell: str) -> str | None:
    try:
        return validate_email(cell, check_deliverability=False).normalized
    except EmailNotValidError:
        return None


@settings(max_examples=1_000, deadline=None)
@given(st.lists(addresses(), min_size=1, max_size=3))
@example([f"{'a' * 64}@{'.'.join(['b' * 61] * 3)}.com"])
@example([f"{'a' * 65}@{'.'.join(['b' * 60] * 3)}.abc", f"{'a' * 65}@{'.'.join(['b' * 60] * 3)}.abcdef"])
@example([f"{'a' * 150}@{('例' * 50).encode('idna').decode()}.com"])  # short in Punycode, too long when it is undone
def test_the_fast_way_is_the_librarys_answer_or_none(cells: list[str]) -> None:
    emails = EmailCoercer()
    for _ in range(2):  # the second time from what is remembered of the first
        for cell, value in zip(cells, emails.parse_fast(cells), strict=True):
            assert value is None or value == library(cell.strip())
    for cell, value in zip(cells, emails.coerce_column(cells)[0], strict=True):
        assert value == library(cell.strip())


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("anna.smith42@example.org", "anna.smith42@example.org"),
        ("Anna@GMAIL.com", "Anna@gmail.com"),
        ("Info@Example.com", "info@example.com"),
        ("x@sub.domain-2.co.uk", "x@sub.domain-2.co.uk"),
    ],
)
def test_common_shapes_need_no_library_more_than_once_a_domain(
    cell: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    emails = EmailCoercer()
    emails.coerce_column([cell])
    monkeypatch.delattr("penstock.domain.mapping.coercion.emails.validate_email")
    assert emails.coerce_column([cell, cell]) == ([value, value], {})


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (" anna@example.com\t", "anna@example.com"),
        ("a@xn--bcher-kva.de", "a@bücher.de"),
        ("é@bücher.de", "é@bücher.de"),
    ],
)
def test_the_library_validates_the_others(cell: str, value: str) -> None:
    assert EmailCoercer().coerce_column([cell]) == ([value], {})


@pytest.mark.parametrize(
    "cell",
    ["Ann Smith <a@x.com>", "<a@x.com>", '"Smith, Ann" < a@X.com >', "mailto:a@x.com", "MAILTO:a@x.com;", "a@x.com, "],
)
def test_an_address_as_address_books_write_it(cell: str) -> None:
    assert EmailCoercer().coerce_cell(cell) == "a@x.com"
    assert EmailCoercer().coerce_column([cell]) == (["a@x.com"], {})


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("ｓｈｏ．ｔａｋａ＠ｄｏｃｏｍｏ．ｎｅ．ｊｐ", "sho.taka@docomo.ne.jp"),
        ("sho@ｄｏｃｏｍｏ．ｎｅ．ｊｐ", "sho@docomo.ne.jp"),
        ("ｓｈｏ@docomo.ne.jp", "sho@docomo.ne.jp"),
        ("ＳＨＯ＠docomo.ne.jp", "SHO@docomo.ne.jp"),
        ("ＩＮＦＯ＠ｄｏｃｏｍｏ．ｎｅ．ｊｐ", "info@docomo.ne.jp"),
        ("翔 ＜ｓｈｏ＠ｄｏｃｏｍｏ．ｎｅ．ｊｐ＞", "sho@docomo.ne.jp"),
    ],
)
def test_an_address_of_full_width_is_the_same_person(cell: str, value: str) -> None:
    values, errors = EmailCoercer().coerce_column([cell])
    assert (values, errors) == ([value], {})
    email = ValueFormat(ValueType.EMAIL)
    assert normalise(str(values[0]), email) == normalise(value.upper(), email)


@pytest.mark.parametrize(
    "cell",
    [
        "taro＠＠docomo.ne.jp",
        "a＠b",
        "a@b",
        "a@x.test",
        "a@x.local",
        "a@[127.0.0.1]",
        '"a b"@example.com',
        "a@example.com, b@example.com",
        "b@example.com <a@example.com>",
        "<a@example.com> or so",
        "A <a@example.com",
        "mailto:",
        "a@b@c.com",
        "@",
        "a" * 300,
    ],
)
def test_not_an_email(cell: str) -> None:
    with pytest.raises(CoercionError, match="not_an_email"):
        EmailCoercer().coerce_cell(cell)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("GULSEN@HOTMAİL.COM", "GULSEN@hotmail.com"),
        ("İlker@GMAİL.COM", "İlker@gmail.com"),
        ("ann@İŞ.com", "ann@i̇ş.com"),
    ],
)
def test_the_turkish_capital_of_i_is_an_i_in_a_domain_of_ascii(cell: str, value: str) -> None:
    assert EmailCoercer().coerce_column([cell]) == ([value], {})


def test_domains_beyond_the_cache_are_still_validated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.domain.mapping.coercion.emails._CACHED_DOMAINS", 2)
    emails, cells = EmailCoercer(), [f"a@example{number}.com" for number in range(4)]
    for _ in range(2):
        assert emails.coerce_column(cells) == (cells, {})
    assert len(emails._domains) == 2
