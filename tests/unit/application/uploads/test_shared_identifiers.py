"""Identifiers whose values stand on rows of different people, and what the warning offers."""

from __future__ import annotations

import re

import msgspec

from penstock.application.catalog.column_specs import ColumnSpec
from penstock.application.uploads.shared_identifiers import shared_identifiers, simplest_way_out
from penstock.domain.errors import Fault
from penstock.domain.mapping.builtin_attributes import BUILTIN
from penstock.domain.mapping.mapping import ColumnMapping
from penstock.domain.suggestions import Sample
from services.cli.column_options import parse_column_options

NAMES = ("Nr", "Imię", "Nazwisko", "E_mail")
ROWS = [
    ("PL1", "Anna", "Nowak", "para1@wp.pl"),
    ("PL2", "Jan", "Nowak", "para1@wp.pl"),
    ("PL3", "Ewa", "Mazur", "ewa@wp.pl"),
    ("PL4", "Ewa", "Wójcik", "brak@brak.pl"),
    ("PL5", "Jan", "Zieliński", "brak@brak.pl"),
    ("PL6", "Jan", "Lis", "nie wiem"),
    ("PL7", "Ewa", "Kos", "nie wiem"),
    ("PL8", "Adam", "Kos", "-"),
]
NUMBER = ColumnMapping(column="Nr", attribute="crmid", identifier=True)
GIVEN = ColumnMapping(column="Imię", attribute="first_name")
FAMILY = ColumnMapping(column="Nazwisko", attribute="last_name")
MAIL = ColumnMapping(column="E_mail", attribute="email", identifier=True)


def warnings(*columns: ColumnMapping, rows: list[tuple[str, ...]] = ROWS) -> list[Fault]:
    sample = Sample(NAMES, [list(column) for column in zip(*rows, strict=True)], complete=True)
    key = msgspec.structs.replace(BUILTIN["first_name"], name="key")
    return shared_identifiers(columns, [{**BUILTIN, "key": key}[each.attribute] for each in columns], sample)


def test_other_identifiers_are_compared_with_the_first_in_a_sample_too() -> None:
    for columns in ((NUMBER, GIVEN, MAIL), (MAIL, GIVEN, NUMBER)):
        (warning,) = warnings(*columns)
        assert warning.column == "E_mail"
        assert "rows with different 'Nr' share 1 value of 'E_mail'" in warning.message  # junk and faulty ones are none


def test_the_hint_maps_it_without_identifier_or_joins_the_real_columns() -> None:
    (warning,) = warnings(NUMBER, GIVEN, MAIL)
    written = re.search(r"--map (\S+)\.", simplest_way_out(warning))
    assert written
    (plain,) = parse_column_options([written[1]], ())
    assert (plain.column, plain.attribute, plain.identifier) == ("E_mail", "email", False)
    found = re.search(r"\{.*\}", warning.hint)
    assert found
    joined = msgspec.json.decode(found[0], type=ColumnSpec)
    assert (joined.columns, joined.attribute, joined.identifier) == (("E_mail", "Imię"), "email_first_name", True)
    assert set(joined.blanks) == {"brak@brak.pl", "-"}
    assert "the same 'E_mail' and the same 'Imię' still become one" in warning.hint


def test_the_only_identifier_is_not_just_taken_away() -> None:
    (warning,) = warnings(MAIL, GIVEN)
    assert "let another column identify them" in simplest_way_out(warning)


def test_a_joined_identifier_of_different_people_is_warned_about() -> None:
    joined = ColumnMapping(columns=("Nr", "Imię"), separator="|", attribute="key", identifier=True)
    same = [("PL1", "Anna", "Nowak", "anna@wp.pl"), ("PL1", "Anna", "Lis", "lis@wp.pl")]
    plain = msgspec.structs.replace(MAIL, identifier=False)
    (warning,) = warnings(joined, GIVEN, FAMILY, plain, rows=same)
    assert "rows with different 'Nazwisko' share 1 value of 'Nr+Imię'" in warning.message
    assert "join another column to it" in warning.hint
    junk = [("0000", *row[1:]) for row in same]
    assert warnings(joined, GIVEN, FAMILY, plain, rows=junk) == []  # they have no identifier, so nobody is merged
