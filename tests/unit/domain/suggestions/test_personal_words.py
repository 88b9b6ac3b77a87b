"""The names of columns that say that their values are personal."""

from __future__ import annotations

import pytest

from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.suggestions import Sample, suggest_mapping
from penstock.domain.suggestions.personal_words import is_about_contact, is_national_number, is_personal


@pytest.mark.parametrize(
    "column",
    [
        *("emergency_contact_phone", "Opmerkingen", "Ulica_i_nr_mieszkania", "credit_card", "CreditScore", "Comments"),
        *("Anteckning", "Bemerkung", "Notiz", "opmerking", "remarque", "observaciones", "uwagi", "notas", "note"),
        *("Bemærkning", "merknad", "Huomautus", "Açıklama", "poznámka", "megjegyzés"),
        *("Observații", "Забележка", "หมายเหตุ", "บันทึก", "Napomena", "Ghi chú", "Catatan", "Opomba"),
    ],
)
def test_a_personal_name(column: str) -> None:
    assert is_personal(column)
    assert not is_national_number(column)


@pytest.mark.parametrize(
    "column",
    [
        *("Personnummer", "personal_number", "SSN", "SocialSecurityNumber", "BSN", "PESEL", "CPF", "T.C. Kimlik No"),
        *("TC Kimlik", "CodiceFiscale", "DNI", "NIF", "NIE", "NINO", "Steuer-ID", "CNP", "Fødselsnummer", "CPR-nr."),
        *("เลขบัตรประชาชน", "เลขประจำตัวประชาชน", "ЕГН", "Лична карта", "Broj putovnice", "JMBG", "EMŠO", "Số CCCD"),
        *("Hộ chiếu", "No. KTP", "NIK", "رقم الهوية", 'ת"ז', "ΑΜΚΑ", "Fødselsnr.", "Carte de identitate"),
        *("henkilötunnus", "Rodné číslo", "Passport no", "Nº de Seguridad Social", "Numéro de sécurité sociale"),
    ],
)
def test_a_national_number_is_personal(column: str) -> None:
    assert is_national_number(column)
    assert is_personal(column)
    assert not is_about_contact(column)


@pytest.mark.parametrize(
    "column",
    [
        *("shoe_size", "stats.credit", "credits", "Personalnummer", "identity_provider", "no_tc", "national_team"),
        *("บ", "เลขที่ใบเสร็จ", "บริษัท", "ยอดซื้อ", "град"),
    ],
)
def test_a_name_that_says_nothing_personal(column: str) -> None:
    assert not is_personal(column)


@pytest.mark.parametrize("shape", ["{:011}", "9{:010}", "{:06}-{:04}"])
def test_a_national_number_stays_text(shape: str) -> None:
    """As a whole number it would lose its zeros at the beginning, as a phone number half of its rows."""
    cells = [shape.format(number * 37 + 900_101, number) for number in range(200)]
    columns = {"id": [f"C{number:05}" for number in range(200)], "CPR": cells}
    found = suggest_mapping(Sample(list(columns), list(columns.values()), complete=True), BUILTIN).columns[1]
    assert (str(found.format), found.pii, found.identifier) == ("text", True, False)


def test_repeated_notes_are_personal_text() -> None:
    cells = ["wants a call", "moved"] * 60
    found = suggest_mapping(Sample(["Anteckning"], [cells], complete=True), BUILTIN).columns[0]
    assert (str(found.format), found.pii) == ("text", True)
