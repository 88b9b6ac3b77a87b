"""Suggestions from names and values."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from penstock.application.catalog.column_specs import ColumnSpec, resolve_columns
from penstock.application.uploads.suggesting import SUGGESTED_CONFIDENCE, column_spec
from penstock.domain.mapping.attributes import Attribute, ValueFormat, ValueType, parse_format
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import ColumnMapping, OnMisfit, WritePolicy
from penstock.domain.suggestions import ColumnSuggestion, Drift, Sample, SuggestedMapping, suggest_mapping
from penstock.domain.suggestions.aliases import OWNERS
from penstock.domain.suggestions.booleans import ONE_SIDED
from penstock.domain.suggestions.candidates import UNREAD
from penstock.domain.suggestions.choosing import MAX_TIED
from penstock.domain.suggestions.fitting import Formats
from penstock.domain.suggestions.numbers import detect_numbers
from penstock.domain.suggestions.sample import Cells

IDENTIFIER = ColumnSpec(column="crmid", attribute="crmid", identifier=True)
IDS = [f"C{number:05}" for number in range(200)]
EMAILS = [f"p{number}@gmail.com" for number in range(200)]


def suggest(earlier: Sequence[ColumnMapping] = (), **columns: Sequence[str]) -> SuggestedMapping:
    return suggest_mapping(Sample(list(columns), list(columns.values()), complete=True), BUILTIN, earlier)


def one(name: str, cells: Sequence[str], **others: Sequence[str]) -> ColumnSuggestion:
    rows = len(cells)
    suggested = suggest(**{name: cells}, **{other: (list(values) * rows)[:rows] for other, values in others.items()})
    return next(each for each in suggested.columns if each.column == name)


def repeated(*cells: str, times: int = 30) -> list[str]:
    return [cell for _ in range(times) for cell in cells]


def test_emails_are_found_by_their_values() -> None:
    found = one("kontakt", [*EMAILS[:198], "call", "later"])
    assert (found.attribute.name, found.identifier, found.pii) == ("email", True, True)
    assert found.evidence == ("198 of 200 are e-mail addresses",)
    assert found.against == ("2 do not fit and would be rejected with their rows",)
    assert 0.9 <= found.confidence < 1


def test_emails_of_full_width_are_found() -> None:
    found = one("kontakt", [f"ａ{number}＠ｄｏｃｏｍｏ．ｎｅ．ｊｐ" for number in range(50)])
    assert (found.attribute.name, found.against) == ("email", ())


def test_values_overrule_a_name() -> None:
    found = one("phone", [f"2020-01-{day:02}" for day in range(1, 29)])
    assert found.attribute.name != "phone"
    assert found.format.kind is ValueType.DATE
    assert found.confidence <= 0.5


def test_a_text_column_of_emails_is_no_first_name() -> None:
    assert one("first_name", EMAILS).attribute.name != "first_name"


@pytest.mark.parametrize(
    ("cells", "written"),
    [
        (repeated("25/04/2024", "03/04/2025"), "date(dd/MM/yyyy)"),
        (repeated("04/25/2024", "03/04/2025"), "date(MM/dd/yyyy)"),
        (repeated("5.4.2024", "25.04.2024"), "date(d.M.yyyy)"),
        (repeated("25/04/2024", "2024-04-25"), "date(dd/MM/yyyy|yyyy-MM-dd)"),
        (repeated("25 april 2024", "1 mei 2023", "3 oktober 2020"), "date(d MMM yyyy[nl])"),
        (repeated("Apr 25, 2024", "May 1, 2023"), "date(MMM d, yyyy)"),
        (repeated("20240425", "20231231"), "date(yyyyMMdd)"),
        (repeated("1962-02-18T00:00:00"), "date(yyyy-MM-dd'T'00:00:00)"),
        (repeated("25/04/2024 13:45", "26/04/2024 01:05"), "datetime(dd/MM/yyyy HH:mm)"),
        (repeated("2024-04-25T13:45:00Z", "2024-04-26T13:45:00Z"), "datetime"),
        (repeated("4/25/2024 1:45 PM", "4/26/2024 11:45 AM"), "datetime(M/d/yyyy h:mm a)"),
    ],
)
def test_patterns_of_dates(cells: Sequence[str], written: str) -> None:
    found = one("when", cells)
    assert str(found.format) == written
    assert found.confidence >= 0.9
    assert not found.against


def epochs(unit: int = 1, years: int = 9) -> list[str]:
    """Times from 2015 on, all different."""
    return [str(1_425_000_000 * unit + number * years * 31_556_926 * unit // 200) for number in range(200)]


@pytest.mark.parametrize(
    ("name", "cells", "attribute", "written"),
    [
        ("createdAt", epochs(1_000), "created_at", "datetime(epoch_millis)"),
        ("lastOrderAt", epochs(1_000), "last_purchase_at", "datetime(epoch_millis)"),
        ("last_login", epochs(), "last_seen_at", "datetime(epoch_second)"),
        ("Geburtsdatum", [f"-{each}" for each in epochs()], "birth_date", "date(epoch_second)"),
        (
            "updated_ts",
            [*epochs()[:100], *["2024-03-14T10:22:00Z"] * 90],
            "updated_ts",
            "datetime(iso8601|epoch_second)",
        ),
    ],
)
def test_epoch_times_are_found_by_name_and_values(name: str, cells: list[str], attribute: str, written: str) -> None:
    found = one(name, cells)
    assert (found.attribute.name, str(found.format)) == (attribute, written)
    assert found.confidence >= 0.9
    assert any("seconds since 1970, from " in each for each in found.evidence)


def test_a_zero_among_epoch_times_is_no_time() -> None:
    found = one("lastOrderAt", [*epochs(1_000), *["0"] * 90])
    assert str(found.format) == "datetime(epoch_millis)"
    assert found.blanks == ("0",)
    assert found.confidence >= 0.9


@pytest.mark.parametrize(("name", "cells"), [("xyz", epochs(1_000)), ("wert", epochs())])
def test_numbers_that_only_could_be_times_are_left_to_a_person(name: str, cells: list[str]) -> None:
    found = one(name, cells)
    assert found.confidence < 0.9
    assert any("could also be" in each for each in found.against)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("last_order_id", epochs()),
        ("ean_code", epochs(1_000)),
        ("visits", epochs(years=0)),
        ("barcode", [f"40{number:011}" for number in range(200)]),
        ("updated", [str(number) for number in range(200)]),
    ],
)
def test_identifiers_and_counts_are_no_times(name: str, cells: list[str]) -> None:
    found = one(name, cells)
    assert found.format.kind not in (ValueType.DATE, ValueType.DATETIME)
    assert found.against == ()


def mixed(*, days: int = 120) -> list[str]:
    times = [f"2024-03-{day:02}T10:22:00Z" for day in range(1, 29)]
    return [*(f"{number % 12 + 1}/{number % 28 + 1}/2024" for number in range(days)), *times * 3]


def test_a_column_of_days_and_times_is_a_datetime_that_takes_both() -> None:
    found = one("LastTxn", mixed())
    assert str(found.format) == "datetime(iso8601|M/d/yyyy)"
    assert found.confidence >= 0.9
    assert "all 204 are dates, 84 with a time" in found.evidence
    assert found.against == ("a date without a time becomes its midnight",)


def test_an_attribute_of_days_takes_times_and_says_what_is_lost() -> None:
    found = one("member_since", mixed())
    assert (found.attribute.name, str(found.format)) == ("customer_since", "date(iso8601|M/d/yyyy)")
    assert found.against == ("the time of 84 is left out",)
    assert found.confidence >= 0.9


def test_an_attribute_of_times_takes_days() -> None:
    found = one("last_visit", repeated("25/04/2024", "03/04/2025"))
    assert (found.attribute.name, str(found.format)) == ("last_seen_at", "datetime(dd/MM/yyyy)")
    assert found.against == ("a date without a time becomes its midnight",)


def test_an_open_order_of_day_and_month_is_marked() -> None:
    found = one("when", repeated("03/04/2025", "05/06/2024"))
    assert str(found.format) == "date(dd/MM/yyyy)"
    assert found.against == ("could also be MM/dd/yyyy (no cell shows the order): check",)
    assert found.confidence < 0.9


def test_another_column_shows_the_order() -> None:
    found = one("when", repeated("03/04/2025"), seen=["04/25/2024"])
    assert str(found.format) == "date(MM/dd/yyyy)"
    assert found.confidence >= 0.9


@pytest.mark.parametrize(
    ("cells", "written"),
    [
        (repeated("1.234,56", "7,50"), "decimal(1.234,56)"),
        (repeated("1,234.56", "7.50"), "decimal(1,234.56)"),
        (repeated("1 234,56", "7,50"), "decimal(1 234,56)"),
        (repeated("12,5", "7,50"), "decimal(1234,56)"),
        (repeated("12.5", "7.50"), "decimal"),
        (repeated("€ 1.234,56", "€ 7,50"), "decimal(1.234,56)"),
        (repeated("12", "7"), "integer"),
        (repeated("1.234.567", "7"), "integer(1.234)"),
        (repeated("0.500", "1.250"), "decimal"),
        (repeated("0,500", "1,250"), "decimal(1234,56)"),
    ],
)
def test_notations_of_numbers(cells: Sequence[str], written: str) -> None:
    assert str(one("amount", cells).format) == written


@pytest.mark.parametrize(
    ("cells", "written"),
    [
        (repeated("332,849円", "１８４２５円", "￥158,855", times=10), "integer(1,234)"),
        (repeated("72,000원", "5,500원", times=5), "integer(1,234)"),
        (repeated("72.000 ₫", "5.500 ₫", times=5), "integer(1.234)"),
        (repeated("１２３", "４５６７"), "integer"),
        (repeated("１２３．５", "４"), "decimal"),
    ],
)
def test_amounts_without_cents_and_of_full_width(cells: Sequence[str], written: str) -> None:
    found = one("amount", cells)
    assert (str(found.format), found.against) == (written, ())
    assert found.confidence >= 0.9


def test_an_attribute_of_decimals_takes_amounts_without_cents_as_thousands() -> None:
    found = one("lifetime_value", repeated("332,849円", "158,855円", times=5))
    assert (str(found.format), found.against) == ("decimal(1,234.56)", ())


def test_codes_of_full_width_keep_their_zeros() -> None:
    assert str(one("slot", repeated("００１２３", "０４７１１")).format) == "text"


def test_the_zero_of_accounts_is_a_number_and_not_blank() -> None:
    found = one("Ticket médio", [*(f"R$ {number},99" for number in range(100)), *["R$ -"] * 20])
    assert (str(found.format), found.blanks) == ("decimal(1234,56)", ())
    assert "all 120 are numbers" in found.evidence


@pytest.mark.parametrize(
    ("cells", "currencies"),
    [
        (["€12.50", "£7.00", "€1,200.00"], "£ and €"),
        (["12.50 EUR", "7.00 chf", "3.10 EUR"], "CHF and EUR"),
        (["€12.50", "€7.00", "3.10"], ""),
        (["€12.50", "7.00 EUR"], ""),
        (["Ft 12.50", "7.00"], ""),
    ],
)
def test_amounts_in_several_currencies_are_pointed_out(cells: list[str], currencies: str) -> None:
    found = one("amount", cells * 20)
    remarks = [each for each in found.against if each.startswith("amounts in ")]
    assert remarks == ([f"amounts in {currencies}: the number alone does not say which"] if currencies else [])


def test_an_open_decimal_sign_is_marked() -> None:
    found = one("amount", repeated("1.234", "2.500"))
    assert found.against
    assert found.confidence < 0.9


def test_an_open_decimal_sign_has_the_number_of_its_cells() -> None:
    found = one("amount", [*(f"{number}.50" for number in range(10, 160)), "3.450", "7.125", "812,40"])
    assert (
        "2 of 153 could also be thousands, as 1.234 and 1,234 could: the decimal sign is not certain, check"
        in found.against
    )
    assert not [each for each in found.against if "3.450" in each]


@pytest.mark.parametrize(("cell", "written"), [("0.500", "decimal"), ("0,500", "decimal(1234,56)")])
def test_a_zero_before_the_sign_shows_that_it_is_the_decimal_sign(cell: str, written: str) -> None:
    found = one("amount", repeated(cell, cell.replace("0", "1", 1)))
    assert (str(found.format), found.against) == (written, ())


def test_an_amount_in_several_notations_has_them_in_the_order_of_their_cells() -> None:
    cells = [
        *(f"${number},234.50" for number in range(1, 71)),
        *(f"{number}.234,50 €" for number in range(1, 19)),
        *(f"{number} 234,50 zł" for number in range(1, 10)),
        *(f"CHF {number}'234.50" for number in range(1, 4)),
    ]
    found = one("amount", cells)
    assert str(found.format) == "decimal(1,234.56|1.234,56|1 234,56|1'234.56)"
    assert not [each for each in found.against if "not fit" in each or "could also" in each]


def test_cells_that_several_notations_read_differently_are_counted() -> None:
    cells = [*(f"{number},234.50" for number in range(1, 71)), *(f"{number}.234,50" for number in range(1, 19))]
    found = one("amount", [*cells, "1.234", "2.345"])
    assert str(found.format) == "decimal(1,234.56|1.234,56)"
    assert "2 cells could also be other numbers, as 1.234 and 1,234 could; read as 1,234.56: check" in found.against


@pytest.mark.parametrize("others", [["1.234,50"] * 2, ["x"] * 15])
def test_a_few_mistakes_and_other_texts_are_no_notation(others: list[str]) -> None:
    found = one("amount", [*(f"{number},234.50" for number in range(1, 71)), *others])
    assert str(found.format) == "decimal(1,234.56)"


def test_whole_numbers_may_be_in_several_notations() -> None:
    cells = [*(f"{number} 234" for number in range(1, 71)), *(f"{number}.234.500" for number in range(1, 19)), "7"]
    found = detect_numbers(Cells("points", cells), Formats(), None, None).integer
    assert found is not None
    assert str(found.fit.format) == "integer(1 234|1.234)"


def test_cells_in_another_notation_are_said_not_to_fit() -> None:
    found = one("amount", [*repeated("1.234,56", "7,50"), "0.500"])
    assert str(found.format) == "decimal(1.234,56)"
    assert any("not fit" in against for against in found.against)


@pytest.mark.parametrize(
    ("name", "cells"), [("slot", repeated("00123", "04711")), ("article_no", repeated("123", "4711"))]
)
def test_codes_stay_text(name: str, cells: Sequence[str]) -> None:
    assert str(one(name, cells).format) == "text"


@pytest.mark.parametrize(
    ("cells", "written"),
    [
        (repeated("yes", "No"), "boolean"),
        (repeated("0", "1"), "boolean"),
        (repeated("ja", "nee"), "boolean(ja|nee)"),
        (repeated("Oui", "N", "non"), "boolean(oui|non,n)"),
        (repeated("tak", "nie"), "boolean(tak|nie)"),
        (repeated("Evet", "HAYIR", "Hayır", "EVET"), "boolean(evet|hayır,hayir)"),
        (repeated("EVET", "HAYIR"), "boolean(evet|hayir)"),
        (repeated("ΝΑΙ", "Όχι", "ΟΧΙ", "ναι"), "boolean(ναι|όχι,οχι)"),
    ],
)
def test_words_for_yes_and_no(cells: Sequence[str], written: str) -> None:
    assert str(one("flag", cells).format) == written


def test_a_mark_says_yes_though_no_cell_says_no() -> None:
    marked, always = one("flag", repeated("✓", "")), one("flag", repeated("ja"))
    assert str(marked.format) == "boolean(✓|✗)"
    assert (marked.confidence, list(marked.against)) == (pytest.approx(always.confidence / ONE_SIDED, abs=0.01), [])
    assert str(one("flag", repeated("X", "", "")).format) == "boolean(x|no)"
    assert list(one("flag", repeated("✓", "✗")).against) == []


@pytest.mark.parametrize("odd", ["pendiente", "?", "ja, aber"])
def test_an_odd_cell_among_marks_does_not_fit(odd: str) -> None:
    found = one("VIP", [*repeated("", times=300), *repeated("X", times=50), *repeated("x", times=8), odd])
    assert (str(found.format), found.on_misfit, found.confidence >= 0.9) == ("boolean(x|no)", OnMisfit.DROP, True)
    assert ("1 does not fit and would be left out" in found.against) is (odd != "?")
    assert found.blanks == (("?",) if odd == "?" else ())


def test_marks_beside_values_stand_for_blank() -> None:
    found = one("extra", [*repeated("x", times=60), "06 12345678", *repeated("")])
    assert found.format.kind is not ValueType.BOOLEAN


@pytest.mark.parametrize("odd", ["?", "vielleicht"])
def test_an_odd_answer_leaves_yes_and_blank_certain(odd: str) -> None:
    found = one("email_opt_in", [*repeated("", times=300), *repeated("ja", times=60), odd])
    assert (found.format.kind, found.confidence >= 0.9) == (ValueType.BOOLEAN, True)


@pytest.mark.parametrize(
    ("odd", "options"),
    [
        (["Gld"], "Brons|Gld|Guld|Silver"),
        (["Platinum"], "Brons|Guld|Platinum|Silver"),
        (["Gld", "Platinum"], "Brons|Gld|Guld|Platinum|Silver"),
        (["see note 12"], "Brons|Guld|Silver"),
        (["Niva"], "Brons|Guld|Silver"),  # of a header within the file
    ],
)
def test_a_rare_option_is_one_more_and_another_cell_does_not_fit(odd: list[str], options: str) -> None:
    found = one("niva", [*repeated("Guld", "Silver", "Brons", times=130), *odd])
    assert (str(found.format), found.confidence >= 0.9) == (f"enum({options})", True)
    against = [] if {"Gld", "Platinum"}.intersection(odd) else ["1 does not fit and would be left out"]
    assert list(found.against) == against + ["1 is 'Gld', perhaps 'Guld' misspelt: a value map corrects them"] * (
        "Gld" in odd
    )


@pytest.mark.parametrize("odd", [["Emma", "Noah", "Mila"], ["Emma", "Emma", "Noah"]])
def test_several_rare_cells_show_that_there_are_more(odd: list[str]) -> None:
    assert str(one("niva", [*repeated("Guld", "Silver", times=40), *odd]).format) == "text"


@pytest.mark.parametrize("mark", ["X", "✓", "s"])
def test_the_same_mark_in_every_row_says_neither_yes_nor_no(mark: str) -> None:
    found = one("Code interne", repeated(mark))
    assert (found.attribute.name, found.format.kind) == ("code_interne", ValueType.TEXT)
    assert one("email_opt_in", repeated(mark)).format.kind is ValueType.BOOLEAN
    assert one("Code interne", repeated("J")).format.kind is ValueType.BOOLEAN
    assert one("Code interne", repeated("是")).format.kind is ValueType.BOOLEAN


@pytest.mark.parametrize(
    "word", ["Y", "yes", "J", "JA", "oui", "sí", "Si", "sim", "tak", "evet", "TRUE", "ano", "igen", "kyllä", "on"]
)
def test_a_clear_yes_or_blank_is_as_certain_as_a_mark(word: str) -> None:
    found = one("Deceased?", [*repeated("", times=500), *repeated(word, times=15)])
    assert found.format.kind is ValueType.BOOLEAN
    assert (found.confidence, found.against) == (one("flag", repeated("✓", "")).confidence, ())
    always = one("flag", repeated(word))
    assert always.against == ("all cells mean the same",)
    assert always.confidence < SUGGESTED_CONFIDENCE


@pytest.mark.parametrize("cell", ["t", "s", "o", "a", "e", "i", "h", "d", "1", "k", "no", "nein", "N"])
def test_a_letter_that_may_mean_something_else_is_not_certain(cell: str) -> None:
    found = one("flag", repeated(cell, "", ""))
    assert found.format.kind is not ValueType.BOOLEAN or found.confidence < SUGGESTED_CONFIDENCE


@pytest.mark.parametrize("name", ["Opt_out_e_mail", "mail_x", "Contact_mobile", "Tel_bellen"])
def test_yes_or_no_is_no_way_of_contact_whatever_its_name(name: str) -> None:
    found = one(name, repeated("ja", "nee"))
    assert not found.exists
    assert found.format.kind is ValueType.BOOLEAN
    assert not found.pii


def test_options_of_an_enumeration() -> None:
    found = one("grade", repeated("gold", "silver", "bronze"))
    assert str(found.format) == "enum(bronze|gold|silver)"
    assert str(one("remark", [f"text {number}" for number in range(90)]).format) == "text"


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("segment", repeated("BAYRAM", "KMP-24")),
        ("rate", repeated("%1 KDV", "%10 KDV")),
        ("Kampanya_Kodu", repeated("BAYRAM", "YAZ")),
        ("Kampagnencode", repeated("WINTER", "SOMMER")),
        ("Kasiyer", repeated("Kaan", "Kemal")),
        ("Filiale_Bestellung", repeated("Ost", "West")),
        ("utmSource", repeated("google", "bing")),
        ("Urun_Grubu", repeated("Ev & Yaşam", "Gıda")),
        ("Reden", repeated("verhuisd; nieuw adres komt nog", "opgezegd")),
    ],
)
def test_a_list_that_grows_is_text(name: str, cells: Sequence[str]) -> None:
    """An enumeration would drop next month's campaign."""
    found = one(name, cells)
    assert (str(found.format), found.on_misfit) == ("text", OnMisfit.REJECT)
    assert found.confidence >= 0.9


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("order_status", repeated("open", "ready to ship", "closed")),
        ("channel", repeated("e-mail", "phone", "web shop")),
        ("marketing_phase", repeated("new", "active")),
        ("Stufe", repeated("Gold", "Silber")),
    ],
)
def test_a_list_that_is_closed_is_an_enumeration(name: str, cells: Sequence[str]) -> None:
    assert one(name, cells).format.kind is ValueType.ENUM


@pytest.mark.parametrize(
    ("cells", "others", "written"),
    [
        (["+31612345678", "+31 20 123 4567"], {}, "phone"),
        (["0612345678", "020 1234567"], {"land": ["NL"]}, "phone(NL)"),
        (["0612345678", "020 1234567"], {"mail": ["a@firma.nl"]}, "phone(NL)"),
        (["(212) 555-1234", "212-555-1235"], {}, "phone(US)"),
        (["0612345678", "0470 12 34 56"], {"land": ["Nederland", "Belgique"]}, "phone(@land)"),
    ],
)
def test_regions_of_phone_numbers(cells: Sequence[str], others: dict[str, Sequence[str]], written: str) -> None:
    found = one("phone", repeated(*cells), **others)
    assert (found.attribute.name, found.identifier, str(found.format)) == ("phone", False, written)


@pytest.mark.parametrize(
    ("cells", "others", "written"),
    [
        (("06 12 34 56 78", "01 42 34 56 78"), ("Prénom", "Ville"), "phone(FR)"),
        (("06 12345678", "020 123 4567"), ("Voornaam", "Woonplaats"), "phone(NL)"),
        (("0532 123 45 67", "0212 123 45 67"), ("Soyadı", "Şehir"), "phone(TR)"),
        (("912 345 678", "21 123 4567"), ("Sobrenome", "Cidade"), "phone(PT)"),
    ],
)
def test_the_language_of_the_names_shows_a_region(cells: Sequence[str], others: tuple[str, str], written: str) -> None:
    """Where no country, no country code and no domain does."""
    rows = repeated(*cells)
    assert one("tel", rows, **dict.fromkeys(("First name", "Town"), IDS)).confidence < 0.9
    found = one("tel", rows, **dict.fromkeys(others, IDS))
    assert str(found.format) == written
    assert found.confidence >= 0.9
    assert "the column names are in " in found.evidence[-1]


def test_two_regions_of_one_language_stay_a_question() -> None:
    found = one("tel", repeated("912 345 678"), Nombre=IDS, Apellidos=IDS)
    assert found.confidence < 0.9
    assert any(each.startswith("could also be phone(") for each in found.against)


def test_a_region_where_nobody_speaks_the_language_is_a_question() -> None:
    found = one("tel", repeated("(11) 91234-5678", "(21) 2123-4567"), Nazwisko=IDS, Miasto=IDS)
    assert str(found.format) == "phone(BR)"
    assert found.confidence < 0.9
    assert found.against[-1] == "the column names are in Polish, which is not a language of BR: check"


def test_a_region_that_is_one_of_several_in_the_file_is_not_sure() -> None:
    """06 12 34 56 78 is a number of France and of the Netherlands."""
    found = one("phone", repeated("+31612345678", "+33612345678", "0612345678"))
    assert found.confidence < SUGGESTED_CONFIDENCE
    assert any("could also be phone(" in each for each in found.against)
    assert found.on_misfit is OnMisfit.DROP


def test_words_for_blank_are_found() -> None:
    found = one("points", [*repeated("10", "20"), "n/a", "NULL", "-"])
    assert set(found.blanks) == {"n/a", "NULL", "-"}
    assert str(found.format) == "decimal"
    assert not found.against


def test_a_country_may_be_called_na() -> None:
    assert one("country", repeated("NA", "ZA", "DE")).blanks == ()


def test_two_columns_for_one_attribute_are_left_to_a_person() -> None:
    suggested = suggest(mail=EMAILS, e_mailadres=[f"x{each}" for each in EMAILS])
    assert [each.tied_with for each in suggested.columns] == [("e_mailadres",), ("mail",)]
    assert max(each.confidence for each in suggested.columns) <= 0.5


@pytest.mark.parametrize(("filled", "is_clear"), [(15, True), (16, False)])
def test_the_column_with_far_more_cells_gets_the_attribute_and_the_other_a_new_one(filled: int, is_clear: bool) -> None:
    few = [f"x{each}" if at < filled else "" for at, each in enumerate(EMAILS[:30])]
    mail, other = suggest(mail=EMAILS[:30], e_mailadres=few).columns
    assert (mail.tied_with, other.tied_with) == (((), ()) if is_clear else (("e_mailadres",), ("mail",)))
    if is_clear:
        assert (mail.attribute.name, other.attribute.name) == ("email", "e_mailadres")
        assert other.evidence[-1] == "mail has more cells and feeds email"
        assert (str(other.format), other.pii, other.identifier) == ("email", True, False)


def test_a_name_that_is_only_similar_to_a_known_one_speaks_against_the_column() -> None:
    found = one("Woonplats", repeated("Utrecht", "Gouda"))
    assert (found.attribute.name, found.confidence < 0.9) == ("city", True)
    assert found.against == ("its name is not known, only similar to one that is",)
    assert one("Località", repeated("Como", "Varese")).confidence >= 0.9


def test_a_tied_column_names_only_some_of_a_thousand_others() -> None:
    """All names in all suggestions would make a response of quadratic size."""
    names = [f"{one}_{other}_first_name" for one in sorted(OWNERS) for other in sorted(OWNERS)][:1_000]
    suggested = suggest_mapping(Sample(names, [repeated("Ann", "Bo")] * len(names), complete=True), BUILTIN)
    assert {len(each.tied_with) for each in suggested.columns} == {MAX_TIED}
    assert suggested.columns[3].tied_with[:4] == (*names[:3], names[4])
    assert max(len(reason) for each in suggested.columns for reason in each.against) < 500


def test_the_clearly_better_column_is_chosen() -> None:
    suggested = suggest(work_email=EMAILS, email=EMAILS, id=IDS, customer_id=IDS)
    assert [each.attribute.name for each in suggested.columns] == ["work_email", "email", "id", "crmid"]
    assert not any(each.tied_with for each in suggested.columns)
    assert suggested.columns[0].pii
    assert str(suggested.columns[0].format) == "email"


def test_new_attributes_have_names_of_their_own() -> None:
    suggested = suggest(Size=IDS, size=IDS, SIZE=IDS)
    assert [each.attribute.name for each in suggested.columns] == ["size", "size_2", "size_3"]


def test_a_faulty_email_does_not_cost_its_row_when_another_column_identifies() -> None:
    faulty = [*EMAILS[:180], *["none"] * 20]
    mistyped = [*EMAILS[:180], *[f"p{number} at gmail" for number in range(20)]]
    emails = {each.column: each for each in suggest(customer_id=IDS, email=mistyped).columns}
    assert not emails["email"].identifier
    assert emails["email"].on_misfit is OnMisfit.DROP
    assert one("email", faulty).identifier


def test_one_value_on_many_rows_speaks_against_an_identifier() -> None:
    found = one("customer_id", [*IDS[:150], *["0000"] * 50])
    assert "one value stands in 50 of 200 rows" in found.against


def test_padded_texts_are_trimmed() -> None:
    assert one("customer_id", [f" {each} " for each in IDS]).trim


def test_words_for_yes_and_no_are_no_countries() -> None:
    numbers = [f"6{number * 791 % 100_000_000:08}" for number in range(11, 51)]
    mobiles = [f"{number[:3]} {number[3:6]} {number[6:]}" for number in numbers]
    found = one("Móvil", mobiles, acepta=["Sí", "No"], correo=["a@b.es", "c@d.es"])
    assert str(found.format) == "phone(ES)"


def test_job_titles_are_no_salutations() -> None:
    assert one("title", repeated("Mr", "Mrs", "Dr.")).attribute.name == "salutation"
    assert one("title", repeated("Sales manager", "Owner")).attribute.name == "job_title"


def test_a_blank_column_is_weak() -> None:
    found = one("phone", [""] * 50)
    assert found.confidence < 0.5
    assert found.against == ("no cell has a value in the sample",)


EARLIER = (
    ColumnMapping(column="nr", attribute="crmid", identifier=True),
    ColumnMapping(
        column="born", attribute="birth_date", format=parse_format("date(dd/MM/yyyy)"), policy=WritePolicy.KEEP_FIRST
    ),
    ColumnMapping(column="gone", attribute="city"),
    ColumnMapping(constant="NL", attribute="country"),
)


def test_a_column_is_mapped_as_before() -> None:
    suggested = suggest(EARLIER, nr=IDS[:60], born=repeated("25/04/1990"), extra=IDS[:60])
    nr, born, extra = suggested.columns
    assert (nr.attribute.name, nr.identifier, nr.evidence) == ("crmid", True, ("mapped like this before",))
    assert (born.attribute.name, str(born.format), born.earlier) == ("birth_date", "date(dd/MM/yyyy)", EARLIER[1])
    assert extra.earlier is None
    assert [each.mapping for each in suggested.kept] == [EARLIER[3]]
    assert [(each.column, each.drift) for each in suggested.changes] == [("gone", Drift.GONE), ("extra", Drift.NEW)]


def test_a_part_of_an_address_is_as_sure_as_with_an_owner() -> None:
    assert one("address_city", repeated("Berlin", "Lyon")).confidence >= 0.9


def test_a_name_with_other_words_has_counter_evidence() -> None:
    found = one("city_of_delivery", repeated("Berlin", "Lyon"))
    assert (found.attribute.name, found.against) == ("city", ("other words in its name may mean something else",))
    assert found.confidence < 0.9


def renames(earlier: Sequence[ColumnMapping], **columns: Sequence[str]) -> dict[str, str | None]:
    return {each.column: each.renamed_to for each in suggest(earlier, **columns).changes if each.drift is Drift.GONE}


def test_a_missing_column_became_the_new_one_that_suggests_the_same_attribute() -> None:
    cities = repeated("Berlin", "Utrecht", "Lyon")
    assert renames(EARLIER, extra=IDS[:30], nr=IDS[:30], born=repeated("25/04/1990"), ort=cities) == {"gone": "ort"}


def test_or_the_new_one_in_its_place() -> None:
    earlier = (EARLIER[0], ColumnMapping(column="remark", attribute="remark"), EARLIER[1])
    rows = {"nr": IDS[:30], "born": repeated("25/04/1990")}
    assert renames(earlier, nr=rows["nr"], memo=IDS[:30], born=rows["born"]) == {"remark": "memo"}
    assert renames(earlier, nr=rows["nr"], born=rows["born"], memo=IDS[:30]) == {"remark": None}
    assert renames(earlier, nr=rows["nr"], born=rows["born"]) == {"remark": None}


def test_nothing_is_renamed_in_a_file_without_any_mapped_column() -> None:
    assert renames(EARLIER[:1], Berlin=repeated("Utrecht", "Lyon"), K1=IDS[:30], customer_number=IDS[:30]) == {
        "nr": None
    }


def test_changes_are_those_since_the_last_file_with_its_unmapped_columns() -> None:
    sample = Sample(["nr", "memo", "born"], [IDS[:30], IDS[:30], repeated("25/04/1990")], complete=True)
    last = ["nr", "note", "born", "gone", "place"]
    changes = suggest_mapping(sample, dict(BUILTIN), EARLIER, last).changes
    assert [(each.column, each.drift, each.detail, each.renamed_to) for each in changes] == [
        ("note", Drift.GONE, "it is not mapped; renamed to memo?", "memo"),
        ("gone", Drift.GONE, "it feeds city", None),
        ("place", Drift.GONE, "it is not mapped", None),
        ("memo", Drift.NEW, "it was not in the last file", None),
    ]


def test_a_column_that_the_last_file_had_is_not_new_though_it_is_not_mapped() -> None:
    sample = Sample(["nr", "born", "memo"], [IDS[:30], repeated("25/04/1990"), IDS[:30]], complete=True)
    suggested = suggest_mapping(sample, dict(BUILTIN), EARLIER[:2], ["nr", "born", "memo"])
    assert suggested.changes == []
    again = suggest_mapping(sample, dict(BUILTIN), EARLIER[:3], ["nr", "born", "memo"])
    assert [(each.column, each.drift) for each in again.changes] == [("gone", Drift.GONE)]  # mapped since then


def test_a_changed_notation_is_shown_and_followed() -> None:
    suggested = suggest(EARLIER, nr=IDS[:60], born=repeated("1990-04-25"))
    assert str(suggested.columns[1].format) == "date(yyyy-MM-dd)"
    assert "0 of 30 fit date(dd/MM/yyyy), as mapped before" in suggested.columns[1].against
    assert [each.detail for each in suggested.changes if each.drift is Drift.FORMAT] == [
        "date(dd/MM/yyyy), now date(yyyy-MM-dd)"
    ]


def test_the_region_of_each_row_counts_for_the_format_of_before() -> None:
    numbers = [f"06-{12345678 + at}" if at % 5 else f"06-1{at}" for at in range(60)]
    earlier = [*EARLIER[:1], ColumnMapping(column="tel", attribute="phone", format=parse_format("phone(@Land)"))]
    columns = suggest(earlier, nr=IDS[:60], tel=numbers, Land=["NL"] * 60).columns
    assert str(columns[1].format) == "phone(@Land)"
    assert columns[1].against[0].startswith("12 do not fit")


@pytest.mark.parametrize(("options", "is_list"), [(10, True), (11, False)])
def test_many_options_may_be_surnames_or_towns(options: int, is_list: bool) -> None:
    cells = repeated(*(f"Town{chr(97 + at)}" for at in range(options)), times=20)
    assert (one("nava", cells).format.kind is ValueType.ENUM) is is_list


def test_a_national_number_is_no_year_of_birth() -> None:
    found = one("Fødselsnr", [f"{day:02}0179{day:05}" for day in range(1, 29)] * 3)
    assert (found.attribute.name, found.format.kind, found.pii) == ("fodselsnr", ValueType.TEXT, True)
    assert one("birth year", [str(1950 + at) for at in range(40)]).attribute.name == "birth_year"
    assert one("birth year", [str(10_000 + at) for at in range(40)]).attribute.name != "birth_year"


@pytest.mark.parametrize(
    ("name", "cells", "attribute"),
    [
        ("Pedido", [str(50_700 + at) for at in range(60)], "pedido"),
        ("pedidos", [str(at) for at in range(60)], "order_count"),
        ("Estado", ["Pendiente", "Entregado", "Enviado"] * 20, "estado"),
        ("Estado", ["Jalisco", "Sonora", "Puebla"] * 20, "region"),
        ("Tipo doc", ["CC"] * 60, "tipo_doc"),
        (
            "woher",
            [
                "France",
                "Spain",
                "Italy",
                "Poland",
                "Sweden",
                "Norway",
                "Denmark",
                "Finland",
                "Austria",
                "Belgium",
                "Malta",
                "Peru",
            ],
            "country",
        ),
    ],
)
def test_an_order_is_no_count_and_a_status_no_region(name: str, cells: list[str], attribute: str) -> None:
    assert one(name, cells).attribute.name == attribute


def test_a_number_of_a_document_is_personal() -> None:
    assert one("Número de documento", [str(1_076_165_976 + 7 * at) for at in range(60)]).pii


def test_a_sign_that_stands_twice_is_between_thousands_in_the_whole_file() -> None:
    prices = [f"{at}.500" for at in range(1, 60)] * 2
    assert one("precio", prices).confidence < 0.9
    totals = [f"$ 1.{100 + at}.567" for at in range(1, 60)] * 2
    found = suggest(precio=prices, total=totals).columns[0]
    assert (str(found.format), found.confidence >= 0.9) == ("integer(1.234)", True)


@pytest.mark.parametrize(
    ("large", "small", "written"),
    [
        ("1 234,50", "12,50", "decimal(1 234,56)"),
        ("1\u202f234,50 €", "12,50", "decimal(1 234,56)"),
        ("1.234,50", "12,50", "decimal(1.234,56)"),
        ("1'234.50", "12.50", "decimal(1'234.56)"),
        ("1234,50", "12,50", "decimal(1234,56)"),
        ("1,234.50", "12,50", "decimal(1234,56)"),
    ],
)
def test_small_amounts_are_written_as_the_large_ones_of_the_file(large: str, small: str, written: str) -> None:
    found = suggest(turnover=[large] * 40, discount=[small, small.replace("2", "3")] * 20)
    assert str(found.columns[1].format) == written


def test_a_word_that_repeats_among_codes_is_a_blank_identifier() -> None:
    found = one("crmid", [*IDS, *["sem ficha"] * 5, "Ann", "Ann"])
    assert (found.identifier, found.blanks) == (True, ("sem ficha",))
    assert "5 cells are 'sem ficha', taken as blank" in found.evidence
    assert (
        one("crmid", ["AB", "CD", "AB", *(f"q{chr(97 + at % 26)}{chr(97 + at // 26)}q" for at in range(200))]).blanks
        == ()
    )


@pytest.mark.parametrize(("mark", "blanks"), [("x", ()), ("-", ("-",))])
def test_a_mark_beside_yes_and_no_says_yes_and_is_pointed_out(mark: str, blanks: tuple[str, ...]) -> None:
    found = one("photo_ok", [*repeated("ja", "nein"), *[mark] * 4, *[""] * 20])
    assert found.blanks == blanks
    remark = "4 cells are 'x' beside words for yes and no, taken as yes: check"
    assert (str(found.format), remark in found.against) == (
        ("boolean(ja,x|nein)", True) if mark == "x" else ("boolean(ja|nein)", False)
    )


@pytest.mark.parametrize("answers", [("1", "0"), ("ja", "nein")])
def test_a_single_mark_beside_yes_and_no_does_not_say_yes(answers: tuple[str, str]) -> None:
    found = one("photo_ok", [*repeated(*answers), "x"])
    assert "x" not in found.format.argument.replace("|", ",").split(",")
    assert "1 does not fit and would be left out" in found.against


def test_a_word_that_two_columns_take_as_blank_is_so_in_text() -> None:
    cells = ["sem ficha"] * 6 + [""] * 54
    typed = {name: [*cells, *values] for name, values in (("a", [str(at) for at in range(60)]), ("b", EMAILS[:60]))}
    found = suggest(**typed, note=[*cells, *(f"word {at}" for at in range(60))]).columns[2]
    assert "sem ficha" in found.blanks


@pytest.mark.parametrize("header", ["Sprache", "Korrespondenzsprache", "x"])
def test_a_column_of_languages_is_no_region_of_phones(header: str) -> None:
    phones = [f"079 375 {at:02} 31" for at in range(10, 70)]
    found = suggest(**{header: ["de", "fr", "de"] * 20, "Mobile": phones, "Land": ["CH"] * 60}).columns[1]
    assert str(found.format) == "phone(CH)"


def test_serbian_names_are_found_in_both_alphabets() -> None:
    headers = ["Шифра купца", "Презиме", "Поштански број", "Датум рођења", "Место"]
    cells = [IDS[:60], ["Petrović", "Jović"] * 30, ["11000"] * 60, ["03.04.1980."] * 60, ["Beograd"] * 60]
    found = [each.attribute.name for each in suggest(**dict(zip(headers, cells, strict=True))).columns]
    assert found == ["crmid", "last_name", "postal_code", "birth_date", "city"]
    bulgarian = suggest(Презиме=["Иванов"] * 60, Фамилия=["Петров"] * 60).columns
    assert [each.attribute.name for each in bulgarian][1] == "last_name"


def test_given_names_of_several_words_are_whole_names() -> None:
    assert one("nombre", [f"Luis González {at}x" for at in range(40)]).attribute.name == "full_name"
    assert one("nombre", ["Luis", "Ana María", "José"] * 10).attribute.name == "first_name"


@pytest.mark.parametrize(("late", "sure"), [(60, False), (1, True), (0, True)])
def test_years_of_another_calendar_are_no_dates_without_a_look(late: int, sure: bool) -> None:
    cells = [f"{day:02}/09/{year}" for day in range(1, 29) for year in (2019, 2020, 2021)]
    found = one("expiry", [cell.replace("/20", "/25") for cell in cells[:late]] + cells[late:])
    assert (found.confidence >= 0.9) is sure
    assert any("after 2200" in each for each in found.against) is bool(late)


def test_the_only_identifier_is_doubted_if_its_rows_have_different_names() -> None:
    emails = [*EMAILS, EMAILS[0], EMAILS[1]]
    names = [f"Name{chr(97 + at % 26)}{chr(97 + at // 26)}" for at in range(len(emails))]
    (email, _) = suggest(mail=emails, voornaam=names).columns
    assert email.identifier
    assert email.against == ("2 addresses stand on rows with different voornaam: these people would become one",)
    assert not suggest(mail=emails, voornaam=[*names[:200], *names[:2]]).columns[0].against


def test_options_that_are_written_in_several_ways_get_a_value_map() -> None:
    found = one("grade", [*repeated("gold", "silver"), *repeated("Gold", "GOLD ", "SILVER", times=5)])
    assert str(found.format) == "enum(gold|silver)"
    assert found.values == dict.fromkeys(("GOLD", "Gold"), "gold") | dict.fromkeys(("SILVER", "Silver"), "silver")
    spec = column_spec(found)
    assert resolve_columns([IDENTIFIER, spec], BUILTIN).columns[1].values == found.values
    assert one("grade", repeated("gold", "silver")).values == {}


@pytest.mark.parametrize(
    ("cells", "options"),
    [
        ({"gold": 42, "Gold": 40, "Silver": 60, "silver": 9, "Bronze": 60}, "Bronze|Gold|Silver"),
        ({"Inactive": 42, "inactive": 40, "active": 60, "Active": 9, "blocked": 60}, "active|blocked|inactive"),
        ({"Inactive": 90, "inactive": 40, "active": 60, "blocked": 60}, "Inactive|active|blocked"),
        ({"Gold": 42, "gold": 40, "silver": 42, "Silver": 40}, "Gold|Silver"),
        ({"VIP": 42, "Regular": 60, "regular": 9, "New": 60}, "New|Regular|VIP"),
    ],
)
def test_options_have_their_capitals_in_one_way(cells: dict[str, int], options: str) -> None:
    found = one("grade", [cell for cell, count in cells.items() for _ in range(count)])
    assert str(found.format) == f"enum({options})"
    assert not set(found.values).intersection(options.split("|"))


@pytest.mark.parametrize(
    ("usual", "rare", "is_misspelt"),
    [
        ("Srebrna", "Sreberna", True),
        ("phone order", "pohne order", True),
        ("active", "inactive", False),
        ("Class A", "Class B", False),
        ("Gold", "Golf", False),
        ("Gold", "Glod", True),
        ("Oslo", "Solo", True),
        ("Ann", "Nan", False),
    ],
)
def test_an_option_that_may_be_another_one_misspelt_is_told(usual: str, rare: str, is_misspelt: bool) -> None:
    cells = [*repeated(usual, "other", times=60), *[rare] * 4]
    against = [f"4 are {rare!r}, perhaps {usual!r} misspelt: a value map corrects them"] if is_misspelt else []
    assert list(one("grade", cells).against) == against
    assert not one("grade", [*cells, *[rare] * 40]).against


def test_spellings_of_a_text_attribute_get_a_value_map() -> None:
    found = one("Tier", [*repeated("Gold", "Silver", times=60), *repeated("GOLD", "gold", "silver", times=20)])
    assert (found.attribute.name, str(found.format)) == ("loyalty_tier", "text")
    assert found.values == {"GOLD": "Gold", "gold": "Gold", "silver": "Silver", "SILVER": "Silver"}
    assert found.evidence[-1] == "all 180 are one of 2 options, some of them written in several ways"
    assert found.confidence >= 0.9


def test_misspelt_options_are_named_beside_several_spellings() -> None:
    cells = [*repeated("Gold", "Bronze", "Platinum", times=60), *repeated("gold", "BRONZE", times=20)]
    found = one("Tier", [*cells, *repeated("Bronz", "bronz", times=3), *repeated("Platinium", "Glod", times=5)])
    assert [each.partition(":")[0] for each in found.against] == [
        "6 are 'Bronz', perhaps 'Bronze' misspelt",
        "5 are 'Platinium', perhaps 'Platinum' misspelt",
        "5 are 'Glod', perhaps 'Gold' misspelt",
    ]
    [plain] = one("Tier", [*repeated("Gold", "Silver", times=60), *["Sliver"] * 4]).against
    assert plain.startswith("4 are 'Sliver', perhaps 'Silver' misspelt")


def test_a_rare_misspelling_keeps_no_spellings_apart() -> None:
    found = one(
        "Tier", [*repeated("Gold", "Silver", times=60), *repeated("GOLD", "silver", times=20), "Glod", "Sliver"]
    )
    assert str(found.format) == "text"
    assert found.values.items() >= {"GOLD": "Gold", "gold": "Gold", "silver": "Silver", "SILVER": "Silver"}.items()
    assert "all 162 are one of 4 options, some of them written in several ways" in found.evidence


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Nº de visitas", ValueType.INTEGER),
        ("No. of stores", ValueType.INTEGER),
        ("Nº de cliente final", ValueType.TEXT),
    ],
)
def test_how_many_there_are_is_no_code(name: str, kind: ValueType) -> None:
    assert one(name, [str(at % 17) for at in range(90)]).format.kind is kind


def test_one_spelling_of_a_text_attribute_needs_no_value_map() -> None:
    assert one("Tier", repeated("Gold", "Silver", times=60)).values == {}
    assert one("City", repeated("Paris", "PARIS", times=60)).values == {}


def test_spellings_of_an_existing_enumeration_are_mapped_to_its_options() -> None:
    tier = Attribute(name="tier", display_name="Tier", format=parse_format("enum(Gold|Silver)"))
    sample = Sample(["tier"], [[*repeated("gold", "SILVER"), "bronze"]], complete=True)
    (found,) = suggest_mapping(sample, {**BUILTIN, "tier": tier}).columns
    assert (found.exists, found.format, found.values) == (True, tier.format, {"gold": "Gold", "SILVER": "Silver"})
    assert found.against == ("1 does not fit and would be left out",)


@pytest.mark.parametrize(("name", "cells"), [("notes", ["ok", "first line\nsecond"]), ("opmerking", ["ok", "late"])])
def test_free_text_and_personal_values_are_no_enumeration(name: str, cells: list[str]) -> None:
    """Options are stored in the mapping, in the clear."""
    assert one(name, repeated(*cells, times=50)).format.kind is ValueType.TEXT


def test_an_attribute_with_other_values_gets_no_column() -> None:
    known = {**BUILTIN, "grade": Attribute(name="grade", display_name="Grade", format=ValueFormat(ValueType.INTEGER))}
    sample = Sample(["grade"], [repeated("gold", "silver")], complete=True)
    (found,) = suggest_mapping(sample, known).columns
    assert not found.exists
    assert found.attribute.name == "grade_enum"


@pytest.mark.parametrize("mapped_before", [False, True])
def test_the_work_grows_with_the_columns_and_not_with_their_square(mapped_before: bool) -> None:
    def seconds(columns: int) -> float:
        names = [f"measure{number}x" for number in range(columns)]
        sample = Sample([*names, "id"], [[str(number) for number in range(40)]] * (columns + 1), complete=True)
        gone = [ColumnMapping(column=f"gone{number}y", attribute="city") for number in range(columns)]
        earlier = [ColumnMapping(column="id", attribute="crmid", identifier=True), *gone]
        began = time.process_time()
        suggest_mapping(sample, BUILTIN, earlier if mapped_before else ())
        return time.process_time() - began

    seconds(10)
    assert seconds(2_000) < 30 * seconds(200)


def test_words_for_yes_and_no_of_several_languages_are_one_format() -> None:
    cells = repeated("Yes", "Y", "TRUE", "Ja", "opted in", "1", "No", "N", "FALSE", "Nej", "Opted out", "0")
    (found,) = suggest(deal=cells).columns
    assert str(found.format) == ("boolean(yes,y,true,1,ja,opted in|no,n,false,0,nej,opted out)")
    assert found.evidence[0] == f"all {len(cells)} say yes or no"


def test_amounts_under_a_name_near_a_greeting_are_numbers() -> None:
    (found,) = suggest(Saldo=repeated("1.234,56 €", "-12,50 €", "0,00 €")).columns
    assert (found.attribute.name, str(found.format)) == ("saldo", "decimal(1.234,56)")


@pytest.mark.parametrize(
    ("name", "cells", "blank"),
    [
        ("end", ["01.02.2027", "31.12.2024", "31.12.9999"], "31.12.9999"),
        ("born", ["1980-02-01", "1990-12-31", "1900-01-01"], "1900-01-01"),
        ("born", ["1980-02-01 00:00:00", "1990-12-31 00:00:00", "1900-01-01 00:00:00"], "1900-01-01 00:00:00"),
        ("mail", ["a@gmail.com", "b@gmail.com", "NoEmail@noemail.com"], "NoEmail@noemail.com"),
    ],
)
def test_placeholders_of_dates_and_addresses_are_blank(name: str, cells: list[str], blank: str) -> None:
    (found,) = suggest(**{name: repeated(*cells)}).columns
    assert blank in found.blanks


@pytest.mark.parametrize(
    ("cells", "format", "evidence"),
    [
        (["12 %", "5%", "100%"], "integer(12%)", "all 90 are whole numbers, in per cent"),
        (["12,5 %", "5%", "100%"], "decimal(1234,56%)", "all 90 are numbers, in per cent"),
        (["12.5", "5%", "100 %"], "decimal(1234.56%)", "all 90 are numbers, in per cent"),
        (["12.5", "5", "100"], "decimal", "all 90 are numbers"),
    ],
)
def test_percentages_are_numbers(cells: list[str], format: str, evidence: str) -> None:
    (found,) = suggest(rebate=repeated(*cells)).columns
    assert str(found.format) == format
    assert evidence in found.evidence


@pytest.mark.parametrize(
    ("name", "format", "years"),
    [
        ("Geb.-Datum", "date(dd.MM.yy[1927])", "1927 to 2026"),
        ("ddn", "date(dd.MM.yy[1927])", "1927 to 2026"),
        ("Birthday of partner", "date(dd.MM.yy[1927])", "1927 to 2026"),
        ("Vertragsbeginn", "date(dd.MM.yy)", "1947 to 2046"),
    ],
)
def test_nobody_is_born_in_the_future(name: str, format: str, years: str) -> None:
    cells = [f"{number % 19 + 10}.{number % 3 + 10}.{(number * 7 + 30) % 100:02}" for number in range(60)]
    (found,) = suggest(**{name: cells}).columns
    assert str(found.format) == format
    assert f"years of two digits are read as {years}" in found.against


@pytest.mark.parametrize(
    ("short", "format", "against"),
    [
        (3, "date(dd/MM/yyyy)", "3 do not fit and would be left out"),
        (9, "date(dd/MM/yyyy)", "9 do not fit and would be left out"),
        (20, "date(dd/MM/yyyy|dd/MM/yy)", "20 of 200 cells have years of two digits, read as 1947 to 2046"),
        (120, "date(dd/MM/yy|dd/MM/yyyy)", "years of two digits are read as 1947 to 2046"),
    ],
)
def test_the_century_of_a_few_years_of_two_digits_is_not_guessed(short: int, format: str, against: str) -> None:
    days = [f"{number % 18 + 11}/{number % 3 + 10}/" for number in range(200)]
    years = ["24" if number < short else "2024" for number in range(200)]
    (found,) = suggest(since=[f"{day}{year}" for day, year in zip(days, years, strict=True)]).columns
    assert sorted(found.format.argument.split("|")) == sorted(parse_format(format).argument.split("|"))
    assert found.against == (against,)


@pytest.mark.parametrize("name", ["Telefon kom.", "Tel. komórkowy", "Drugi telefon", "Telefon służbowy", "Telefon 2"])
def test_a_second_column_of_phones_is_no_column_of_numbers(name: str) -> None:
    numbers = [f"661 {number:03} 961" for number in range(100, 200)]
    found = one(name, numbers, Telefon=[f"+48 22 6{number:02} 14 73" for number in range(10, 60)], Miasto=["Sopot"])
    assert (str(found.format), found.pii) == ("phone(PL)", True)
    assert found.confidence >= 0.9


HEADERS = {
    "顧客コード": [f"{number * 37 + 1203:08}" for number in range(100)],
    "氏名": ["中村 直樹", "伊藤 愛"] * 50,
    "生年月日": ["1980/11/16", "1980年4月5日"] * 50,
    "電話番号": [f"045-7{number:02}-1406" for number in range(100)],
    "携帯電話": [f"０９０－３０１２－６７{number:02}" for number in range(100)],
    "メルマガ希望": ["はい", "いいえ", "なし", "はい"] * 25,
    "購入金額": ["98", "907", "536", *(f"{number},400" for number in range(1, 98))],
    "備考": ["", "夜に電話"] * 50,
    "趣味": ["釣り", ""] * 50,
}


def test_a_japanese_file() -> None:
    found = suggest(**HEADERS).columns
    assert [(each.attribute.name, str(each.format), each.pii) for each in found] == [
        ("crmid", "text", False),
        ("full_name", "text", True),
        ("birth_date", "date(yyyy/MM/dd|yyyy年M月d日)", True),
        ("phone", "phone(JP)", True),
        ("mobile", "phone(JP)", True),
        ("email_opt_in", "boolean(はい|いいえ)", False),
        ("column_7", "integer(1,234)", False),
        ("column_8", "text", True),
        ("column_9", "text", True),
    ]
    assert min(each.confidence for each in found) >= 0.9
    assert [each.attribute.display_name for each in found[6:]] == ["購入金額", "備考", "趣味"]
    assert UNREAD in found[8].evidence
    assert UNREAD not in found[7].evidence


@pytest.mark.parametrize(
    ("headers", "names", "region"),
    [
        (["Номер клиента", "Фамилия", "Дата рождения", "Телефон"], ["crmid", "last_name", "birth_date", "phone"], "RU"),
        (
            ["Код клієнта", "Прізвище", "Дата народження", "Мобільний"],
            ["crmid", "last_name", "birth_date", "mobile"],
            "UA",
        ),
        (
            ["Κωδικός πελάτη", "Επώνυμο", "Ημ. γέννησης", "Τηλέφωνο"],
            ["crmid", "last_name", "birth_date", "phone"],
            "GR",
        ),
        (["고객번호", "이름", "생년월일", "휴대폰"], ["crmid", "full_name", "birth_date", "mobile"], "KR"),
        (["رقم العميل", "الاسم", "تاريخ الميلاد", "الجوال"], ["crmid", "full_name", "birth_date", "mobile"], "SA"),
        (["מספר לקוח", "שם משפחה", "תאריך לידה", "נייד"], ["crmid", "last_name", "birth_date", "mobile"], "IL"),
        (["客户编号", "姓名", "出生日期", "手机号"], ["crmid", "full_name", "birth_date", "mobile"], "CN"),
    ],
)
def test_headers_in_other_scripts(headers: list[str], names: list[str], region: str) -> None:
    number = {
        "RU": "8 (495) 123-45-{:02}",
        "UA": "050 123 45 {:02}",
        "GR": "210 12345{:02}",
        "KR": "010-2345-67{:02}",
        "SA": "05012345{:02}",
        "IL": "050-23456{:02}",
    }
    phones = [number.get(region, "138 0013 80{:02}").format(at) for at in range(100)]
    cells = [HEADERS["顧客コード"], ["A", "B"] * 50, ["1980-11-16"] * 100, phones]
    found = suggest(**dict(zip(headers, cells, strict=True))).columns
    assert [each.attribute.name for each in found] == names
    assert str(found[3].format) == f"phone({region})"


@pytest.mark.parametrize(
    ("cells", "sure"),
    [
        (["1.234", "17", "999", "3", *(f"{number}.400" for number in range(1, 40))], True),
        ([f"{number}.{number + 100}.400" for number in range(1, 800, 11)], True),
        ([f"{number}.400" for number in range(1, 40)], False),
        (["1.234", "17", "999", "3", "1400", *(f"{number}.400" for number in range(1, 40))], False),
    ],
)
def test_numbers_whose_small_values_have_no_separator_are_grouped(cells: list[str], *, sure: bool) -> None:
    found = one("amount", cells, crmid=IDS)
    assert str(found.format) == "integer(1.234)"
    assert (found.confidence >= SUGGESTED_CONFIDENCE) is sure


@pytest.mark.parametrize(
    ("column", "cells", "format"),
    [
        ("klant", ["Ja", "nee", "Ja"], "boolean(ja|nee)"),
        ("firma", ["X", "", ""], "boolean(x|no)"),
        ("kunde", ["inaktiv", "aktiv", "aktiv"], "enum(aktiv|inaktiv)"),
    ],
)
def test_answers_and_options_are_no_names(column: str, cells: list[str], format: str) -> None:
    names = [f"Jan Smit{number}" for number in range(90)]
    found = one(column, cells * 30, Naam=names)
    assert (found.attribute.name, str(found.format)) == (column, format)
    assert one("Naam", names, **{column: cells * 30}).attribute.name == "full_name"


def test_a_column_of_yes_and_no_is_no_country() -> None:
    answers = ["Sí", "No", "NO", "si", "N/A", "S/D"] * 20
    found = one(
        "Teléfono",
        [f"55 {number:04} 1234" for number in range(2000, 2120)],
        Acepta_publicidad=answers,
        Ciudad=["Puebla"],
    )
    assert "@" not in str(found.format)


@pytest.mark.parametrize(
    ("cells", "written"),
    [
        (repeated("1980.11.16.", "2001.02.03."), "date(yyyy.MM.dd.)"),
        (repeated("1980. 11. 16.", "2001. 02. 28.", "1980-11-16"), "date(yyyy. MM. dd.|yyyy-MM-dd)"),
        (repeated("16.11.1980.", "03.02.2001."), "date(dd.MM.yyyy.)"),
        (repeated("2023年4月5日 14:30"), "datetime(yyyy年M月d日 H:mm)"),
    ],
)
def test_dates_with_a_sign_after_the_day(cells: list[str], written: str) -> None:
    found = one("szuletesi_datum" if "date(" in written[:5] else "when", cells, crmid=IDS)
    assert str(found.format).replace("HH", "H") == written
    assert found.confidence >= 0.9


@pytest.mark.parametrize(
    ("cells", "written"),
    [
        ([f"₹ {number},23,456.50" for number in range(1, 90)], "decimal(12,34,567.89)"),
        ([f"{number},23,456" for number in range(1, 90)], "integer(12,34,567)"),
    ],
)
def test_amounts_in_lakhs(cells: list[str], written: str) -> None:
    found = one("Outstanding Amount", cells, crmid=IDS)
    assert (str(found.format), found.confidence >= 0.9) == (written, True)


def test_the_second_of_numbered_columns_is_new() -> None:
    numbers = [f"06 30 {number} 4567" for number in range(200, 300)]
    first, second, *_ = suggest(Telefon=numbers, Telefon_2=numbers[::-1], Név=["A"] * 100, Város=["Pécs"] * 100).columns
    assert (first.attribute.name, second.attribute.name) == ("phone", "telefon_2")
    assert (str(second.format), second.tied_with) == (str(first.format), ())


def test_an_identifier_of_several_rows_each_says_which_row_counts() -> None:
    found = one("card number", repeated("C1", "C2", "C3"), stad=["Ghent", "Aalst"])
    assert any("3 people have several rows that differ: the later line wins" in each for each in found.against)


def test_columns_that_the_last_file_had_and_the_mapping_has_not_were_left_out() -> None:
    earlier = [ColumnMapping(column="crmid", attribute="crmid", identifier=True)]
    sample = Sample(["crmid", "e_mail", "city"], [IDS, EMAILS, ["Ghent"] * 200], complete=True)
    found = suggest_mapping(sample, BUILTIN, earlier, ["crmid", "e_mail"]).columns
    assert [each.was_left_out for each in found] == [False, True, False]
    assert not any(each.was_left_out for each in suggest_mapping(sample, BUILTIN, [], ["crmid", "e_mail"]).columns)


def test_a_column_of_an_import_that_does_not_count_was_not_left_out() -> None:
    """The last file had it, with another mapping than the one that counts."""
    earlier = [ColumnMapping(column="crmid", attribute="crmid", identifier=True)]
    sample = Sample(["crmid", "e_mail", "city"], [IDS, EMAILS, ["Ghent"] * 200], complete=True)
    found = suggest_mapping(sample, BUILTIN, earlier, ["crmid", "e_mail", "city"], ["city"]).columns
    assert [each.was_left_out for each in found] == [False, False, True]


def test_cells_that_name_no_country_are_not_counted_as_ones() -> None:
    found = one("Land", [*["Deutschland"] * 60, *["Schweiz"] * 30, "Doitschland"], crmid=IDS)
    assert "90 of 91 name a country" in found.evidence


@pytest.mark.parametrize("start", [10_120_026, 20_012_238, 10_010_231, 12_050_000])
def test_running_numbers_of_eight_digits_are_no_dates(start: int) -> None:
    numbers = [str(start + number) for number in range(200)]
    assert one("Contract", numbers, crmid=IDS).format.kind not in (ValueType.DATE, ValueType.DATETIME)
    found = one("Customer ID", numbers, city=["Ghent"])
    assert (found.attribute.name, found.identifier, found.confidence >= 0.9) == ("crmid", True, True)


def test_a_file_without_columns_has_lost_those_of_the_last_one() -> None:
    """Such as a workbook, which is no text."""
    found = suggest_mapping(Sample([], [], complete=True), dict(BUILTIN), (), ["crmid", "email"])
    assert [(each.column, each.drift) for each in found.changes] == [("crmid", Drift.GONE), ("email", Drift.GONE)]


@pytest.mark.parametrize(
    "name", ["Phone Consent", "Telefon Einwilligung", "call consent", "phone_optin", "Tel_toestemming"]
)
@pytest.mark.parametrize("cells", [repeated("Yes", "No"), repeated("ja", "nein"), repeated("1", "0", times=5)])
def test_a_consent_to_calls_is_none_to_text_messages(name: str, cells: list[str]) -> None:
    found = one(name, cells, crmid=IDS)
    assert (found.exists, found.format.kind, found.pii) == (False, ValueType.BOOLEAN, False)
    assert found.confidence >= 0.9


def test_a_consent_to_text_messages_is_one() -> None:
    assert one("SMS consent", repeated("Yes", "No"), crmid=IDS).attribute.name == "sms_opt_in"


def test_a_faulty_address_rejects_no_row_that_a_number_identifies() -> None:
    faulty = [*EMAILS[:198], "ann@", "bo at home"]
    email = one("mail", faulty, crmid=IDS)
    assert (email.attribute.name, email.identifier, email.on_misfit) == ("email", False, OnMisfit.DROP)
    assert "not an identifier, because rows with a faulty address would be rejected" in email.against
    assert "2 do not fit and would be left out" in email.against


def test_an_address_identifies_where_all_are_fine_or_a_row_has_no_number() -> None:
    faulty = [*EMAILS[:199], "ann@"]
    assert one("mail", EMAILS, crmid=IDS).identifier
    assert one("mail", faulty).identifier
    assert one("mail", faulty, crmid=["", *IDS[1:]]).identifier


def test_a_space_between_thousands_is_no_decimal_sign() -> None:
    numbers = {sign: ["1{0}234", "4{0}764", "9{0}204"] for sign in (" ", ".")}
    columns = [[cell.format(sign) for cell in cells] * 20 for sign, cells in numbers.items()]
    spaced, dotted = suggest_mapping(Sample(("liczba", "ile"), columns, complete=True), BUILTIN).columns
    assert (str(spaced.format), spaced.against) == ("integer(1 234)", ())
    assert any("decimals with three digits" in each for each in dotted.against)
