"""What a single cell may cost, whatever is in it: an attacker's cell must not hold the interpreter."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from penstock.domain.mapping.attributes import parse_format
from penstock.domain.mapping.coercion import coercer
from penstock.domain.mapping.coercion.paired_phones import PairedPhoneCoercer
from penstock.domain.mapping.mapping import Limits
from penstock.domain.profiles.identity import NodeHasher, normalise
from tests.support.adversarial import cells
from tests.support.cost import MOST_SECONDS_OF_A_CELL, seconds

FORMATS = (
    *("text", "integer", "decimal", "boolean", "email", "url", "enum(gold|silver)"),
    *("date", "date(d.M.yyyy)", "date(d/M/yyyy)", "date(yyyy''''MMdd)", "date(M 'of' yyyy 'on' d)"),
    *("date(iso8601)", "datetime(iso8601|d.M.yyyy)", "datetime(epoch_second)", "datetime(epoch_millis)"),
    *("datetime", "datetime(yyyyMMdd HH)", "datetime(d.M.yyyy HH:mm:ss.SSSXXX)"),
    *("date(dd/MM/yyyy|yyyy-MM-dd|d MMM yy[fr])", "date(MMMM d, yyyy)", "datetime(M/d/yyyy h:mm:ss a|d.M.yyyy H:mm)"),
    *(
        "decimal(1.234,56)",
        "decimal(1 234,56)",
        "decimal(12,34,567.89)",
        "decimal(1234.56)",
        "integer(1'234)",
        "decimal(12,5%)",
        "decimal(1,234.56|1.234,56|1 234,56|12,5%)",
    ),
    *("boolean(ja,j|nee,n)", "boolean(sí|no)", "phone(@country|NL)"),
    *("phone", "phone(NL)", "phone(US)", "phone(DE)", "phone(BR)", "phone(AR)", "phone(MX)", "phone(GB)", "phone(IT)"),
)
LONGEST = Limits().cell_bytes
SIZES = (LONGEST, 2_048, 1_024, 255, 250, 64)  # the largest cell that there can be, and what limits let through


def costly(work: Callable[[str], object], size: int, most: float = MOST_SECONDS_OF_A_CELL) -> list[tuple[str, int]]:
    """The adversarial cells of `size` bytes that cost too much: how they begin, and milliseconds."""
    taken = [(cell, seconds(lambda cell=cell: work(cell), most)) for cell in cells(size)]  # type: ignore[misc]
    return [(cell[:20] + cell[-5:], round(took * 1_000)) for cell, took in taken if took >= most]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("written", FORMATS)
def test_no_cell_costs_much(written: str, size: int) -> None:
    reading = coercer(parse_format(written))
    reading.coerce_column(["+31201234567", "0201234567"])  # a country's first number compiles its plan
    assert costly(reading.coerce_cell, size) == []
    assert costly(lambda cell: reading.coerce_column([cell]), size) == []


@pytest.mark.parametrize("size", SIZES)
def test_no_pair_of_cells_costs_much(size: int) -> None:
    """Of a number and its country, each of them adversarial."""
    reading = coercer(parse_format("phone(@country|NL)"))
    assert isinstance(reading, PairedPhoneCoercer)
    reading.coerce_pairs(["0201234567"], ["NL"])  # a country's first number compiles its plan
    assert costly(lambda cell: reading.coerce_pairs([cell], ["NL"]), size) == []
    assert costly(lambda cell: reading.coerce_pairs(["0201234567"], [cell]), size) == []


@pytest.mark.parametrize("written", ["text", "email"])
def test_no_identifier_costs_much(written: str) -> None:
    """Marks that have to be put in order are linear work, of 9 ms for the largest cell on a slow machine."""
    format, most = parse_format(written), 3 * MOST_SECONDS_OF_A_CELL
    hasher = NodeHasher("crmid", bytes(32))
    assert costly(lambda cell: normalise(cell, format), LONGEST, most) == []
    assert costly(lambda cell: hasher.column([cell], format), LONGEST, most) == []
