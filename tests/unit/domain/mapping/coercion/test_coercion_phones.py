"""Phone numbers: the fast way gives phonenumbers' answer, or none."""

import re
from functools import cache

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat

from penstock.domain.mapping.attributes import ValueFormat, ValueType
from penstock.domain.mapping.coercion import CoercionError
from penstock.domain.mapping.coercion.phones import _HAD_ZERO, PhoneCoercer
from penstock.domain.profiles.identity import NodeHasher

# Those with ways of their own: shared country codes, prefixes that change the number, leading zeros, carrier codes.
ODD_ONES = ("US", "CA", "GB", "IT", "DE", "AR", "MX", "BR", "RU", "KZ", "NL", "AU", "CN", "CO", "HU", "JE", "BS", "SM")
REGIONS = st.sampled_from(ODD_ONES) | st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS))
FORMS = st.sampled_from([PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.NATIONAL])
BEFORE = st.sampled_from(["", "", "", "0", "00", "1", "8", "9", "15", "(0)", "+", "+00", "011", "810", "0031", "-"])
WITHIN = st.sampled_from([*"0123456789 -()./", "٣", "x", "#", ",", "\u00a0", "*", "+", "\t", "\n", "ab", "３"])


@cache
def examples(region: str) -> list[str]:
    kinds = [*range(11), phonenumbers.PhoneNumberType.VOICEMAIL]
    found = [phonenumbers.example_number_for_type(region, kind) for kind in kinds]
    return [number for number in found if number]


@st.composite
def numbers(draw: st.DrawFn) -> tuple[str, str | None]:
    """A number, true or somewhat changed, and the region in which it is read."""
    home = draw(REGIONS)
    number = draw(st.sampled_from(examples(home)))
    written = phonenumbers.format_number(number, draw(FORMS))
    if draw(st.booleans()):  # other subscribers
        digits = draw(st.lists(st.sampled_from("0123456789"), min_size=5, max_size=5))
        written = written[:-5] + "".join(
            new if old.isdigit() else old for new, old in zip(digits, written[-5:], strict=False)
        )
    for _ in range(draw(st.integers(0, 2))):
        at, gone = draw(st.integers(0, len(written))), draw(st.integers(0, 1))
        written = written[:at] + draw(WITHIN) + written[at + gone :]
    written = draw(BEFORE) + written
    if draw(st.integers(0, 4)) == 0:
        written = written.replace("+", draw(st.sampled_from(["", "00"])))
    return written, draw(st.sampled_from([home, home, None]) | REGIONS)


@cache
def phones(region: str | None) -> PhoneCoercer:
    return PhoneCoercer(region or "")


def library(cell: str, region: str | None) -> str | None:
    if phonenumbers.is_alpha_number(cell):  # letters that are dialled as digits mask a number
        return None
    if re.search(r"[\\/] *x|;isub=", cell):  # a second extension or a subaddress, which the library drops
        return None
    try:
        number = phonenumbers.parse(cell, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    extension = f";ext={number.extension}" if number.extension else ""
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) + extension


@settings(max_examples=300, deadline=None)
@given(numbers())
@example(("+7 812 123-45-67", None))  # begins with the national prefix, and is none
@example(("391 234 5678", "IT"))  # begins with the country code, and is none
@example(("02-1234567", "IT"))
@example(("0 15 11 2345-6789", "AR"))
@example(("0 31 11 91234-5678", "BR"))
@example(("0018002345678", "US"))  # with a second 00 inside
@example(("/x+12015550123", "US"))  # as if an extension came before it
def test_the_fast_way_is_the_librarys_answer_or_none(case: tuple[str, str | None]) -> None:
    cell, region = case
    reported = phones(region).parse_fast([cell])[0]
    text = cell.strip(" \t")
    answer = library(text, region) or library(re.sub(r"^[ (]*00[ )-]*(?=[1-9])", "+", text), region)
    answer = answer or library(phones(region)._mexican(text) or "", region)
    if answer is None and (number := phones(region)._without_zero(text)) and not phonenumbers.is_alpha_number(text):
        answer = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    assert reported is None or reported == answer
    assert phones(region).coerce_column([cell])[0] == [answer]


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_the_fast_path_parses_the_ordinary_numbers_of_every_country(region: str) -> None:
    """So that a new release of the library does not make a file slow without a word."""
    number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    number = number or phonenumbers.example_number(region)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    cells = [e164, phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)]
    assert phones(None).parse_fast(cells) == [e164, e164]


@pytest.mark.parametrize(
    ("region", "cell", "e164"),
    [
        ("NL", "06-12345678", "+31612345678"),
        ("NL", "0031 6 1234 5678", "+31612345678"),
        ("nl", "+31 (0)20 624 1111", "+31206241111"),
        ("US", "(212) 555-1234", "+12125551234"),
        ("US", "1-212-555-1234", "+12125551234"),
        ("NL", "31612345678", "+31612345678"),
        ("GB", "020 7946 0018", "+442079460018"),
        ("IT", "02 1234 5678", "+390212345678"),
        ("DE", "0151/23456789", "+4915123456789"),
        ("BR", "(11) 96123-4567", "+5511961234567"),
        ("RU", "8 (912) 345-67-89", "+79123456789"),
    ],
)
def test_national_numbers_of_a_stated_region_take_the_fast_path(region: str, cell: str, e164: str) -> None:
    assert PhoneCoercer(region).parse_fast([cell]) == [e164]
    assert PhoneCoercer(region).coerce_cell(cell) == e164


@pytest.mark.parametrize("region", ["", "US", "JP", "KR", "AU", "DE"])
@pytest.mark.parametrize("cell", ["0049 151 23456789", "00-49-151-23456789", "(00) 49 15123456789", " 004915123456789"])
def test_two_zeros_before_a_country_code_are_a_plus_sign(region: str, cell: str) -> None:
    """Also where 00 is not dialled, and where no region is known."""
    assert PhoneCoercer(region).coerce_cell(cell) == "+4915123456789"
    assert PhoneCoercer(region).coerce_column([cell]) == (["+4915123456789"], {})


@pytest.mark.parametrize(
    ("region", "cell"),
    [
        *(("", "00"), ("", "000491511234567"), ("", "00499"), ("US", "00 999 123 456")),
        *(("", "06-12345678"), ("NL", "06-1234567"), ("NL", "+31 6 1234 56789"), ("", "+999 123 456"), ("", "phone")),
        *(("US", "123-456-7890"), ("", "+" + "1" * 300), ("NL", "0" * 251)),
        *(("US", "(530) 583-6985 x302/x2303"), ("", "tel:+31201234567;isub=12"), ("NL", "020 123 4567 / x12")),
    ],
)
def test_not_a_phone(region: str, cell: str) -> None:
    with pytest.raises(CoercionError, match="not_a_phone"):
        PhoneCoercer(region).coerce_cell(cell)


def test_a_newline_in_a_cell_does_not_shift_the_others() -> None:
    cells = ["+31612345678", "+316\n12345678", "+31206241111"]
    values, _ = PhoneCoercer().coerce_column(cells)
    assert (values[0], values[2]) == ("+31612345678", "+31206241111")


def test_only_the_heads_of_real_plans_are_remembered() -> None:
    coercer = PhoneCoercer("NL")
    coercer.coerce_column(["hello", "+", "+31", "+0123456", "+8001234567", "12", "+31612345678"])
    assert set(coercer._plans) == {"+3161"}


@pytest.mark.parametrize(
    ("region", "cell", "value"),
    [
        *(
            ("", f"+31 20 123 4567{how}", "+31201234567;ext=12")
            for how in (" ext. 12", " x12", "#12", " xtn 12", " int 12")
        ),
        *(("", f"+31 20 123 4567{how}", "+31201234567;ext=12") for how in (";ext=12", ",,12", " ext  12", " EXT: 12")),
        *(("", cell, "+31201234567;ext=012") for cell in ("+31201234567;ext=012", "tel:+31-20-123-4567;ext=012")),
        *(("NL", cell, "+31201234567;ext=12") for cell in ("020 - 123 45 67    ext 12", "020-1234567 Extension 12")),
        *(("US", cell, "+12125551234;ext=302") for cell in ("(212) 555-1234 x302", "212-555-1234 - 302#")),
    ],
)
def test_an_extension_is_kept(region: str, cell: str, value: str) -> None:
    assert PhoneCoercer(region).coerce_cell(cell) == value
    assert PhoneCoercer(region).coerce_column([cell]) == ([value], {})
    assert PhoneCoercer().coerce_cell(value) == value


def test_colleagues_behind_one_number_are_not_one_person() -> None:
    hasher, format = NodeHasher("phone", bytes(32)), ValueFormat(ValueType.PHONE)
    cells = ["+31 20 123 4567", "+31 20 123 4567 ext. 12", "+31 20 123 4567 x13", "+31201234567;ext=12"]
    values, errors = PhoneCoercer().coerce_column(cells)
    nodes = hasher.column([str(value) for value in values], format)
    assert errors == {}
    assert len(set(nodes)) == 3
    assert nodes[1] == nodes[3]


@pytest.mark.parametrize(
    ("cell", "region", "value"),
    [
        ("+52 1 55 7593 5451", "", "+525575935451"),
        ("0052 1 (55) 7593-5451", "NL", "+525575935451"),
        ("044 55 2414 2170", "MX", "+525524142170"),
        ("045 5524142170", "MX", "+525524142170"),
        ("01 55 2414 2170", "MX", "+525524142170"),
        ("521 5524142170", "MX", "+525524142170"),
        ("044 55 2414 2170", "US", None),
        ("+52 1 15 7593 5451", "MX", None),
    ],
)
def test_mexican_numbers_may_have_the_prefixes_that_were_dialled_before_2019(
    cell: str, region: str, value: str | None
) -> None:
    values, errors = PhoneCoercer(region).coerce_column([cell])
    assert (values, list(errors)) == ([value], [] if value else [0])


@pytest.mark.parametrize(
    ("cell", "region", "value"),
    [
        ("0690 00 12 34", "FR", "+590690001234"),
        ("0590 82 12 34", "FR", "+590590821234"),
        ("06 92 12 34 56", "FR", "+262692123456"),
        ("0639 00 12 34", "FR", "+262639001234"),
        ("0262.12.34.56", "FR", "+262262123456"),
        ("0694 12 34 56", "fr", "+594694123456"),
        ("0594 30 12 34", "FR", "+594594301234"),
        ("0696 12 34 56", "FR", "+596696123456"),
        ("0696 12 34 56 ext. 3", "FR", "+596696123456;ext=3"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("+33 690 00 12 34", "FR", None),
        ("0690 00 12", "FR", None),
        ("0690 00 12 34", "BE", None),
        ("0690 00 12 34", "", None),
    ],
)
def test_numbers_of_the_regions_overseas_are_dialled_within_france(cell: str, region: str, value: str | None) -> None:
    values, errors = PhoneCoercer(region).coerce_column([cell])
    assert (values, list(errors)) == ([value], [] if value else [0])


@pytest.mark.parametrize("cell", ["06 30 xxx xxxx", "06-30-XXX-XXXX", "+36 30 titkos1", "1-800-FLOWERS", "052-xxxxxxx"])
@pytest.mark.parametrize("region", ["HU", "IL", "US", ""])
def test_letters_are_no_digits(cell: str, region: str) -> None:
    """Masked numbers would become those of strangers."""
    assert PhoneCoercer(region).coerce_column([cell]) == ([None], {0: "not_a_phone"})


@pytest.mark.parametrize(
    ("region", "cell", "value"),
    [
        *(("PL", cell, "+48224701006") for cell in ("0-22 470 10 06", "(022) 470 10 06", "022 470-10-06")),
        *((region, "+48 (0) 22 470 10 06", "+48224701006") for region in ("PL", "", "NL")),
        ("", "0048 (0) 22 470 10 06", "+48224701006"),
        ("PL", "0 601 234 567", "+48601234567"),
        ("PL", "022 470 10 06 wew. 12", "+48224701006;ext=12"),
        ("CZ", "0602 123 456", "+420602123456"),
        ("ES", "+34 (0) 912 345 678", "+34912345678"),
        ("DK", "+45 (0) 32 12 34 56", "+4532123456"),
        ("PL", "0022 470 10 06", None),
        ("PL", "00 601 234 567", None),
        ("PL", "022 470 10 0", None),
        ("PL", "022 470 10 061", None),
        ("", "022 470 10 06", None),
        ("ES", "0912 345 678", None),
        ("DK", "040 123456", None),  # of Hamburg, and with 40 12 34 56 somebody in Denmark
        ("IT", "+39 (0) 338 1234567", None),
        ("IT", "0338 1234567", None),
        ("IT", "+39 (0) 6 69820000", "+390669820000"),
        ("VA", "+39 (0) 338 1234567", None),
        ("NL", "+31 (0) 20 123 4567", "+31201234567"),
        ("NL", "0 020 123 4567", None),
        ("DE", "+49 (0) 30 123456", "+4930123456"),
        ("DE", "+49 (0) (0) 30 123456", None),
    ],
)
def test_a_zero_that_nobody_dials_there_is_dropped(region: str, cell: str, value: str | None) -> None:
    values, errors = PhoneCoercer(region).coerce_column([cell])
    assert (values, list(errors)) == ([value], [] if value else [0])


@pytest.mark.parametrize("region", _HAD_ZERO)
def test_no_number_begins_with_the_zero_that_was_dropped(region: str) -> None:
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    assert metadata is not None
    assert metadata.national_prefix_for_parsing is None
    pattern = re.compile(metadata.general_desc.national_number_pattern)
    assert not [length for length in range(1, 18) for digit in "0123456789" if pattern.fullmatch("0" + digit * length)]


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_a_zero_is_dropped_from_no_number_that_may_have_it(region: str) -> None:
    """Whatever is valid stays as it is, and only a number that is too long with the zero loses it."""
    for number in examples(region):
        national = str(number.national_number)
        longer = f"+{number.country_code}0{national}"
        value = PhoneCoercer(region).coerce_column([longer])[0][0]
        if library(longer, region) is not None:
            assert value == library(longer, region)
        elif value is not None:
            parsed = phonenumbers.parse(longer)
            assert region in _HAD_ZERO or not phonenumbers.is_possible_number(parsed)
            assert value == f"+{number.country_code}{national}"


@pytest.mark.parametrize(
    ("region", "cell", "value"),
    [
        *(("PL", f"22 470 10 06{how}", "+48224701006;ext=12") for how in (" wew. 12", " wewn. 12", " w. 12", ", w 12")),
        *(("DE", f"030 123456{how}", "+4930123456;ext=12") for how in (" Durchwahl 12", " DW: 12")),
        ("DE", "030 123456-12", "+493012345612"),
        ("FR", "01 23 45 67 89 poste 12", "+33123456789;ext=12"),
        ("IT", "06 69820000 interno 12", "+390669820000;ext=12"),
        ("NL", "020 123 4567 toestel 12", "+31201234567;ext=12"),
        ("PE", "01 611 2233 anexo 12", "+5116112233;ext=12"),
        ("PL", "22 470 10 06 pokój 12", None),
    ],
)
def test_an_extension_may_have_its_word_in_another_language(region: str, cell: str, value: str | None) -> None:
    values, errors = PhoneCoercer(region).coerce_column([cell])
    assert (values, list(errors)) == ([value], [] if value else [0])
