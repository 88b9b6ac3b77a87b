"""Junk is found in every spelling, and nothing that a system gives to a person is junk."""

from __future__ import annotations

import pytest

from penstock.domain.mapping.attributes import ValueFormat, ValueType
from penstock.domain.mapping.coercion import coercer
from penstock.domain.profiles import junk_identifiers
from penstock.domain.profiles.identity import NodeHasher
from penstock.domain.profiles.junk_identifiers import MAX_KNOWN, JunkFinder


def junk_among(kind: ValueType, cells: list[str]) -> list[str]:
    format = ValueFormat(kind)
    hasher = NodeHasher("id", b"key")
    values, errors = coercer(format).coerce_column(cells)
    assert errors == {}
    return [cells[at] for at in JunkFinder(format, hasher).places(values, hasher.column(values, format))]


@pytest.mark.parametrize(
    ("kind", "junk", "real"),
    [
        (
            ValueType.TEXT,
            [
                "0",
                "0000",
                " 0000 ",
                "\u200b\ufeff",
                "N/A",
                "Unknown",
                "none@none.com",
                "TOTAL",
                "Total geral:",
                "合計",
                "Moyenne",
                "PRŮMĚR:",
                "平均",
            ],
            ["", "C1", "00001", "1234", "1111", "TOTAL-1"],
        ),
        (ValueType.INTEGER, ["0", "000", "1234567890"], ["", "1", "1234"]),
        (
            ValueType.EMAIL,
            ["none@none.com", "Test@Test.com", "noemail@noemail.com", "Geen@geen.nl", "x@x.nl", "test@test.co.uk"],
            ["", "anna@none.com", "test@ing.nl", "jan@jan.nl", "info@info.de", "x@ing.nl"],
        ),
        (ValueType.PHONE, ["+31 6 11111111"], ["", "+31612345678", "+31 20 777 7777"]),
    ],
)
def test_junk_is_found_and_nothing_else(kind: ValueType, junk: list[str], real: list[str]) -> None:
    assert junk_among(kind, junk + real) == junk


def test_junk_is_found_under_every_key_and_namespace_in_bounded_memory() -> None:
    format = ValueFormat(ValueType.TEXT)
    for key in (b"one", b"two"):
        for number in range(MAX_KNOWN):
            hasher = NodeHasher(f"namespace {number}", key)
            nodes = hasher.column(["unknown", "C1"], format)
            assert JunkFinder(format, hasher).places(["unknown", "C1"], nodes) == [0]
    assert len(junk_identifiers._KNOWN) <= MAX_KNOWN


@pytest.mark.parametrize("total", ["Celkem: 480 zákazníků", "TOTAL (520)", "Summe: 450 Kunden", "celkem 480"])
def test_a_total_with_a_count_is_junk_in_the_last_row_only(total: str) -> None:
    assert junk_among(ValueType.TEXT, ["C1", "0000", total]) == ["0000", total]
    assert junk_among(ValueType.TEXT, [total, "C1"]) == []


def test_a_last_row_that_only_begins_like_a_total_is_somebody() -> None:
    for code in ("TOTAL-1", "Summerland 4", "Sumac"):
        assert junk_among(ValueType.TEXT, ["C1", code]) == []
